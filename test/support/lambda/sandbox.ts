/**
 * A function in sandboxes: child processes that run the real runtime client (`aws-lambda-ric`) against a Runtime API in this process.
 * Between invocations a sandbox is frozen (SIGSTOP). One that takes too long is ended, and so is one whose process ends itself.
 *
 * The client's install scripts, which build its native half, are off here. Where it was not built, `native-half.ts` takes its place.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { systemRuntime } from "@switchyard/core";
import type { Ended, Invoke } from "./function.ts";
import { runtimeClient, skipped } from "./runtime-client.ts";

const CLIENT = skipped ? undefined : await runtimeClient();

const BUILT = CLIENT !== undefined && existsSync(join(dirname(CLIENT), "rapid-client.node"));
/** For Node, before the client. */
const NATIVE_HALF: readonly string[] = BUILT ? [] : ["--import", new URL("native-half.ts", import.meta.url).href];

export interface FunctionOptions {
  /** The folder of the function's code. */
  readonly folder: string;
  /** `file.export`. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

interface Waiting {
  readonly event: object;
  readonly ended: (how: Ended) => void;
}

/** One sandbox: a process and its Runtime API. It handles one event at a time. */
export class Sandbox {
  readonly #options: FunctionOptions;
  readonly #child: ChildProcess;
  readonly #server: ReturnType<typeof createServer>;
  #next: ServerResponse | undefined;
  #waiting: Waiting | undefined;
  #running: (Waiting & { readonly timer: Disposable }) | undefined;
  #dead = false;
  output = "";

  private constructor(options: FunctionOptions, server: ReturnType<typeof createServer>) {
    this.#options = options;
    this.#server = server;
    server.on("request", (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => this.#answer(request.url ?? "", Buffer.concat(parts).toString(), response));
    });
    const { port } = server.address() as AddressInfo;
    const { folder, handler, env = {}, flags = [] } = options;
    this.#child = spawn(process.execPath, [...NATIVE_HALF, ...flags, CLIENT!, handler], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"] ?? "",
        ...env,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: handler,
        AWS_LAMBDA_FUNCTION_NAME: "under-test",
        AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
        AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/under-test",
        AWS_LAMBDA_LOG_STREAM_NAME: "test",
      },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on("data", (text: Buffer) => (this.output += text.toString()));
    this.#child.on("exit", (code, signal) => this.#exited(`exit ${code ?? signal}`));
  }

  static async start(options: FunctionOptions): Promise<Sandbox> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Sandbox(options, server);
  }

  get dead(): boolean {
    return this.#dead;
  }

  get busy(): boolean {
    return this.#running !== undefined || this.#waiting !== undefined;
  }

  invoke(event: object): Promise<Ended> {
    return new Promise((ended) => {
      if (this.#dead) return ended({ kind: "failed", why: "the sandbox is gone" });
      this.#waiting = { event, ended };
      this.#give();
    });
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    if (!this.#dead) await once(this.#child, "exit");
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #give(): void {
    const waiting = this.#waiting;
    const response = this.#next;
    if (waiting === undefined || response === undefined) return;
    this.#waiting = undefined;
    this.#next = undefined;
    this.#child.kill("SIGCONT");
    const { timeoutMs } = this.#options;
    const timer = systemRuntime.timer(timeoutMs, () => {
      this.#end({ kind: "failed", why: `Task timed out after ${timeoutMs} ms` });
      this.#child.kill("SIGKILL");
    });
    this.#running = { ...waiting, timer };
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": systemRuntime.uuid(),
      "Lambda-Runtime-Deadline-Ms": String(systemRuntime.now() + timeoutMs),
      "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:under-test",
    });
    response.end(JSON.stringify(waiting.event));
  }

  #answer(path: string, body: string, response: ServerResponse): void {
    if (path.endsWith("/invocation/next")) {
      this.#next = response;
      // Nothing of the function runs until the next event.
      if (this.#waiting === undefined && this.#child.pid !== undefined) this.#child.kill("SIGSTOP");
      return this.#give();
    }
    response.writeHead(202, { "Content-Type": "application/json" });
    response.end("{}");
    if (path.endsWith("/response")) this.#end({ kind: "answered", answer: JSON.parse(body === "" ? "null" : body) });
    else this.#end({ kind: "failed", why: body });
  }

  #exited(why: string): void {
    this.#dead = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.ended({ kind: "failed", why });
    this.#end({ kind: "failed", why });
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #end(how: Ended): void {
    const running = this.#running;
    this.#running = undefined;
    running?.timer[Symbol.dispose]();
    running?.ended(how);
  }
}

/** A function that starts a sandbox when no living one is free. */
export class SandboxedFunction {
  readonly #options: FunctionOptions;
  readonly #sandboxes: Sandbox[] = [];

  constructor(options: FunctionOptions) {
    this.#options = options;
  }

  readonly invoke: Invoke = async (event) => {
    let free = this.#sandboxes.find((sandbox) => !sandbox.dead && !sandbox.busy);
    if (free === undefined) this.#sandboxes.push((free = await Sandbox.start(this.#options)));
    return free.invoke(event);
  };

  /** What all sandboxes have written. */
  get output(): string {
    return this.#sandboxes.map(({ output }) => output).join("");
  }

  get started(): number {
    return this.#sandboxes.length;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sandboxes.map((sandbox) => sandbox.close()));
  }
}
