/** What `import "@switchyard/core"` costs a process that starts, and a page that is sent. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import type { Work } from "../measured.ts";
import { median } from "../stats.ts";

const HERE = fileURLToPath(new URL("../../", import.meta.url));
const TIMES = 9;
const ENGINE = fileURLToPath(
  new URL("./dist/messaging/connect-plan.js", import.meta.resolve("@switchyard/core/package.json")),
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

/**
 * Minified and compressed, as one file: all that works at run time, the engine `connect()` loads included. Left out is what is loaded
 * later, and only where it is used: the configuration's reader with zod and yaml, provisioning, dead letters, pipelines, breakers, batches,
 * logs, order, messages of other producers.
 */
async function size(): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from "@switchyard/core"; export * from ${JSON.stringify(ENGINE)};`, resolveDir: HERE },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    write: false,
    plugins: [LATER],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1_024;
}

const LATER: Plugin = {
  name: "loaded-later",
  setup: ({ onResolve }) =>
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : undefined)),
};
