import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Servers {
  readonly urls: Readonly<Record<string, string>>;
  /** Those that cannot run here, and why. */
  readonly missing: Readonly<Record<string, string>>;
  close(): void;
}

/** Each server in a process of its own, so that its work is not counted as a client's. */
export async function startServers(names: readonly string[]): Promise<Servers> {
  const children: ChildProcess[] = [];
  const urls: Record<string, string> = {};
  const missing: Record<string, string> = {};
  for (const name of new Set(names)) {
    const child = fork(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    children.push(child);
    const said = await new Promise<string | { missing: string }>((resolve, reject) => {
      child.once("message", (message) => resolve(message as string | { missing: string }));
      child.once("exit", (code) => reject(new Error(`server ${name} ended with ${code}`)));
    });
    if (typeof said === "string") urls[name] = said;
    else missing[name] = said.missing;
  }
  return { urls, missing, close: () => children.forEach((child) => child.disconnect()) };
}
