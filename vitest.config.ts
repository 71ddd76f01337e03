import { configDefaults, defineConfig } from "vitest/config";

// Tests run from source: the condition picks each package's `src`, so no build is needed and failures point at real lines.
// Vite resolves what tests import; `execArgv` does the same for what Node resolves itself (require.resolve, child code).
const source = "@switchyard/source";
const conditions = [source, "node"];
interface Shape {
  readonly globalSetup?: string[];
  readonly retry?: number;
}
const project = (name: string, include: string[], { globalSetup = [], retry = 0 }: Shape = {}) => ({
  extends: true as const,
  test: { name, include, exclude: [...configDefaults.exclude, "**/dist/**"], globalSetup, retry },
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
        retry: process.env["CI"] === undefined ? 0 : 1,
      }),
    ],
  },
});
