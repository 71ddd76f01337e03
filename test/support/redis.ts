/** A private Redis of Debian's. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { installDebian, skips } from "./debian.ts";

export interface Redis {
  readonly port: number;
  stop(): Promise<void>;
}

/** False where `SWITCHYARD_SKIP` says so. */
export const wantsRedis = !skips("redis");

/** Starts a server on a free port of 127.0.0.1, which keeps nothing on disk. `stop` ends it. */
export async function startRedis(): Promise<Redis> {
  const server = find("redis-server") ?? (await installed());
  const folder = await mkdtemp(join(tmpdir(), "switchyard-redis-"));
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  const child = spawn(server, options, { stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  await ready(child);
  return {
    port,
    stop: async () => {
      const exit = once(child, "exit");
      kill();
      await exit;
      process.removeListener("exit", kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const find = (name: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

async function installed(): Promise<string> {
  // RUNLEVEL: without starting the system's own.
  await installDebian("redis-server", { RUNLEVEL: "1" });
  const found = find("redis-server");
  if (found !== undefined) return found;
  throw new Error(
    "these tests need redis-server: install it (Debian: apt-get install redis-server), or set SWITCHYARD_SKIP=redis",
  );
}

async function ready({ stdout, stderr }: ChildProcess): Promise<void> {
  stderr!.resume();
  let said = "";
  for await (const line of createInterface({ input: stdout! })) {
    said += `${line}\n`;
    if (line.includes("Ready to accept connections")) {
      stdout!.resume();
      return;
    }
  }
  throw new Error(`redis-server does not start here: ${said}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
