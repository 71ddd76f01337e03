import type {
  Capabilities,
  Delivery,
  Existing,
  Lease,
  Outcome,
  ReceiverDriver,
  Settlement,
  WireMessage,
} from "@switchyard/core/driver";
import type { Hold } from "./broker/stored-message.ts";
import type { Broker } from "./broker/broker.ts";
import { closed, LOST, MemoryFault, notFound } from "./errors.ts";
import type { Queue } from "./broker/queue.ts";
import { handedOut } from "./message.ts";

const DROPPED = () => new MemoryFault("retryable", "connection-lost", "the connection was cut");

/** A queue's receiver, which is also its one lease. The lease is lost when the connection is cut. On the SQS profiles holds outlive the connection. */
export class QueueReceiver implements ReceiverDriver<Hold>, Lease<Hold> {
  readonly capabilities: Capabilities;
  readonly existing: Existing;
  readonly id: string;
  readonly settlesAtOnce = true;
  readonly extend?: NonNullable<Lease<Hold>["extend"]>;
  readonly #broker: Broker;
  readonly #queue: Queue;
  readonly #holdMs: number;
  readonly #lost = new AbortController();
  #state: "open" | "dropped" | "closed" = "open";
  /** Ends the leases. */
  #end: (() => void) | undefined;

  constructor(broker: Broker, queue: Queue, holdMs: number, capabilities: Capabilities) {
    this.capabilities = capabilities;
    const limit = queue.deadLetter?.attempts;
    // Nothing is stored: it is all in the memory of the process.
    const encryptedAtRest = true;
    const deliveries = limit === undefined ? {} : { deliveries: { count: limit, setting: "nativeAttempts" } };
    this.existing = { encryptedAtRest, ...deliveries };
    this.id = queue.name;
    queue.consumed = true;
    this.#broker = broker;
    this.#queue = queue;
    this.#holdMs = queue.rules.consumerTimeoutMs ?? holdMs;
    // In a variable first (docs/v8.md#functions-in-properties).
    const extend = (receipts: readonly Hold[], forMs: number) => this.#extend(receipts, forMs);
    if (capabilities.holdExtend) this.extend = extend;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async *leases(signal: AbortSignal): AsyncGenerator<Lease<Hold>> {
    this.#check();
    yield this;
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted || this.#state !== "open") resolve();
    });
    if (this.#state === "dropped" && !signal.aborted) throw DROPPED();
  }

