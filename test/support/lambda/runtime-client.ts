/**
 * The runtime client of Lambda, `aws-lambda-ric`, from npm. It is an optional dependency, because an npm that runs its install scripts needs
 * cmake for them. npm leaves it out, without a word, where its own Node.js is older than the client wants; the tests run on ours, so they
 * install it then.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { skips } from "../debian.ts";

const NAME = "aws-lambda-ric";
const TESTS = fileURLToPath(new URL("../../", import.meta.url));

/** True where `SWITCHYARD_SKIP` says `lambda`, and on Windows, which has no signal that freezes a process. */
export const skipped = process.platform === "win32" || skips("lambda");

/**
 * The client's program.
 *
 * @throws Error if npm cannot install it.
 */
export async function runtimeClient(): Promise<string> {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${NAME}/package.json`)), "index.mjs");
  } catch {
    return installed();
  }
}

async function installed(): Promise<string> {
  const { optionalDependencies } = JSON.parse(readFileSync(join(TESTS, "package.json"), "utf8")) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const wanted = `${NAME}@${optionalDependencies[NAME]}`;
  const folder = join(TESTS, ".tmp", wanted);
  const program = join(folder, "node_modules", NAME, "index.mjs");
  if (existsSync(program)) return program;
  await mkdir(dirname(folder), { recursive: true });
  // Several test files may ask at once: each installs its own, and one stays.
  const own = await mkdtemp(`${folder}-`);
  try {
    await writeFile(join(own, "package.json"), '{ "private": true }\n');
    await promisify(execFile)(
      "npm",
      ["install", "--prefix", own, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", wanted],
      { cwd: own, env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` } },
    );
    await rename(own, folder);
  } catch (cause) {
    await rm(own, { recursive: true, force: true });
    if (!existsSync(program))
      throw new Error(`no ${NAME}: npm cannot install it. Set SWITCHYARD_SKIP=lambda to do without`, { cause });
  }
  return program;
}
