import type { Linked } from "../../base/linked-queue.ts";
import type { Listed } from "../../base/linked-list.ts";
import type { Delivery, Outcome, Runtime, Settlement } from "../../driver/index.ts";
import type { Opened } from "../../wire/incoming-message.ts";

/** Not to be tried again: to the dead letters, or whatever the policy does with exhausted messages. */
export interface Condemned {
  readonly action: "deadLetter";
  /** kebab-case: `attempts-exhausted`, `rejected`, `invalid-message`, `unknown-type`, `untyped-message`, `crash-loop`. */
  readonly code: string;
  readonly reason: string;
  readonly error?: unknown;
}

/**
 * Where a held message is on its way. Only {@link Keeper}, the lease that holds it, moves it on:
 *
 *     ready → running → ready → settling → done
 *       ↑ └──────────────── ↓ ──→ settling        given back unstarted
 *       └──── waiting ←──── ready                 until its next attempt
 *     any but settling and done → lost            the hold is gone
 *
 * `lost`: its receipt must not be used; a handler of it may still run, and then it leaves when the handler ends.
 */
export type HeldState = "ready" | "running" | "waiting" | "settling" | "done" | "lost";

/** Why a message goes back unhandled: nobody's fault, so no attempt is used up. */
export type ReleaseReason = "stop" | "asked" | "order" | "hold";

/** The lease that holds a message: every step of the message's way is a call here. */
export interface Keeper {
  /** For people: the queue, the shard. */
  readonly id: string;
  readonly runtime: Runtime;
  /** Settled by checkpoint: a log. Nothing can be given back to it. */
  readonly log: boolean;
  /** The lease is being given up: what fails now is not tried again here. */
  readonly ending: boolean;
  readonly fencingToken: number | undefined;
  /** A handler, or a batch with this one in it, takes it. */
  begin(message: HeldMessage): void;
  /** Its handler has ended; a verdict follows. */
  end(message: HeldMessage): void;
  /** It is done with, and is settled as handled. */
  ack(message: HeldMessage): void;
  /** Can this process hold it that long? */
  canKeep(message: HeldMessage, delayMs: number): boolean;
  /** Can the broker hold it back that long? */
  canReturn(message: HeldMessage, delayMs: number): boolean;
  /** The next attempt comes here, after the delay; meanwhile it stays the head of its lane. */
  wait(message: HeldMessage, delayMs: number): void;
  /** A failed attempt goes back to the broker, and what is held behind it of its key goes back too. */
  giveBack(message: HeldMessage, delayMs: number, attempt: number): void;
  /** Back at once, and no attempt is used up. On a log there is nowhere to give it back to: it stays unsettled. */
  release(message: HeldMessage, reason: ReleaseReason): void;
  /** Nothing more is done with it here. It frees its place in the budget and makes way in its lane. */
  leave(message: HeldMessage): void;
  /** What comes next in its lane, at most `most`, for the same batch. */
  following(message: HeldMessage, most: number): readonly HeldMessage[];
  /** How many a batch could take with a head that is ready, itself included. */
  laneLength(message: HeldMessage): number;
}

/** Body bytes are a fair measure of what a message weighs; this stands for the objects around it. */
const OVERHEAD = 512;

/** One delivery from its receipt to its settlement, as this process holds it. */
export class HeldMessage implements Linked<HeldMessage>, Listed<HeldMessage> {
  readonly delivery: Delivery;
  readonly lease: Keeper;
  readonly bytes: number;
  /** The lane: its order key, or the whole lease's where order is kept per partition only. */
  readonly lane: string | undefined;
  /** Written by the lease that holds it, and by nobody else. */
  readonly state: HeldState = "ready";
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
  /** Its place among all that its lease holds. */
  older: HeldMessage | undefined = undefined;
  newer: HeldMessage | undefined = undefined;
  /** In line to be settled. */
  next: HeldMessage | undefined = undefined;
  #abort: AbortController | undefined;
  #reason: unknown;

  constructor(delivery: Delivery, lease: Keeper, lane: string | undefined, before: number) {
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
