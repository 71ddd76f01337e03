import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Servers {
  readonly urls: Readonly<Record<string, string>>;
  close(): void;
}

/** Each server in a process of its own, so that its work is not counted as a client's. */
export async function startServers(names: readonly string[]): Promise<Servers> {
  const children: ChildProcess[] = [];
  const urls: Record<string, string> = {};
  for (const name of new Set(names)) {
    const child = fork(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    children.push(child);
    urls[name] = await new Promise<string>((resolve, reject) => {
      child.once("message", (url) => resolve(url as string));
      child.once("exit", (code) => reject(new Error(`server ${name} ended with ${code}`)));
    });
  }
  return { urls, close: () => children.forEach((child) => child.disconnect()) };
}
