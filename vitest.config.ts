import { defineConfig } from "vitest/config";

// Tests run from source: the condition picks each package's `src` without a build.
const conditions = ["@switchyard/source"];
const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: { name, include },
});

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      project("unit", ["packages/*/src/**/*.test.ts"]),
      project("e2e", ["test/**/*.test.ts", "examples/**/*.test.ts"]),
    ],
  },
});
