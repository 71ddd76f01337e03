import type { Runtime } from "../../driver/index.ts";
import type { GroupPlan } from "../../plan/plan.ts";
import type { HeldMessage } from "./held-message.ts";

type Limits = Pick<GroupPlan, "concurrency" | "maxInFlight" | "maxInFlightBytes" | "batch" | "capabilities">;

/** The share of a hold that handlers may use: core gives a message up a tenth of the hold before its end. */
const USABLE = 0.9;
/** 1 MiB: the message size assumed before the first message, if a small first window would be expensive. */
const ASSUMED_BYTES = 2 ** 20;
/** The weight of a new sample in a running mean. */
const WEIGHT = 1 / 8;
/** Of handlers that take less than this share of a hold, only one in `EVERY` is timed. */
const SHORT = 1 / 1_000;
const EVERY = 16;
/** Smaller changes are not made, since each costs calls to the broker. */
const GROW = 1.5;
const SHRINK = 0.75;

/**
 * Limits the messages that a push broker may have in this process (its prefetch). Such a broker sends until the limit is reached, so
 * the limit must be right before the messages arrive. It is the smallest of:
 *
 * - `maxInFlight`;
 * - as many as fit into `maxInFlightBytes`, by the mean size of the messages so far;
 * - if holds cannot be extended: as many as handlers finish within one hold, by the time they took so far. Messages that wait
 *   longer would go back unhandled.
 *
 * Before the first message, the broker's largest message size is assumed, and one hold per handler. If the leases of a group are
 * partitions, a change interrupts the reading of a partition and cannot always be made at once. The window then starts as large as
 * allowed and shrinks when measurements require it.
 */
export class Window {
  readonly #limits: Limits;
  readonly #runtime: Pick<Runtime, "monotonic">;
  /** How many messages handlers work on at once. */
  readonly #atOnce: number;
  /** True if holds cannot be extended. */
  readonly #fixed: boolean;
  readonly #partitions: boolean;
  #holdMs = Number.POSITIVE_INFINITY;
  #handlerMs: number | undefined;
  #bytes: number | undefined;
  #most: number;
  /** The message whose handler is being timed. */
  #timed: HeldMessage | undefined;
  #began = 0;
  /** How many messages to skip before the next is timed. */
  #untimed = 0;
  /** Called when the limit changes. `late`: messages beyond it would not be handled within their holds. */
  onChange: (most: number, late: boolean) => void = () => {};

  constructor(limits: Limits, runtime: Pick<Runtime, "monotonic">, batches: boolean) {
    this.#limits = limits;
    this.#runtime = runtime;
    const { holdExtend, settleResult, groupMembership, ordering, minInFlight = 1 } = limits.capabilities;
    // An ordered partition has one message with a handler at a time, whatever the concurrency.
    const handlers = ordering === "partition" ? Math.min(limits.concurrency, minInFlight) : limits.concurrency;
    this.#atOnce = handlers * (batches ? limits.batch.size : 1);
    this.#fixed = !holdExtend && settleResult !== "checkpoint";
    this.#partitions = groupMembership === "leases";
    this.#most = Math.min(limits.maxInFlight, this.#byBytes, this.#byTime);
  }

  get most(): number {
    return this.#most;
  }

  get #byBytes(): number {
    const { maxInFlightBytes, capabilities } = this.#limits;
    const { maxMessageBytes } = capabilities;
    const assumed = this.#partitions ? Math.min(maxMessageBytes, ASSUMED_BYTES) : maxMessageBytes;
    return Math.max(1, Math.floor(maxInFlightBytes / Math.max(this.#bytes ?? assumed, 1)));
  }

  get #byTime(): number {
    if (!this.#fixed) return Number.POSITIVE_INFINITY;
    if (this.#handlerMs === undefined) return this.#partitions ? Number.POSITIVE_INFINITY : this.#atOnce;
    const turns = Math.floor((this.#holdMs * USABLE) / Math.max(this.#handlerMs, 1));
    return Math.max(1, turns) * this.#atOnce;
  }

  /** `holdMs` is how long the holds last; 0 if unknown or unlimited. */
  arrived(count: number, bytes: number, holdMs: number): void {
    if (count === 0) return;
    const mean = bytes / count;
    this.#bytes = this.#bytes === undefined ? mean : this.#bytes + (mean - this.#bytes) * Math.min(1, count * WEIGHT);
    if (holdMs > 0) this.#holdMs = holdMs;
    this.#update();
  }

  began(message: HeldMessage): void {
    if (!this.#fixed || this.#timed !== undefined || --this.#untimed > 0) return;
    this.#timed = message;
    this.#began = this.#runtime.monotonic();
  }

  ended(message: HeldMessage): void {
    if (message !== this.#timed) return;
    this.#timed = undefined;
    this.#took(this.#runtime.monotonic() - this.#began);
  }

  /** Call this when a hold ended before its handler did, or before a handler was free. */
  overrun(): void {
    // The timed handler may be the one that never ends.
    this.#timed = undefined;
    if (this.#fixed && Number.isFinite(this.#holdMs)) this.#took(this.#holdMs);
  }

  /** A slower handler counts at once, a faster one gradually: a window too large costs redeliveries, one too small only round trips. */
  #took(ms: number): void {
    const known = this.#handlerMs;
    this.#handlerMs = known === undefined || ms > known ? ms : known + (ms - known) * WEIGHT;
    this.#untimed = this.#handlerMs < this.#holdMs * SHORT ? EVERY : 0;
    this.#update();
  }

  #update(): void {
    const { maxInFlight } = this.#limits;
    const byTime = this.#byTime;
    const next = Math.min(maxInFlight, this.#byBytes, byTime);
    const most = this.#most;
    if (next === most || (next > most && next < most * GROW && next < maxInFlight)) return;
    if (next < most && next > most * SHRINK) return;
    this.#most = next;
    this.onChange(next, next < most && byTime <= next);
  }
}
