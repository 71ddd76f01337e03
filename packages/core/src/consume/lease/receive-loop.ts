import type { TelemetryResult } from "../../api/telemetry.ts";
import { type Probe, resultOf, traceIn } from "../../wire/probe.ts";
import { reconnectMs } from "../../plan/backoff.ts";
import type { Delivery, Fault } from "../../driver/index.ts";
import { fromFault } from "../../api/errors.ts";
import { cleared, troubled } from "./lease-troubles.ts";
import type { LeaseRoom, LeaseWork } from "./lease-work.ts";

/** An empty answer sooner than this many milliseconds means that the driver did not wait as asked. */
const HASTY_MS = 20;

/** A lease as its receive loops see it. */
export interface Receiving extends LeaseWork, LeaseRoom {
  /** How many more records may be held. Infinity except on a log. */
  windowRoom(): number;
  arrive(deliveries: readonly Delivery[]): void;
  /** Call this when the right to read has ended. Held messages are settled, then the lease is released. */
  ended(): void;
}

/** What the receive loops of a lease share. */
export interface Loops {
  /** Once aborted, no new receive starts. */
  readonly signal: AbortSignal;
  /** Ends the receives that begin now early when it aborts. */
  readonly receiving: AbortSignal;
  /** Places in the budget reserved by the receives in flight. */
  reserved: number;
  /** Milliseconds that the last receive may wait. */
  waitMs: number;
  whenWindowMoves(wake: () => void): void;
  /** Call this when a receive returned all it asked for: another loop may help. */
  full(): void;
  ended(): void;
}

/**
 * Receives in a loop, and reserves room in the budget before each call (contract C12). Written with callbacks, and empties each
 * answer once it is handed on (docs/v8.md#old-objects).
 */
export class ReceiveLoop {
  readonly #lease: Receiving;
  readonly #loops: Loops;
  /** The first loop continues when there is nothing to receive. */
  readonly #first: boolean;
  #reserved = 0;
  #began = 0;
  #inFlight = false;
  #failures = 0;
  #hasty = 0;
  /** The signal of the receive in flight. */
  #receiving: AbortSignal | undefined;
  /** The last receive ended early because another lease wanted room, so the next asks for less. */
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
    // A call for one message costs as much as a call for ten, so wait for more free places while handlers are busy.
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
    this.#inFlight = true;
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

  /** For how many milliseconds the receive in flight has had no answer. 0 if none is. */
  waitingMs(now: number): number {
    return this.#inFlight ? now - this.#began : 0;
  }

  readonly #got = (got: readonly Delivery[] | null): void => {
    this.#inFlight = false;
    const { budget } = this.#lease.host.context;
    if (this.#failures > 0) this.#works();
    const { probe } = this.#lease.host.context;
    if (probe !== undefined && got !== null) this.#tell(probe, got);
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

  /** Tells telemetry of a receive. */
  #tell(probe: Probe, got: readonly Delivery[], failure?: TelemetryResult): void {
    const tookMs = this.#lease.runtime.monotonic() - this.#began;
    const traces = () => got.map(({ message }) => traceIn(message));
    probe.received({ count: got.length, traces }, tookMs, failure);
  }

  #works(): void {
    this.#failures = 0;
    cleared(this.#lease, "receive");
  }

  /** Returns false if the driver's answer is malformed. The lease then ends, and its messages come again after the receiver is reopened. */
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

  /** A permanent fault ends the lease (driver rule 7). */
  readonly #failed = (cause: unknown): void => {
    this.#inFlight = false;
    const { context } = this.#lease.host;
    const { signal } = this.#loops;
    this.#loops.reserved -= this.#reserved;
    context.budget.unreserve(this.#reserved);
    if (signal.aborted || !this.#first) return this.#loops.ended();
    // An interrupted receive may reject. If something else is wrong, the next receive fails too.
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
    if (context.probe !== undefined) this.#tell(context.probe, [], resultOf(fault.code));
    const retryInMs = Math.max(reconnectMs(++this.#failures, context.runtime.random), fault.retryAfterMs ?? 0);
    const error = fromFault(fault, `receive from "${context.physicalName}"`, cause, {
      channel: context.channel.channel,
      group: context.plan.group,
    });
    context.emit({ type: "receive-failed", level: "warn", error, retryInMs, lease: this.#lease.lease.id });
    void context.runtime.sleep(retryInMs, signal).then(this.next);
  };
}
