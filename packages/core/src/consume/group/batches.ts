import type { Deque } from "../../base/deque.ts";
import { attemptBatch } from "../attempt/batch.ts";
import type { Concluder } from "../attempt/conclude.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";

/** The handler pool, as its batches see it. */
export interface BatchPool {
  /** The messages that are ready, in order. */
  readonly ready: Deque<HeldMessage>;
  /** Call this when a handler was given a batch. */
  began(): void;
  /** Call this when the handler of a batch has ended. `deliveries`: how many of its messages have ended. */
  ended(deliveries: number): void;
  /** Starts what can be started. */
  pump(): void;
}

/** Collects ready messages into the batches of a batch consumer. */
export class Batches {
  readonly #context: GroupContext;
  readonly #concluder: Concluder;
  readonly #pool: BatchPool;
  /** The timer that starts an incomplete batch. */
  #wait: Disposable | undefined;
  #due = false;
  #deferred = false;

  constructor(context: GroupContext, concluder: Concluder, pool: BatchPool) {
    this.#context = context;
    this.#concluder = concluder;
    this.#pool = pool;
  }

  /** Starts no incomplete batch any more. */
  stop(): void {
    this.#wait?.[Symbol.dispose]();
  }

  /** Starts the next batch. False if there is none to start now. */
  start(): boolean {
    const { ready } = this.#pool;
    const { gate } = this.#context;
    const { waitMs, size: most } = this.#context.plan.batch;
    const size = gate === undefined ? most : Math.min(most, gate.room);
    const enough = ready.size >= size || this.#context.budget.full || this.#gatheredEnough(size);
    if (!enough && !this.#due) {
      this.#await(waitMs);
      return false;
    }
    this.#due = false;
    this.#wait?.[Symbol.dispose]();
    this.#wait = undefined;
    const batch: HeldMessage[] = [];
    while (batch.length < size && ready.size > 0) {
      const message = ready.shift() as HeldMessage;
      if (message.state !== "ready") continue;
      const keyMs = gate?.waitMs(message) ?? 0;
      if (keyMs > 0) {
        message.lease.wait(message, keyMs);
        continue;
      }
      batch.push(message);
      for (const next of this.#following(message, size - batch.length)) batch.push(next);
    }
    if (batch.length === 0) return false;
    this.#pool.began();
    if (gate !== undefined) for (const message of batch) gate.started(message);
    void attemptBatch(this.#context, this.#concluder, batch, (ended) => {
      if (gate !== undefined) for (const message of batch) gate.ended(message);
      this.#pool.ended(ended);
    });
    return true;
  }

  /**
   * The later messages of a key that join its head in a batch, in order. A message that has failed here before is tried alone: if
   * it fails again, messages behind it in the batch would be taken back, and their handling would be wasted.
   */
  #following(message: HeldMessage, room: number): readonly HeldMessage[] {
    if (message.lane === undefined || message.failures + message.before > 0 || message.condemned !== undefined)
      return [];
    const { perKey = room + 1 } = this.#context.plan.batch;
    return message.lease.following(message, Math.min(room, perKey - 1));
  }

  /** True if the heads of the lanes and the messages behind them fill a batch. */
  #gatheredEnough(size: number): boolean {
    const { ready } = this.#pool;
    const { plan } = this.#context;
    if (!plan.from.ordered) return false;
    const { perKey = size } = plan.batch;
    let count = 0;
    for (let i = 0; i < ready.size && count < size; i++) {
      const message = ready.at(i) as HeldMessage;
      if (message.state === "ready") count += Math.min(message.lease.laneLength(message), perKey);
    }
    return count >= size;
  }

  #await(waitMs: number): void {
    const { runtime } = this.#context;
    const now = () => {
      this.#deferred = false;
      this.#wait = undefined;
      this.#due = this.#pool.ready.size > 0;
      this.#pool.pump();
    };
    if (waitMs > 0) {
      this.#wait ??= runtime.timer(waitMs, now);
    } else if (!this.#deferred) {
      this.#deferred = true;
      runtime.defer(now);
    }
  }
}
