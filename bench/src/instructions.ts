/**
 * Processor instructions for each message, counted by valgrind. V8's compilers are off: what they make differs from run to
 * run, what its interpreter does does not. So this is no speed, but the same code counts the same on every machine.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { installDebian, skips } from "../../test/support/debian.ts";

const run = promisify(execFile);
const STEADY = ["--jitless", "--single-threaded", "--predictable", "--hash-seed=1", "--random-seed=1"];
const LESS = 500;
const MORE = 1_500;

/** Set to `valgrind` (or a list with it) to do without. */
export const skipped = skips("valgrind");

/** Rejects with how to have valgrind, or do without it, where it is not installed and cannot be. */
export async function instructionsOf(work: "publish" | "consume"): Promise<number> {
  await haveValgrind();
  const folder = await mkdtemp(join(tmpdir(), "switchyard-instructions-"));
  try {
    // One file: the compilers being off, Node strips no types.
    const file = join(folder, "counted.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("./work/counted.ts", import.meta.url))],
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["@switchyard/source"],
      // yaml is CommonJS.
      banner: {
        js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
      },
      outfile: file,
    });
    const [less, more] = await Promise.all([LESS, MORE].map((count) => counted(file, work, count)));
    return (more! - less!) / (MORE - LESS);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function counted(file: string, work: string, count: number): Promise<number> {
  const flags = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
  const { stderr } = await run("valgrind", [...flags, process.execPath, ...STEADY, file, work, String(count)], {
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  const found = /I\s+refs:\s+([\d,]+)/.exec(stderr)?.[1];
  if (found === undefined) throw new Error(`valgrind counted nothing: ${stderr.slice(-500)}`);
  return Number(found.replaceAll(",", ""));
}

async function haveValgrind(): Promise<void> {
  const there = () =>
    run("valgrind", ["--version"]).then(
      () => true,
      () => false,
    );
  if ((await there()) || ((await installDebian("valgrind")) && (await there()))) return;
  throw new Error("no valgrind: install it, or set SWITCHYARD_SKIP=valgrind to do without");
}
