/** One right to read: what is received under it, held, and settled. */
import type { WireMessage } from "./message.ts";

export interface Lease<R = any> {
  /** For people and metrics: the queue, the shard. */
  readonly id: string;
  /** Rises with every new holder of the same right. */
  readonly fencingToken?: number;
  /** Receipts are worthless from the moment it aborts. */
  readonly lost: AbortSignal;
  /**
   * At least one message, at most `max`, within `waitMs`; `[]` when that passed. On abort it ends early with what it has,
   * once nothing can be lost by it: what was read is returned, never dropped. `null`: the right to read ends (a shard's
   * end, or another worker asked for it); core settles what it holds and calls `release`. The array is core's from then
   * on: it empties it, so that the promise of a receive that waited long keeps no messages alive.
   * Core aborts a receive to stop, and to give its room to another lease of the group; then it calls again.
   * Called at most `concurrency.receive` times at once.
   */
  receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<R>[] | null>;
  /** One outcome each, in order. Rejects only when nothing is known of any. On a log the only action is `ack`: all up to it. */
  settle(batch: readonly Settlement<R>[], signal: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * Prolongs the hold to `forMs` from now. An outcome whose fault is `lost` ends the delivery. Absent where a hold lasts until its
   * `deadline` and no longer: what core must let go of then, it settles as `release`, a tenth of the hold before the end.
   */
  extend?(receipts: readonly R[], forMs: number, signal: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * Only of a broker that pushes. From now on at most `most` messages of this lease are held here, those not yet handed to core
   * included. If more are held, those not yet handed to core go back to the broker. The driver may take its time and the calls it needs;
   * it throws nothing. Core calls it seldom: when message sizes or handler times have changed by much.
   */
  limit?(most: number): void;
  /** `drained`: everything handed out was settled and stored. */
  release(reason: "drained" | "stopping", signal: AbortSignal): Promise<void>;
}

export interface Delivery<R = any> {
  /** The broker's id of the message, for logs. Never empty. */
  readonly id: string;
  /**
   * `false`: the id is a stranger's word, and other messages may have the same one. Core then adds up no attempts by it, so
   * `attempt` has to count every failed attempt that `settle` was told of.
   */
  readonly unique?: false | undefined;
  readonly message: WireMessage;
  readonly receipt: R;
  /** The broker's own message, for `delivery.raw`. */
  readonly raw: unknown;
  /** Counted by the broker, from 1. */
  readonly attempt?: number | undefined;
  /** When the broker accepted it (epoch). */
  readonly enqueuedAt?: number;
  /** On a log: the position, for `seek` and for people. */
  readonly position?: string;
  /** The hold ends then unless extended. Absent: it lasts as long as the lease. */
  readonly deadline?: number;
  /** No extension and no retry delay passes it (SQS: 12 hours from the receive). */
  readonly lastDeadline?: number;
}

export type Settlement<R = any> =
  | { readonly receipt: R; readonly action: "ack" }
  /** A failed attempt; not delivered again earlier than `delayMs`. `attempt` is the one that failed. */
  | { readonly receipt: R; readonly action: "retry"; readonly delayMs: number; readonly attempt: number }
  /** Nobody's fault: deliver again at once. */
  | { readonly receipt: R; readonly action: "release" };

/** Per item, in the order given: undefined is success. */
export type Outcome = undefined | { readonly cause: unknown };
