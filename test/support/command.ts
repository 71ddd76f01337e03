/** The command line as a process of its own, on pipes or on a terminal. What runs is `dist`. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Ran, run } from "./run.ts";
import { root } from "./workspace.ts";

export const SHOP = join(root, "test/support/shop");
export const BIN = join(root, "packages/cli/dist/bin.js");

/** `script` of util-linux gives a program a terminal of its own. */
const script = ["/usr/bin/script", "/bin/script"].find((path) => process.platform === "linux" && existsSync(path));
export const noTerminal = script === undefined;

type Env = Readonly<Record<string, string | undefined>>;

const wordsOf = (line: string | readonly string[]): readonly string[] =>
  typeof line === "string" ? line.split(" ") : line;

/** Runs a command to its end. */
export const command = (line: string | readonly string[], env: Env): Promise<Ran> =>
  run(process.execPath, [BIN, ...wordsOf(line)], { cwd: SHOP, env: { ...env } });

/** A command that runs. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Both streams of a terminal; otherwise stdout. */
  out = "";
  err = "";

  private constructor(child: ChildProcess) {
    this.child = child;
    this.ended = new Promise((resolve) => child.once("close", resolve));
    child.stdout!.on("data", (chunk: Buffer) => (this.out += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.err += chunk.toString()));
  }

  static start(line: string | readonly string[], env: Env): Running {
    const all = { ...process.env, NODE_OPTIONS: undefined, ...env };
    return new Running(
      spawn(process.execPath, [BIN, ...wordsOf(line)], { cwd: SHOP, env: all, stdio: ["ignore", "pipe", "pipe"] }),
    );
  }

  /** Ctrl-C is `"\u0003"` to its stdin. */
  static onTerminal(line: string, env: Env): Running {
    // `exec`: a shell between would get the Ctrl-C too, and end with 130 whatever the program did.
    const typed = `exec ${process.execPath} ${BIN} ${line}`;
    const all = { ...process.env, NODE_OPTIONS: undefined, TERM: "xterm", SHELL: "/bin/sh", ...env };
    return new Running(spawn(script!, ["-qec", typed, "/dev/null"], { cwd: SHOP, env: all }));
  }

  /** Resolves once what it has said matches. Rejects if it ends before. */
  async said(what: RegExp, timeout = 60_000): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    const matches = () => what.test(this.out) || what.test(this.err);
    await expect
      .poll(() => matches() || (over ? `it ended: ${this.out}${this.err}` : false), { timeout, interval: 20 })
      .toBe(true);
  }
}
