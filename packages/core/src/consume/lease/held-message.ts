import type { Delivery, Outcome, Settlement } from "../../driver/index.ts";
import type { Linked } from "../../base/linked-queue.ts";
import type { LeaseRunner } from "./lease-runner.ts";
import type { Opened } from "../../wire/incoming-message.ts";

/** Not to be tried again: to the dead letters, or whatever the policy does with exhausted messages. */
export interface Condemned {
  readonly action: "deadLetter";
  /** kebab-case: `attempts-exhausted`, `rejected`, `invalid-message`, `unknown-type`, `untyped-message`, `crash-loop`. */
  readonly code: string;
  readonly reason: string;
  readonly error?: unknown;
}

/** `lost`: the hold is gone, its receipt must not be used; a handler of it may still run. */
export type HeldState = "ready" | "running" | "waiting" | "settling" | "done" | "lost";

/** Body bytes are a fair measure of what a message weighs; this stands for the objects around it. */
const OVERHEAD = 512;

/** One delivery from its receipt to its settlement, as this process holds it. */
export class Held implements Linked<Held> {
  readonly delivery: Delivery;
  readonly lease: LeaseRunner;
  readonly bytes: number;
  /** The lane: its order key, or the whole lease's where order is kept per partition only. */
  readonly lane: string | undefined;
  state: HeldState = "ready";
  deadline: number | undefined;
  /** Attempts that failed in this process while it was held. */
  failures = 0;
  /** Attempts known of before this hold. */
  readonly before: number;
  /** When a waiting one is due (monotonic), and what ends the wait. */
  dueAt = 0;
  wait: Disposable | undefined = undefined;
  /** An extension under way: a settlement must not be overtaken by it. */
  extending: Promise<readonly Outcome[] | undefined> | undefined = undefined;
  /** What its driver is asked to do with it, and how often that failed. */
  settlement: Settlement | undefined = undefined;
  settleTries = 0;
  /** Condemned, and its dead-letter copy found no place yet: the copy is tried again, not the handler. */
  condemned: Condemned | undefined = undefined;
  /** Its envelope, once read. */
  opened: Opened | undefined = undefined;
  /** Of the attempts this process knows (epoch). */
  firstFailedAt: number | undefined = undefined;
  /** Its place in the list of what its lease holds. */
  listed = false;
  older: Held | undefined = undefined;
  newer: Held | undefined = undefined;
  /** In line to be settled. */
  next: Held | undefined = undefined;
  #abort: AbortController | undefined;
  #reason: unknown;

  constructor(delivery: Delivery, lease: LeaseRunner, lane: string | undefined, before: number) {
    this.delivery = delivery;
    this.lease = lease;
    this.lane = lane;
    this.before = before;
    this.deadline = delivery.deadline;
    const { message } = delivery;
    this.bytes = (message.local ?? message.body).length + OVERHEAD;
  }

  /** The attempt that runs now, or would. */
  get attempt(): number {
    const counted = this.delivery.attempt ?? 1;
    return (counted > this.before ? counted : this.before + 1) + this.failures;
  }

  /** Made when first asked for: most handlers never look. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#abort?.abort(reason);
  }
}
