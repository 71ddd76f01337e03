/** Configuration files that Node itself imports: which kind of module it takes them for is not the test runner's to say. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-modules-"));
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `connect()` says in each of the folders given. */
const PROGRAM = `
  import { channel, connect } from "@switchyard/core";
  import { z } from "zod";
  const orders = channel("orders", { messages: { placed: z.object({ id: z.string() }) } });
  const said = [];
  for (const cwd of process.argv.slice(1)) {
    try {
      const messaging = await connect({ channels: [orders], service: "shop", cwd });
      said.push("configured by " + messaging.explain().sources.join());
      await messaging.stop();
    } catch (error) {
      said.push(error.message);
    }
  }
  console.log(JSON.stringify(said));`;
const VALUE = '{ channels: { orders: { model: "queue", on: "memory", groups: { billing: {} } } } }';
const ES_MODULE = `import { defineConfig } from "@switchyard/core";\nexport default defineConfig([], ${VALUE});`;
const COMMONJS = `const { defineConfig } = require("@switchyard/core");\nmodule.exports = defineConfig([], ${VALUE});`;
const COMPILED = `Object.defineProperty(exports, "__esModule", { value: true });\nexports.default = ${VALUE};`;

type Type = "module" | "commonjs" | undefined;

function project(type: Type, file: string, text: string): string {
  const home = mkdtempSync(join(folder, "project-"));
  writeFileSync(join(home, "package.json"), JSON.stringify({ type }));
  writeFileSync(join(home, file), text);
  return home;
}

async function saidIn(projects: readonly string[]): Promise<readonly string[]> {
  const args = ["--conditions=@switchyard/source", "--input-type=module", "-e", PROGRAM, ...projects];
  const ran = await run("node", args, { cwd: folder, timeout: 50_000 });
  expect(ran.code, ran.output).toBe(0);
  return JSON.parse(ran.stdout);
}

test("a configuration is read as the module that Node takes it for", { timeout: 60_000 }, async () => {
  const cases: readonly (readonly [Type, string, string])[] = [
    ["commonjs", "mts", ES_MODULE],
    ["commonjs", "mjs", ES_MODULE],
    ["commonjs", "ts", COMMONJS],
    ["commonjs", "js", COMMONJS],
    ["module", "cts", COMMONJS],
    ["module", "cjs", COMMONJS],
    ["module", "ts", ES_MODULE],
    [undefined, "ts", ES_MODULE],
    ["commonjs", "js", COMPILED],
  ];
  const file = (extension: string) => `switchyard.config.${extension}`;
  const said = await saidIn(cases.map(([type, extension, text]) => project(type, file(extension), text)));
  expect(said).toEqual(cases.map(([, extension]) => `configured by ${file(extension)}`));
});

test("where it is written as the other kind, the refusal says how to name it", { timeout: 60_000 }, async () => {
  const byType = 'is written as an ES module and read as CommonJS (the package.json above it says "type": "commonjs")';
  const byName = (extension: string) => `is written as an ES module and read as CommonJS (${extension})`;
  const other = "is written as CommonJS and read as an ES module";
  const cases: readonly (readonly [Type, string, string, string])[] = [
    ["commonjs", "ts", ES_MODULE, `${byType}; rename it to switchyard.config.mts`],
    ["commonjs", "js", ES_MODULE, `${byType}; rename it to switchyard.config.mjs`],
    ["commonjs", "ts", `export default ${VALUE};`, `${byType}; rename it to switchyard.config.mts`],
    ["module", "cts", ES_MODULE, `${byName(".cts")}; rename it to switchyard.config.mts`],
    ["module", "cjs", ES_MODULE, `${byName(".cjs")}; rename it to switchyard.config.mjs`],
    ["module", "ts", COMMONJS, `${other}; rename it to switchyard.config.cts, or write export default`],
    ["module", "js", COMMONJS, `${other}; rename it to switchyard.config.cjs, or write export default`],
  ];
  const file = (extension: string) => `switchyard.config.${extension}`;
  const said = await saidIn(cases.map(([type, extension, text]) => project(type, file(extension), text)));
  const refusals = cases.map(([, extension, , says]) => `configuration: one mistake\n  ${file(extension)}: ${says}`);
  expect(said).toEqual(refusals);
});

test("where a file that it imports is written as the other kind, that file is named", { timeout: 60_000 }, async () => {
  const home = project("commonjs", "switchyard.config.mts", 'import "./channels.ts";\nexport default {};');
  writeFileSync(join(home, "channels.ts"), "export const names = [];");
  expect(await saidIn([home])).toEqual([
    'configuration: one mistake\n  switchyard.config.mts: imports channels.ts, which is written as an ES module and read as CommonJS (the package.json above it says "type": "commonjs"); rename it to channels.mts',
  ]);
});
