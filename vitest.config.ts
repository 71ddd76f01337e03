import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

// Inherited by every process that a test starts: Node keeps what it has compiled, and starts our services in half the time.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "switchyard-compiled");

// Tests run from source: the condition picks each package's `src`, so no build is needed and failures point at real lines.
// Vite resolves what tests import; `execArgv` does the same for what Node resolves itself (require.resolve, child code).
const source = "@switchyard/source";
const conditions = [source, "node"];
const project = (name: string, include: string[], globalSetup: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude: [...configDefaults.exclude, "**/dist/**"], globalSetup },
});

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // A loaded machine is not a failure: nothing here is timed, and what hangs is still found.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests across packages mostly wait for brokers: on two cores two files more at once cost little and save much.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    execArgv: [`--conditions=${source}`],
    projects: [
      project("unit", ["packages/*/src/**/*.test.ts"]),
      // Real brokers on real time. Nothing is run a second time, here or in CI: a test that fails now and then has a cause.
      project(
        "e2e",
        ["test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
        ["test/support/rabbit-host.ts"],
      ),
    ],
  },
});
