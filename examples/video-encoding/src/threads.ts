import { Worker } from "node:worker_threads";
import { NotAVideo } from "./media/y4m.ts";
import type { Encoded, EncodeJob, Video } from "./transcode.ts";

export type Task =
  | { readonly kind: "film"; readonly folder: string; readonly number: number }
  | { readonly kind: "encode"; readonly folder: string; readonly job: EncodeJob };
export type Reply =
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string } };

interface Waiting {
  readonly task: Task;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  running: Waiting | undefined;
}

/** Threads that encode. One that dies fails the task it was at, and is replaced. */
export class Threads {
  readonly #waiting: Waiting[] = [];
  readonly #threads: Thread[] = [];
  #closed = false;

  constructor(count: number) {
    for (let index = 0; index < count; index++) this.#start();
  }

  film(folder: string, number: number): Promise<Video> {
    return this.#run({ kind: "film", folder, number }) as Promise<Video>;
  }

  encode(folder: string, job: EncodeJob): Promise<Encoded> {
    return this.#run({ kind: "encode", folder, job }) as Promise<Encoded>;
  }

  /** Kills a thread in the middle of a task, as a segmentation fault would. False: none was at work. */
  crash(): boolean {
    const thread = this.#threads.find(({ running }) => running !== undefined);
    thread?.worker.removeAllListeners("message"); // an answer on its way dies with it
    void thread?.worker.terminate();
    return thread !== undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #run(task: Task): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Error("the encoding threads are closed"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      if (thread.running !== undefined) continue;
      thread.running = this.#waiting.shift();
      if (thread.running === undefined) return;
      thread.worker.postMessage(thread.running.task);
    }
  }

  #start(): void {
    const thread: Thread = { worker: new Worker(new URL("./worker.ts", import.meta.url)), running: undefined };
    this.#threads.push(thread);
    thread.worker.on("message", (reply: Reply) => {
      const { running } = thread;
      thread.running = undefined;
      if ("value" in reply) running?.resolve(reply.value);
      else running?.reject(revived(reply.error));
      this.#dispatch();
    });
    let cause: unknown;
    thread.worker.on("error", (error) => {
      cause = error;
    });
    thread.worker.on("exit", () => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      thread.running?.reject(new Error("the encoding thread died", { cause }));
      if (this.#closed)
        for (const waiting of this.#waiting.splice(0)) waiting.reject(new Error("the encoding threads are closed"));
      else this.#start();
      this.#dispatch();
    });
  }
}

const revived = ({ name, message }: Error) =>
  name === "NotAVideo" ? new NotAVideo(message) : new Error(`${name}: ${message}`);
