/** What a source pushes to this process: an invocation of a function, a request. */
import type { Delivery, Outcome, Settlement } from "./lease.ts";

/**
 * One event with messages of one group. Core handles them under a lease of their own, and the settlements are the answer to the event.
 * No two deliveries have the same receipt.
 */
export interface PushedEvent<R = any> {
  /** The queue or shard, for logs and metrics. */
  readonly id: string;
  /** The messages, in the order in which the source gave them. */
  readonly deliveries: readonly Delivery<R>[];
  /** Start one delivery at a time, and `settle` the acks before the next starts: one of them may have ended a process. Default false. */
  readonly alone?: boolean;
  /**
   * Carries out at the broker what an answer cannot say: the delay of a `retry`, a `release` at once, an `ack` before the answer. It
   * resolves as {@link Lease.settle} does. A failure only makes a message come later. Leave it out if the answer says everything.
   */
  settle?(batch: readonly Settlement<R>[], signal: AbortSignal): Promise<readonly Outcome[]>;
}

/**
 * What became of one message of an event.
 * - `ack`: it is done. `dead`: it was copied to its dead letters, and is done.
 * - `retry`: an attempt failed, and it must come again.
 * - `released`: it must come again, and no attempt was used up: it was not begun, or its handler had not ended in time.
 */
export type Verdict = "ack" | "dead" | "retry" | "released";
