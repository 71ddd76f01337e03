/** What `import "@switchyard/core"` costs a process that starts, and a page that is sent. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Work } from "../measured.ts";
import { median } from "../stats.ts";

const HERE = fileURLToPath(new URL("../../", import.meta.url));
const TIMES = 9;
const ENGINE = fileURLToPath(
  new URL("./dist/messaging/engine.js", import.meta.resolve("@switchyard/core/package.json")),
);

function milliseconds(specifier: string): number {
  const code = `const from = performance.now(); await import(${JSON.stringify(specifier)}); process.stdout.write(String(performance.now() - from));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: HERE, encoding: "utf8" });
  return Number(stdout);
}

/** A fresh process each time. `node:crypto` and `node:perf_hooks` are the platform's; what they cost is not in our power. */
export const core: Work = async () => ({
  round: async () => {
    const ours: number[] = [];
    for (let i = 0; i < TIMES; i++) ours.push(milliseconds("@switchyard/core"));
    return { milliseconds: median(ours), kilobytes: await size() };
  },
  close: async () => {},
});

/** Minified and compressed: all that works at run time, the engine `connect()` loads included; not the configuration's reader, nor zod and yaml, which it is made with. */
async function size(): Promise<number> {
  const built = await build({
    stdin: { contents: `export * from "@switchyard/core"; export * from ${JSON.stringify(ENGINE)};`, resolveDir: HERE },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outdir: "out",
    write: false,
    metafile: true,
  });
  const { outputs } = built.metafile;
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === "<stdin>") as string;
  const needed = new Set<string>();
  const add = (path: string): void => {
    if (needed.has(path)) return;
    needed.add(path);
    for (const each of outputs[path]?.imports ?? [])
      if (each.kind === "import-statement" && each.path in outputs) add(each.path);
  };
  add(entry);
  const bytes = built.outputFiles
    .filter(({ path }) => [...needed].some((name) => path.endsWith(name)))
    .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return bytes / 1_024;
}
