import { Deque } from "../../base/deque.ts";
import { attemptBatch } from "../attempt/batch.ts";
import type { Gate, GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { Concluder } from "../attempt/conclude.ts";
import { attemptOne } from "../attempt/single.ts";

/** Runs at most `concurrency` handlers at once over all leases of the group. A batch counts as one. */
export class HandlerPool {
  readonly #context: GroupContext;
  readonly #concluder: Concluder;
  readonly #ready = new Deque<HeldMessage>();
  readonly #batching: boolean;
  /** How many deliveries were returned unstarted because of a stop. */
  released = 0;
  #running = 0;
  #finished = 0;
  #pumping = false;
  #stopping = false;
  /** The timer that starts an incomplete batch. */
  #wait: Disposable | undefined;
  #due = false;
  #deferred = false;
  #offering = false;

  constructor(context: GroupContext) {
    this.#context = context;
    this.#concluder = new Concluder(context);
    this.#batching = context.consumer.kind === "batch";
    // In variables first (docs/v8.md#functions-in-properties).
    const offer = () => this.#offerSoon();
    context.budget.onShort = offer;
    const pump = () => this.#pump();
    if (context.gate !== undefined) context.gate.onRoom = pump;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** How many deliveries' handlers have ended. */
  get finished(): number {
    return this.#finished;
  }

  /** True if handlers could run but no message is ready. */
  get starved(): boolean {
    if (this.#context.gate?.open === true) return false;
    return this.#ready.size === 0 && this.#running < this.#context.plan.concurrency;
  }

  enqueue(message: HeldMessage): void {
    this.#ready.push(message);
    this.#pump();
  }

  /** Call this when messages arrived behind the heads of their lanes: they may complete a waiting batch. */
  gathered(): void {
    if (this.#batching) this.#pump();
  }

  /** Starts no more handlers. */
  stop(): void {
    this.#stopping = true;
    this.#wait?.[Symbol.dispose]();
    this.#ready.drain();
  }

  #pump(): void {
    // A loop, not a recursion: a synchronous handler starts the next one as it ends.
    if (this.#pumping || this.#stopping) return;
    this.#pumping = true;
    const { gate, plan } = this.#context;
    while (this.#ready.size > 0 && this.#running < plan.concurrency && !this.#stopping) {
      if (gate !== undefined && gate.room < 1) break;
      if (this.#batching) {
        if (!this.#startBatch()) break;
      } else {
        const message = this.#ready.shift() as HeldMessage;
        if (message.state !== "ready") continue;
        if (gate !== undefined) {
          this.#startGated(gate, message);
          continue;
        }
        this.#running++;
        attemptOne(this.#context, this.#concluder, message, this.#done);
      }
    }
    this.#pumping = false;
  }

  #startGated(gate: Gate, message: HeldMessage): void {
    const waitMs = gate.waitMs(message);
    if (waitMs > 0) return message.lease.wait(message, waitMs);
    this.#running++;
    gate.started(message);
    attemptOne(this.#context, this.#concluder, message, () => {
      gate.ended(message);
      this.#ended(1);
    });
  }

  readonly #done = (): void => this.#ended(1);

  #ended(deliveries: number): void {
    this.#running--;
    this.#finished += deliveries;
    this.#pump();
    if (this.#hungry) this.#offerSoon();
  }

  /** True if fewer messages are ready than handlers could take. */
  get #hungry(): boolean {
    if (this.#running >= this.#context.plan.concurrency) return false;
    return this.#ready.size < (this.#batching ? this.#context.plan.batch.size : 1);
  }

  /** Offers free places at the end of the tick, so that handlers that end together cause one call to the broker, not one each. */
  #offerSoon(): void {
    if (this.#offering || !this.#context.budget.wanted) return;
    this.#offering = true;
    this.#context.runtime.defer(() => {
      this.#offering = false;
      if (this.#hungry) this.#context.budget.offer();
    });
  }

  #startBatch(): boolean {
    const { gate } = this.#context;
    const { waitMs, size: most } = this.#context.plan.batch;
    const size = gate === undefined ? most : Math.min(most, gate.room);
    const enough = this.#ready.size >= size || this.#context.budget.full || this.#gatheredEnough(size);
    if (!enough && !this.#due) {
      this.#await(waitMs);
      return false;
    }
    this.#due = false;
    this.#wait?.[Symbol.dispose]();
    this.#wait = undefined;
    const batch: HeldMessage[] = [];
    while (batch.length < size && this.#ready.size > 0) {
      const message = this.#ready.shift() as HeldMessage;
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
    this.#running++;
    if (gate !== undefined) for (const message of batch) gate.started(message);
    void attemptBatch(this.#context, this.#concluder, batch, (ended) => {
      if (gate !== undefined) for (const message of batch) gate.ended(message);
      this.#ended(ended);
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
    const { plan } = this.#context;
    if (!plan.from.ordered) return false;
    const { perKey = size } = plan.batch;
    let count = 0;
    for (let i = 0; i < this.#ready.size && count < size; i++) {
      const message = this.#ready.at(i) as HeldMessage;
      if (message.state === "ready") count += Math.min(message.lease.laneLength(message), perKey);
    }
    return count >= size;
  }

  #await(waitMs: number): void {
    const { runtime } = this.#context;
    const now = () => {
      this.#deferred = false;
      this.#wait = undefined;
      this.#due = this.#ready.size > 0;
      this.#pump();
    };
    if (waitMs > 0) {
      this.#wait ??= runtime.timer(waitMs, now);
    } else if (!this.#deferred) {
      this.#deferred = true;
      runtime.defer(now);
    }
  }
}
