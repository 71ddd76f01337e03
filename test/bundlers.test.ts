/** Programs bundled from what was built, by the bundlers people use, and run in a folder where nothing is installed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildOptions, build as esbuild } from "esbuild";
import { type OutputOptions, rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { webpack } from "webpack";
import { blocksOf } from "../scripts/document-blocks.ts";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

/** Inside the repository, where the packages are found. */
const sources = join(import.meta.dirname, ".tmp", `bundlers-${process.pid}`);
const elsewhere = mkdtempSync(join(tmpdir(), "switchyard-bundlers-"));
beforeAll(() => mkdirSync(sources, { recursive: true }));
afterAll(() => {
  for (const folder of [sources, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

const readme = blocksOf(readFileSync(join(root, "packages/core/README.md"), "utf8"));
const block = (name: string) => readme.find((one) => one.name === name)!.text;
const [imports, body] = block("bundled.ts").split(/\n\n(.*)/s) as [string, string];

/** The documented program, in a form that CommonJS can have: it knows no `await` outside a function. */
const VALUE = `${imports}\nasync function main() {\n${body}}\nmain();`;
const PROGRAMS = {
  value: VALUE,
  /** With its configuration in a file, which it names. */
  file: VALUE.replace(/ config: .*/, "").replace(
    'console.log("published")',
    'console.log("published, configured by", messaging.explain().sources.join())',
  ),
};

type Bundler = (input: string, output: string) => Promise<unknown>;

const byEsbuild =
  (options: BuildOptions): Bundler =>
  (input, outfile) =>
    esbuild({ entryPoints: [input], outfile, bundle: true, platform: "node", logLevel: "silent", ...options });

const byRolldown =
  (format: OutputOptions["format"]): Bundler =>
  async (input, file) => {
    const bundle = await rolldown({ input, platform: "node", logLevel: "silent" });
    await bundle.write({ file, codeSplitting: false, ...(format && { format }) });
    await bundle.close();
  };

const byWebpack =
  (output: object): Bundler =>
  (entry, file) =>
    new Promise<void>((resolve, reject) => {
      const [path, filename] = [join(file, ".."), file.slice(join(file, "..").length + 1)];
      const compiler = webpack({
        entry,
        target: "node22",
        mode: "production",
        optimization: { minimize: false },
        output: { path, filename, ...output },
        experiments: { outputModule: "module" in output },
      });
      compiler.run((error, stats) => {
        const said = stats?.toString({ all: false, errors: true, warnings: true });
        compiler.close(() => (error || said ? reject(error ?? new Error(said)) : resolve()));
      });
    });

/** As `packages/core/README.md` tells to write it. */
const BANNER = readme.map(({ text }) => /--banner:js="(.*)"/.exec(text)?.[1]).find((text) => text !== undefined)!;

const bundlers: Record<string, { readonly extension: string; readonly bundle: Bundler }> = {
  "esbuild to ESM": { extension: "mjs", bundle: byEsbuild({ format: "esm" }) },
  "esbuild to ESM, with the documented banner": {
    extension: "mjs",
    bundle: byEsbuild({ format: "esm", banner: { js: BANNER } }),
  },
  "esbuild to CommonJS": { extension: "cjs", bundle: byEsbuild({ format: "cjs" }) },
  "rolldown to ESM": { extension: "mjs", bundle: byRolldown("esm") },
  "rolldown to CommonJS": { extension: "cjs", bundle: byRolldown("cjs") },
  "webpack to ESM": { extension: "mjs", bundle: byWebpack({ module: true, chunkFormat: "module" }) },
  "webpack to CommonJS": { extension: "cjs", bundle: byWebpack({}) },
};

const CONFIG = { prefix: "dev", channels: { greetings: { model: "queue", on: "memory", groups: { greeter: {} } } } };
const YAML = "prefix: dev\nchannels: { greetings: { model: queue, on: memory, groups: { greeter: } } }\n";

describe.each(Object.entries(bundlers))("bundled from dist by %s", (name, { extension, bundle }) => {
  const home = join(elsewhere, name.replaceAll(/\W+/g, "-"));

  const bundled = (program: keyof typeof PROGRAMS) => join(home, `${program}.${extension}`);
  beforeAll(async () => {
    for (const [program, text] of Object.entries(PROGRAMS)) {
      const input = join(sources, `${program}.mjs`);
      writeFileSync(input, text);
      await bundle(input, bundled(program as keyof typeof PROGRAMS));
    }
  }, 60_000);

  function configuredBy(file: string, text: string) {
    const cwd = mkdtempSync(join(home, "files-"));
    writeFileSync(join(cwd, file), text);
    return run("node", [bundled("file")], { cwd });
  }

  test("the documented program runs", async () => {
    expect(await run("node", [bundled("value")], { cwd: home })).toMatchObject({ output: "published\n", code: 0 });
  });

  test("the environment changes its configuration", async () => {
    const env = {
      SWITCHYARD__PREFIX: "prod-2",
      SWITCHYARD__CHANNELS__GREETINGS__PARTITIONS: "3",
      SWITCHYARD__POLICIES__DEFAULT__RETRY__FIRST: "250ms",
    };
    const ran = await run("node", [bundled("value")], { cwd: home, env });
    expect(ran).toMatchObject({ output: "published\n", code: 0 });
  });

  test("a configuration in JSON or JavaScript beside it is read", async () => {
    const json = await configuredBy("switchyard.config.json", JSON.stringify(CONFIG));
    expect(json.output).toBe("published, configured by switchyard.config.json\n");
    const module = await configuredBy("switchyard.config.mjs", `export default ${JSON.stringify(CONFIG)};`);
    expect(module.output).toBe("published, configured by switchyard.config.mjs\n");
  });

  test("a configuration in YAML is read, or its refusal says what the bundle needs", async () => {
    const file = await configuredBy("switchyard.config.yaml", YAML);
    const env = { SWITCHYARD__PREFIX: "'quoted'" };
    const variable = await run("node", [bundled("value")], { cwd: home, env });
    if (name !== "esbuild to ESM") {
      expect(file.output).toBe("published, configured by switchyard.config.yaml\n");
      expect(variable.output).toBe("published\n");
    } else {
      const needs = 'needs the package "yaml", which could not be loaded';
      expect(file.output).toContain(`switchyard.config.yaml: ${needs}`);
      expect(file.output).toContain("With a bundler");
      expect(variable.output).toContain(`SWITCHYARD__PREFIX: ${needs}`);
    }
  });
});
