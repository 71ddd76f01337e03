/** The testing half and the contract suite run under the test frameworks people use, from the packages as they are built. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { blocksOf } from "../scripts/document-blocks.ts";
import { run } from "./support/run.ts";

const folder = fileURLToPath(new URL("support/frameworks", import.meta.url));
const jest = createRequire(import.meta.url).resolve("jest/bin/jest");
// The mark of a framework that runs this file is not for the one it starts.
const env = { NODE_TEST_CONTEXT: undefined, VITEST: undefined, JEST_WORKER_ID: undefined };

describe("a user's tests", () => {
  test("run under node:test", { timeout: 60_000 }, async () => {
    const args = ["--test", "--test-reporter=tap", `${folder}/node.mjs`];
    const { code, output } = await run(process.execPath, args, { cwd: folder, env });
    expect(output).toMatch(/^# fail 0$/m);
    expect(output).toContain("ten minutes of retries take no time");
    expect(output).toContain("a double charge is found");
    expect(output).toMatch(/ok \d+ - C10-/);
    expect(code, output).toBe(0);
  });

  test("run under jest", { timeout: 120_000 }, async () => {
    const config = JSON.stringify({ rootDir: dirname(folder), testMatch: ["**/frameworks/jest.mjs"], transform: {} });
    // Modules are still behind a flag in jest: https://jestjs.io/docs/ecmascript-modules
    const args = ["--experimental-vm-modules", jest, "--config", config, "--ci", "--verbose", "--no-cache"];
    const { code, output } = await run(process.execPath, args, { cwd: folder, env });
    expect(output).toMatch(/Tests: .*\d+ passed/);
    expect(output).toContain("ten minutes of retries take no time");
    expect(output).toContain("a double charge is found");
    expect(output).toMatch(/✓ C10-/);
    expect(output).not.toContain("did not exit");
    expect(code, output).toBe(0);
  });

  test("run under jest in TypeScript, with the files of the testing guide", { timeout: 120_000 }, async () => {
    const guide = readFileSync(new URL("../docs/guides/testing.md", import.meta.url), "utf8");
    const project = join(import.meta.dirname, ".tmp", `jest-${process.pid}`);
    try {
      mkdirSync(project, { recursive: true });
      writeFileSync(join(project, "package.json"), '{ "type": "module" }');
      for (const { name, text } of blocksOf(guide))
        if (name !== undefined && /^(orders|jest|strip)/.test(name)) writeFileSync(join(project, name), text);
      const flag = /NODE_OPTIONS=(\S+) npx jest/.exec(guide)?.[1] ?? "";
      const args = [jest, "--ci", "--verbose", "--no-cache"];
      const { code, output } = await run(process.execPath, args, { cwd: project, env: { ...env, NODE_OPTIONS: flag } });
      expect(output).toMatch(/✓ an order is charged/);
      expect(code, output).toBe(0);
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });

  test("run under jest as CommonJS, with the documented flag", { timeout: 120_000 }, async () => {
    const readme = readFileSync(new URL("../packages/memory/README.md", import.meta.url), "utf8");
    const flag = /NODE_OPTIONS=(\S+) npx jest/.exec(readme)?.[1] ?? "";
    const config = JSON.stringify({ rootDir: dirname(folder), testMatch: ["**/frameworks/jest.cjs"], transform: {} });
    const args = [jest, "--config", config, "--ci", "--verbose", "--no-cache"];
    const { code, output } = await run(process.execPath, args, { cwd: folder, env: { ...env, NODE_OPTIONS: flag } });
    expect(output).toMatch(/✓ a required channel and a testbed/);
    expect(code, output).toBe(0);
  });
});
