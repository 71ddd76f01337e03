import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Sample, WorkOptions } from "./measured.ts";
import type { Contender } from "./row.ts";

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));

interface Answer {
  readonly ready?: true;
  readonly sample?: Sample;
  readonly error?: string;
}

/** A contender's process, asked for one round at a time. */
export class RunningContender {
  readonly contender: Contender;
  error: string | undefined;
  readonly #child: ChildProcess;
  #answer: (answer: Answer) => void = () => {};
  #early: Answer | undefined;

  constructor(contender: Contender, options: WorkOptions) {
    this.contender = contender;
    const { file, work, flags = [] } = contender;
    const aws = { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench", AWS_REGION: "us-east-1" };
    // What Node has kept of an earlier process is in none of the numbers.
    const env = { ...process.env, ...aws, NODE_DISABLE_COMPILE_CACHE: "1" };
    this.#child = fork(WORKER, [file, work, JSON.stringify(options)], {
      env,
      execArgv: ["--expose-gc", ...flags],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let errors = "";
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2_000);
    });
    this.#child.on("message", (answer: Answer) => this.#receive(answer));
    this.#child.on("exit", (code) => this.#receive({ error: firstLine(errors) ?? `its process ended with ${code}` }));
  }

  async ready(ms: number): Promise<void> {
    await this.#next(ms);
  }

  async round(ms: number): Promise<Sample | undefined> {
    if (this.error !== undefined) return undefined;
    const answer = this.#next(ms);
    this.#child.send("round");
    return (await answer).sample;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), 3_000);
    if (this.#child.connected) this.#child.send("close");
    await gone;
    clearTimeout(limit);
  }

  #receive(answer: Answer): void {
    this.#early = answer;
    this.#answer(answer);
  }

  async #next(ms: number): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve) => {
      const limit = setTimeout(() => resolve({ error: `no answer within ${ms / 1_000} s` }), ms);
      this.#answer = (got) => {
        clearTimeout(limit);
        this.#answer = () => {};
        this.#early = undefined;
        resolve(got);
      };
      if (this.#early !== undefined) this.#answer(this.#early);
    });
    if (answer.error !== undefined) this.error = answer.error;
    return answer;
  }
}

function firstLine(text: string): string | undefined {
  return text
    .split("\n")
    .find((line) => /Error/.test(line))
    ?.trim();
}
