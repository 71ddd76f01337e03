import { type AttachContext, MessagingError, type Runtime, type RuntimeTimer } from "@switchyard/core";
import { Trouble } from "./trouble.ts";

/** Between two looks on average. A minute of a busy group is a few thousand marks, which a handful of batches deletes. */
const PAUSE_MS = 60_000;
/** After a full batch: often enough for 60,000 marks a minute, and idle most of the time. */
const NEXT_MS = 1_000;
/** Deleting so many rows takes a few milliseconds, and holds no lock for longer. */
const BATCH = 1_000;

/** Deletes what an inbox has forgotten, a batch at a time, from the first message that the group handles until it is closed. */
export class Sweeper {
  readonly #runtime: Runtime;
  readonly #sweep: (most: number) => Promise<number>;
  readonly #trouble: Trouble;
  #timer: RuntimeTimer | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor({ runtime, emit }: AttachContext, sweep: (most: number) => Promise<number>) {
    this.#runtime = runtime;
    this.#sweep = sweep;
    const text = "the inbox cannot delete what it has forgotten: its table grows";
    this.#trouble = new Trouble(
      emit,
      (cause) => new MessagingError("inbox-sweep-failed", text, { kind: "retryable", cause }),
    );
  }

  /** Call it for each message: only the first call does something. */
  start(): void {
    if (this.#timer === undefined && this.#running === undefined && !this.#closed) this.#wait(PAUSE_MS);
  }

  /** Resolves once a batch that is running has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  /** Between half and one and a half times as long, so that processes that were started together do not sweep together. */
  #wait(ms: number): void {
    this.#timer = this.#runtime.timer(ms * (0.5 + this.#runtime.random()), () => {
      this.#timer = undefined;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
      });
    });
    this.#timer.unref?.();
  }

  async #run(): Promise<void> {
    let swept = 0;
    try {
      swept = await this.#sweep(BATCH);
      this.#trouble.works();
    } catch (error) {
      this.#trouble.failed(error);
    }
    if (!this.#closed) this.#wait(swept >= BATCH ? NEXT_MS : PAUSE_MS);
  }
}
