import { configDefaults, defineConfig } from "vitest/config";

// Tests run from source: the condition picks each package's `src`, so no build is needed and failures point at real lines.
// Vite resolves what tests import; `execArgv` does the same for what Node resolves itself (require.resolve, child code).
const source = "@switchyard/source";
const conditions = [source, "node"];
const STORM = "test/amqp-faults.test.ts";
interface Shape {
  readonly globalSetup?: string[];
  readonly exclude?: string[];
  readonly retry?: number;
}
const project = (name: string, include: string[], { globalSetup = [], exclude = [], retry = 0 }: Shape = {}) => ({
  extends: true as const,
  test: { name, include, exclude: [...configDefaults.exclude, "**/dist/**", ...exclude], globalSetup, retry },
});

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // A loaded machine is not a failure: nothing here is timed, and what hangs is still found.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: [`--conditions=${source}`],
    projects: [
      project("unit", ["packages/*/src/**/*.test.ts"]),
      // Real brokers on real time: a machine that stalls for seconds gets one more chance where nobody watches.
      project("e2e", ["test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"], {
        globalSetup: ["test/support/rabbit-host.ts"],
        exclude: [STORM],
        retry: process.env["CI"] === undefined ? 0 : 1,
      }),
      // Black holes and heartbeats need the machine for themselves: `npm run faults`.
      project("faults", [STORM]),
    ],
  },
});