  /** Not `async`: a long wait would keep alive what an async function holds, its last answer included. */
  receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<Hold>[]> {
    try {
      this.#check();
      const fault = this.#broker.faults.takeReceive();
      if (fault !== undefined) throw fault;
      const { heldLimit } = this.#queue.rules;
      if (heldLimit !== undefined && this.#queue.held >= heldLimit) {
        throw new MemoryFault("throttled", "over-limit", `${heldLimit} messages are in flight; settle some first`);
      }
      const request = { max, holdMs: this.#holdMs, holder: this };
      const taken = this.#queue.take(request);
      if (taken.length > 0 || waitMs <= 0 || signal.aborted) return Promise.resolve(this.#deliveries(taken));
      return this.#queue.wait(request, waitMs, signal).then(this.#waited);
    } catch (cause) {
      return Promise.reject(cause);
    }
  }

  readonly #waited = (taken: Hold[] | undefined): readonly Delivery<Hold>[] => {
    if (taken === undefined) this.#check();
    return taken === undefined ? [] : this.#deliveries(taken);
  };

  async settle(batch: readonly Settlement<Hold>[], _signal: AbortSignal): Promise<readonly Outcome[]> {
    if (this.#lost.signal.aborted) return batch.map(() => LOST);
    this.#checkSettling();
    this.#checkBatch(batch.length);
    const now = this.#broker.clock.now();
    const outcomes = batch.map((settlement) => this.#settle(settlement, now));
    this.#queue.serve();
    return outcomes;
  }

  async #extend(receipts: readonly Hold[], forMs: number): Promise<readonly Outcome[]> {
    if (this.#lost.signal.aborted) return receipts.map(() => LOST);
    this.#checkSettling();
    this.#checkBatch(receipts.length);
    return receipts.map(
      (receipt) => this.#tooLong(receipt, forMs) ?? (this.#queue.extend(receipt, forMs) ? undefined : LOST),
    );
  }

  async release(): Promise<void> {
    this.#returnHeld();
  }

  async close(): Promise<void> {
    this.#cut("closed");
    this.#returnHeld();
  }

  drop(): void {
    if (this.#state !== "open") return;
    this.#cut("dropped");
    if (this.#queue.rules.returnsByHold) return;
    this.#lost.abort();
    this.#queue.takeBack(this);
  }

  /** Where a hold lasts as long as its lease. */
  #returnHeld(): void {
    if (this.#queue.rules.consumerTimeoutMs !== undefined) this.#queue.takeBack(this);
  }

  #cut(why: "dropped" | "closed"): void {
    if (this.#state === "open") this.#state = why;
    this.#end?.();
    this.#queue.waiters.dismiss(({ holder }) => holder === this);
  }

  /** Empties the list, because the promise that brought it may be old and would keep the messages alive: docs/v8.md#old-objects */
  #deliveries(taken: Hold[]): readonly Delivery<Hold>[] {
    const deliveries = taken.map((hold) => this.#delivery(hold));
    taken.length = 0;
    return deliveries;
  }

  #settle(settlement: Settlement<Hold>, now: number): Outcome {
    const { receipt } = settlement;
    switch (settlement.action) {
      case "ack": {
        const injected = this.#broker.faults.takeAck();
        if (injected === "ok") return undefined;
        if (injected === "error")
          return { cause: new MemoryFault("retryable", "no-answer", "the test asked for a lost ack") };
        return this.#queue.ack(receipt, now) ? undefined : LOST;
      }
      case "retry":
        return this.#giveBack(receipt, settlement.delayMs, settlement.attempt);
      case "release":
        return this.#giveBack(receipt, settlement.delayMs ?? 0, undefined);
    }
  }

  /** `attempts`: how often it has failed. Undefined: as often as before. */
  #giveBack(receipt: Hold, delayMs: number, attempts: number | undefined): Outcome {
    const { retryDelayMs } = this.capabilities;
    if (delayMs > retryDelayMs)
      return { cause: new MemoryFault("permanent", "delay-too-long", `${delayMs} ms; at most ${retryDelayMs}`) };
    const refused = this.#queue.rules.returnsByHold ? this.#tooLong(receipt, delayMs) : undefined;
    return refused ?? (this.#queue.giveBack(receipt, delayMs, attempts) ? undefined : LOST);
  }

  #tooLong(receipt: Hold, forMs: number): Outcome {
    const limit = this.#queue.rules.holdLimitMs;
    if (limit === undefined || this.#broker.clock.now() + forMs <= receipt.from + limit) return undefined;
    return {
      cause: new MemoryFault(
        "permanent",
        "hold-too-long",
        `the hold would pass ${limit / 3_600_000} hours from its receive`,
      ),
    };
  }

  #delivery(hold: Hold): Delivery<Hold> {
    const { clock } = this.#broker;
    const limit = this.#queue.rules.holdLimitMs;
    const last = limit === undefined ? undefined : clock.toMonotonic(hold.from + limit);
    const attempt = this.capabilities.attempts === "local" ? undefined : hold.item.attempts;
    return new HandedOut(hold, attempt, clock.toEpoch(hold.item.at), clock.toMonotonic(hold.due), last);
  }

  #check(): void {
    if (this.#state === "dropped") throw DROPPED();
    if (this.#state === "closed") throw closed("receiver");
    this.#checkThere();
  }

  /** With a closed receiver SQS still settles, because holds outlive it, and RabbitMQ says of each message that it is lost. */
  #checkSettling(): void {
    if (this.#state === "closed" && this.#queue.rules.form !== "memory") this.#checkThere();
    else this.#check();
  }

  #checkThere(): void {
    if (this.#broker.queues.get(this.#queue.name) !== this.#queue) throw notFound("queue", this.#queue.name);
  }

  #checkBatch(size: number): void {
    const { count } = this.capabilities.maxBatch;
    if (size > count) throw new MemoryFault("permanent", "too-many-in-batch", `${size} entries; at most ${count}`);
  }
}

/** A class, so that V8 does not pretenure it: docs/v8.md#pretenuring */
class HandedOut implements Delivery<Hold> {
  readonly id: string;
  readonly message: WireMessage;
  readonly receipt: Hold;
  readonly raw: WireMessage;
  readonly attempt: number | undefined;
  readonly enqueuedAt: number;
  readonly deadline: number;
  declare readonly lastDeadline?: number;

  constructor(
    hold: Hold,
    attempt: number | undefined,
    enqueuedAt: number,
    deadline: number,
    lastDeadline: number | undefined,
  ) {
    const { item } = hold;
    this.id = String(item.seq);
    this.message = handedOut(item.message);
    this.receipt = hold;
    this.raw = item.message;
    this.attempt = attempt;
    this.enqueuedAt = enqueuedAt;
    this.deadline = deadline;
    if (lastDeadline !== undefined) this.lastDeadline = lastDeadline;
  }
}
