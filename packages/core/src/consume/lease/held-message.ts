import type { Linked } from "../../base/linked-queue.ts";
import type { Listed } from "../../base/linked-list.ts";
import type { Delivery, Outcome, Runtime, Settlement } from "../../driver/index.ts";
import type { Handling } from "../../api/telemetry.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import type { BodyState } from "./bodies.ts";

/** The decision not to try a message again. It is dead-lettered, blocked or skipped, as the policy says for exhausted messages. */
export interface Condemned {
  readonly action: "deadLetter";
  /** kebab-case: `attempts-exhausted`, `rejected`, `invalid-message`, `unknown-type`, `untyped-message`, `crash-loop`. */
  readonly code: string;
  readonly reason: string;
  readonly error?: unknown;
}

/**
 * The state of a held message. Only its {@link Keeper}, the lease that holds it, changes it:
 *
 *     ready → running → ready → settling → done
 *       ↑ └──────────────── ↓ ──→ settling        given back unstarted
 *       └──── waiting ←──── ready                 until its next attempt
 *     any but settling and done → lost            the hold is gone
 *
 * The receipt of a `lost` message must not be used. If its handler still runs, the message leaves when the handler ends.
 */
export type HeldState = "ready" | "running" | "waiting" | "settling" | "done" | "lost";

/** Why a message goes back unhandled. It uses up no attempt. */
export type ReleaseReason = "stop" | "asked" | "order" | "hold" | "breaker" | "room";

/** The lease that holds a message. Every change of the message's state is a call here. */
export interface Keeper {
  /** The queue or shard, as events name it. */
  readonly id: string;
  readonly runtime: Runtime;
  /** True for a log, which is settled by checkpoint. Nothing can be returned to it. */
  readonly log: boolean;
  /** True while the lease is being given up: failures are not retried here any more. */
  readonly ending: boolean;
  readonly fencingToken: number | undefined;
  /** Call this when a handler takes the message, alone or in a batch. */
  begin(message: HeldMessage): void;
  /** Call this when its handler has ended. A verdict follows. */
  end(message: HeldMessage): void;
  /** Settles the message as handled. */
  ack(message: HeldMessage): void;
  /** Whether this process can hold the message for `delayMs`. */
  canKeep(message: HeldMessage, delayMs: number): boolean;
  /** Whether the broker can delay its redelivery by `delayMs`. */
  canReturn(message: HeldMessage, delayMs: number): boolean;
  /** Schedules its next attempt in this process. It stays the head of its lane. */
  wait(message: HeldMessage, delayMs: number): void;
  /** Returns it to the broker after a failed attempt, together with the messages held behind it in its lane. */
  giveBack(message: HeldMessage, delayMs: number, attempt: number): void;
  /**
   * Returns a message that waits. The broker redelivers it no earlier than in `delayMs`, which {@link canReturn} must allow. It uses up no
   * attempt, except in another process if the broker counts every delivery.
   */
  postpone(message: HeldMessage, delayMs: number, reason: ReleaseReason): void;
  /** Returns it at once without using up an attempt. On a log it stays unsettled. */
  release(message: HeldMessage, reason: ReleaseReason): void;
  /** Removes it from this process. Frees its place in the budget and lets the next of its lane start. */
  leave(message: HeldMessage): void;
  /** At most `most` messages behind it in its lane, for the same batch. */
  following(message: HeldMessage, most: number): readonly HeldMessage[];
  /** How many messages its lane holds, itself included. */
  laneLength(message: HeldMessage): number;
}

/** Bytes added to the body's length for the objects around a message: an estimate. */
const OVERHEAD = 512;

/** One delivery in this process, from its arrival to its settlement. */
export class HeldMessage implements Linked<HeldMessage>, Listed<HeldMessage> {
  readonly delivery: Delivery;
  readonly lease: Keeper;
  readonly bytes: number;
  /** Its ordering key, or the lane of the whole lease if order is kept per partition only. */
  readonly lane: string | undefined;
  /** Written only by the lease that holds it. */
  readonly state: HeldState = "ready";
  deadline: number | undefined;
  /** Attempts that failed during this hold. */
  failures = 0;
  /** A handler of this process has begun on it, or an attempt of it has failed here. */
  attempted = false;
  /** Known attempts before this hold. */
  readonly before: number;
  /** How often this process returned it to wait and the broker counted that. */
  get waits(): number {
    return 0;
  }
  /** When its next attempt is due (monotonic), while it waits; `wait` is the timer. */
  dueAt = 0;
  wait: Disposable | undefined = undefined;
  /** The extension in flight. A settlement waits for it. */
  extending: Promise<readonly Outcome[] | undefined> | undefined = undefined;
  /** The settlement requested of the driver, and how often it failed. */
  settlement: Settlement | undefined = undefined;
  settleTries = 0;
  /** Set while its dead-letter copy could not be made: the copy is tried again, not the handler. */
  condemned: Condemned | undefined = undefined;
  /** When its dead-letter copy was first tried here, in epoch milliseconds. */
  condemnedAt: number | undefined = undefined;
  /** Its envelope, once read. */
  opened: Opened | undefined = undefined;
  /** How the reading of its body went, if its channel has a pipeline. */
  body: BodyState | undefined = undefined;
  /** When the first attempt that this process knows of failed, in epoch milliseconds. */
  firstFailedAt: number | undefined = undefined;
  /** Links of the list of all messages that its lease holds. */
  older: HeldMessage | undefined = undefined;
  newer: HeldMessage | undefined = undefined;
  /** Link of the queue of messages to settle. */
  next: HeldMessage | undefined = undefined;
  /** What telemetry has begun for its last attempt. Only where telemetry is on does a message have such a property. */
  declare handling?: Handling | undefined;
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

  /** The number of the current or next attempt, from 1. */
  get attempt(): number {
    const counted = this.delivery.attempt ?? 1;
    return (counted > this.before ? counted : this.before + 1) + this.failures;
  }

  /** Made on first use, since most handlers never use it. */
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

/** A message that this process has returned to wait, from a broker that counts every delivery. A class, so that others pay nothing. */
export class PostponedMessage extends HeldMessage {
  readonly #waits: number;

  constructor(delivery: Delivery, lease: Keeper, lane: string | undefined, before: number, waits: number) {
    super(delivery, lease, lane, before);
    this.#waits = waits;
  }

  override get waits(): number {
    return this.#waits;
  }

  override get attempt(): number {
    const counted = (this.delivery.attempt ?? 1) - this.#waits;
    return Math.max(counted, this.before + 1) + this.failures;
  }
}
