/** What tests and benchmarks need of the machine, and do without where they are told to. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** `SWITCHYARD_SKIP` names what to do without: one, or a list. */
export const skips = (name: string): boolean => (process.env["SWITCHYARD_SKIP"] ?? "").split(/[\s,]+/).includes(name);

/** Installs a package of Debian's; false where nobody is root, or it cannot be had. */
export async function installDebian(name: string, env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  const install = `apt-get update -qq && apt-get install -qq -y --no-install-recommends ${name}`;
  const done = run("sh", ["-c", install], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", ...env } });
  return done.then(
    () => true,
    () => false,
  );
}
