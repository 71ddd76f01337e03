import { reconnectMs } from "../../plan/backoff.ts";
import type { Delivery, Fault } from "../../driver/index.ts";
import { fromFault } from "../../api/errors.ts";
import { mended, troubled } from "./lease-troubles.ts";
import type { LeaseRoom, LeaseWork } from "./lease-work.ts";

/** An empty answer sooner than this did not wait as it was asked to. */
const HASTY_MS = 20;

/** The lease that receives. */
export interface Receiving extends LeaseWork, LeaseRoom {
  /** How many more records may be held; on anything but a log there is no such limit. */
  windowRoom(): number;
  arrive(deliveries: readonly Delivery[]): void;
  /** The right to read has ended: what is held is settled, then the lease is released. */
  ended(): void;
}

/** What a loop needs of those beside it. */
export interface Loops {
  /** No new receive. */
  readonly signal: AbortSignal;
  /** The receives that begin now end early when it aborts. */
  readonly receiving: AbortSignal;
  /** Places in the budget that the receives under way have reserved. */
  reserved: number;
  /** How long the last receive may wait. */
  waitMs: number;
  whenWindowMoves(wake: () => void): void;
  /** A poll came back full: another loop may be of use. */
  full(): void;
  ended(): void;
}

/**
 * Receives, and receives again: room in the budget is reserved before each call (contract C12). Written with callbacks, because an
 * async function that waits keeps what it last received. The answer is emptied once it is handed on (docs/v8.md#old-objects).
 */
export class ReceiveLoop {
  readonly #lease: Receiving;
  readonly #loops: Loops;
  /** The one that goes on when there is nothing to receive. */
  readonly #first: boolean;
  #reserved = 0;
  #began = 0;
  #failures = 0;
  #hasty = 0;
  /** Of the receive under way. */
  #receiving: AbortSignal | undefined;
  /** The last receive ended early because another lease wanted room: the next leaves it some. */
  #interrupted = false;

  constructor(lease: Receiving, loops: Loops, first: boolean) {
    this.#lease = lease;
    this.#loops = loops;
    this.#first = first;
  }

  readonly next = (): void => {
    const { host } = this.#lease;
    const { budget, plan } = host.context;
    const window = this.#lease.windowRoom();
    if (this.#loops.signal.aborted) return this.#loops.ended();
    if (window <= 0) return this.#first ? this.#loops.whenWindowMoves(this.next) : this.#loops.ended();
    let share = host.share();
    if (this.#interrupted) {
      this.#interrupted = false;
      share -= this.#lease.placesTaken;
    }
    const most = Math.max(Math.min(share, host.capabilities.maxBatch.count, window), 1);
    // A call that brings one message costs what a call for ten does: while handlers are busy, places are left to gather.
    const least = Math.max(Math.min(most, plan.maxInFlight >> 1), 1);
    const taken = budget.tryTake(most, least);
    if (taken > 0) return this.#receive(taken);
    if (!this.#first) return this.#loops.ended();
    host.full();
    host.makeRoom(this.#lease);
    void budget.take(most, least).then(this.#granted);
  };

  readonly #granted = (taken: number): void => {
    if (taken > 0) this.#receive(taken);
    else if (this.#loops.signal.aborted || this.#lease.host.stopping) this.#loops.ended();
    else this.next();
  };

  #receive(reserved: number): void {
    const { lease, host } = this.#lease;
    const { signal } = this.#loops;
    this.#reserved = reserved;
    if (signal.aborted) {
      host.context.budget.unreserve(reserved);
      return this.#loops.ended();
    }
    this.#began = host.context.runtime.monotonic();
    this.#loops.reserved += reserved;
    this.#loops.waitMs = host.waitMs();
    this.#receiving = this.#loops.receiving;
    let answer: Promise<readonly Delivery[] | null>;
    try {
      answer = lease.receive(reserved, this.#loops.waitMs, this.#receiving);
    } catch (cause) {
      return this.#failed(cause);
    }
    void answer.then(this.#got, this.#failed);
  }

  readonly #got = (got: readonly Delivery[] | null): void => {
    const { budget } = this.#lease.host.context;
    if (this.#failures > 0) this.#works();
    this.#loops.reserved -= this.#reserved;
    this.#interrupted = this.#receiving!.aborted;
    const count = got === null ? 0 : got.length;
    if (count < this.#reserved) budget.unreserve(this.#reserved - count);
    if (got === null) {
      this.#lease.ended();
      this.#loops.ended();
    } else if (count === 0) this.#empty();
    else {
      this.#hasty = 0;
      if (!this.#arrive(got as Delivery[])) return this.#loops.ended();
      if (count >= this.#reserved) this.#loops.full();
      this.next();
    }
  };

  #works(): void {
    this.#failures = 0;
    mended(this.#lease, "receive");
  }

  /** False: one of them is no delivery. The lease ends, and what it gave comes again once the receiver is opened anew. */
  #arrive(got: Delivery[]): boolean {
    try {
      this.#lease.arrive(got);
    } catch (cause) {
      this.#lease.broken(cause, this.#lease.classify(cause, "receive"));
      return false;
    }
    if (!Object.isFrozen(got)) got.length = 0;
    return true;
  }

  #empty(): void {
    if (!this.#first) return this.#loops.ended();
    if (this.#interrupted) return this.next();
    const { runtime } = this.#lease;
    this.#hasty = runtime.monotonic() - this.#began < HASTY_MS ? this.#hasty + 1 : 0;
    if (this.#hasty <= 3) return this.next();
    void runtime.sleep(Math.min(10 * 2 ** (this.#hasty - 3), 1_000), this.#loops.signal).then(this.next);
  }

  /** A fault that will not pass by itself ends the lease (driver rule 7). */
  readonly #failed = (cause: unknown): void => {
    const { context } = this.#lease.host;
    const { signal } = this.#loops;
    this.#loops.reserved -= this.#reserved;
    context.budget.unreserve(this.#reserved);
    if (signal.aborted || !this.#first) return this.#loops.ended();
    // An interruption may end as a rejection; what else is wrong the next receive says again.
    if (this.#receiving!.aborted && !this.#interrupted) {
      this.#interrupted = true;
      return this.next();
    }
    const fault: Fault = this.#lease.classify(cause, "receive");
    if ((fault.kind !== "retryable" && fault.kind !== "throttled") || this.#lease.lease.lost.aborted) {
      this.#lease.broken(cause, fault);
      return this.#loops.ended();
    }
    troubled(this.#lease, "receive", cause);
    const retryInMs = Math.max(reconnectMs(++this.#failures, context.runtime.random), fault.retryAfterMs ?? 0);
    const error = fromFault(fault, `receive from "${context.physicalName}"`, cause, {
      channel: context.channel.channel,
      group: context.plan.group,
    });
    context.emit({ type: "receive-failed", level: "warn", error, retryInMs, lease: this.#lease.lease.id });
    void context.runtime.sleep(retryInMs, signal).then(this.next);
  };
}
