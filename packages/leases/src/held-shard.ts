import type { Shard } from "./source.ts";
import type { Checkpoint } from "./store.ts";

/** One tenure: the right to read a shard from the moment it was taken until it is released or lost. */
export interface HeldShard {
  /** The shard's id. */
  readonly id: string;
  /** Rises with every tenure of the shard, on any worker. For conditional writes downstream, and `delivery.fencingToken`. */
  readonly fencingToken: number;
  /**
   * Consecutive tenures, this one included, that stored no checkpoint and did not end by release. From 2 on the first record may be
   * what ends them: pass the number as the first delivery's `attempt` (driver rule 8).
   */
  readonly tenures: number;
  /** Where reading starts. Never SHARD_END or LATEST. */
  readonly from: Checkpoint;
  /** The last checkpoint known to be stored; `from` at first. */
  readonly stored: Checkpoint;
  /** Aborts when the lease is lost, or may be lost. Stop reading and settle nothing. */
  readonly lost: AbortSignal;
  /** Aborts when another worker wants the lease. Stop reading, settle, then call `release`. After the handover time it is handed over anyway. */
  readonly asked: AbortSignal;
  /** False once `lost` has aborted, and as soon as the clock passes the end of the tenure, even before the timer runs. */
  readonly valid: boolean;
  /**
   * Stores that all records up to `at` are settled, by a compare-and-set on this tenure. Resolves at once if `at` is not after
   * {@link stored}. Concurrent calls become one, with the farthest position. Rejects with `lease-lost` (final), or with a retryable error,
   * after which the checkpoint may have been stored.
   */
  checkpoint(at: { readonly sequence: string; readonly sub?: number }): Promise<void>;
  /**
   * Call this when every record of the shard is settled and the broker says there will be no more. Makes the children's leases, sets the
   * checkpoint to SHARD_END and ends the tenure. Rejects like `checkpoint`; call it again later.
   */
  ended(children: readonly Shard[]): Promise<void>;
  /**
   * Hands the lease at once to the worker that asked for it, or frees it. The tenure then does not count as one without progress. Does
   * nothing after `lost`. Never rejects: if the store cannot be reached, the lease expires.
   */
  release(): Promise<void>;
  /** What a store's transactional checkpoint needs to know about this tenure (`postgresLeases(...).checkpointIn`). */
  readonly claim: LeaseClaim;
}

/** Plain data that may be passed to handlers. */
export interface LeaseClaim {
  readonly group: string;
  readonly shard: string;
  readonly fencingToken: number;
}
