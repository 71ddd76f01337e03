/** A lease: the right to read from one queue, AMQP channel or shard. Messages are received, held and settled under it. */
import type { WireMessage } from "./message.ts";

/** The right to read from one queue, AMQP channel or shard. Messages are received, held and settled under it. */
export interface Lease<R = any> {
  /** The queue or shard, for logs and metrics. */
  readonly id: string;
  /** A number that increases with every new holder of the same lease. */
  readonly fencingToken?: number;
  /** Aborts when the lease is lost. Receipts are invalid from then on, and core settles nothing more (driver rule 9). */
  readonly lost: AbortSignal;
  /**
   * True if `settle` waits for nothing outside of this process. Messages that stay in it ({@link WireMessage.local}) are then settled at
   * once, and otherwise after the publishes of the same tick.
   */
  readonly settlesAtOnce?: boolean;
  /**
   * Resolves with at least one and at most `max` messages, or with `[]` after `waitMs` milliseconds. Resolves with `null` when the
   * right to read has ended: the shard is closed, or another worker took it. Core then settles what it holds and calls `release`.
   *
   * When `signal` aborts, end the call as soon as no message can be lost by it, and return the messages that were already read (driver
   * rule 3). A poll that cannot be cancelled safely may run until `waitMs`. Core aborts a receive to stop, or to give its place to
   * another lease of the group, and may call again afterwards.
   *
   * Core calls it at most `concurrency.receive` times at once. The returned array belongs to core, which empties it, so the driver
   * must not keep or reuse it.
   */
  receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<R>[] | null>;
  /**
   * Settles deliveries and resolves with one outcome for each, in the same order. Reject only if the result of every item is unknown. It
   * must not retry. On a log the only action is `ack`, which acknowledges everything up to that record.
   */
  settle(batch: readonly Settlement<R>[], signal: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * Sets the holds to end `forMs` milliseconds from now. Resolves with one outcome for each receipt, in the same order. If the fault
   * of an outcome is `lost`, core treats that delivery as lost.
   *
   * Leave it out if a hold ends at its `deadline` and cannot be extended. Core then settles what it has not started as `release`, a
   * tenth of the hold before the end.
   */
  extend?(receipts: readonly R[], forMs: number, signal: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * Only for a broker that pushes. From now on, hold at most `most` messages of this lease, including messages that core has not taken
   * yet. If more are held, return those that core has not taken to the broker. The change may take time and several calls. It must not
   * throw. Core calls it rarely: when message sizes or handler times have changed much.
   */
  limit?(most: number): void;
  /**
   * Gives the lease up. `drained`: every delivery was settled and stored. `stopping`: some deliveries may be unsettled, and the broker
   * must redeliver them.
   */
  release(reason: "drained" | "stopping", signal: AbortSignal): Promise<void>;
}

/** One received message with its receipt. */
export interface Delivery<R = any> {
  /** The broker's id of the message. Must not be empty. */
  readonly id: string;
  /**
   * `false`: another producer chose the id, so several messages may have it. Core then does not count attempts by it; `attempt` must
   * include every failed attempt that `settle` was told about.
   */
  readonly unique?: false | undefined;
  readonly message: WireMessage;
  /** The driver's own handle, which core passes back to `settle` and `extend`. */
  readonly receipt: R;
  /** The broker client's message object. Applications see it as `delivery.raw`. */
  readonly raw: unknown;
  /** The attempt as the broker counts it, from 1. See {@link Capabilities.attempts}. */
  readonly attempt?: number | undefined;
  /** When the broker accepted the message (epoch milliseconds). */
  readonly enqueuedAt?: number;
  /** On a log: the position, for `seek` and for logs. */
  readonly position?: string;
  /** When the hold ends unless it is extended ({@link Runtime.monotonic}). Absent: it lasts as long as the lease. */
  readonly deadline?: number;
  /** The latest possible end of the hold; no extension or retry delay goes beyond it (SQS: 12 hours after the receive). */
  readonly lastDeadline?: number;
}

/** What is to become of one delivery. */
export type Settlement<R = any> =
  | { readonly receipt: R; readonly action: "ack" }
  /** Attempt number `attempt` failed. The broker must not redeliver the message before `delayMs` milliseconds have passed. */
  | { readonly receipt: R; readonly action: "retry"; readonly delayMs: number; readonly attempt: number }
  /**
   * The message did not fail, and its attempt must not change if the broker can do so. The broker should redeliver it at once, or no
   * earlier than after `delayMs` milliseconds. Core gives a `delayMs` only up to {@link Capabilities.releaseDelayMs}.
   */
  | { readonly receipt: R; readonly action: "release"; readonly delayMs?: number };

/** The result for one item. Undefined means success. */
export type Outcome = undefined | { readonly cause: unknown };
