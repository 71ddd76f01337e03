import type { Shard } from "./source.ts";
import type { Checkpoint } from "./store.ts";

/** One tenure: the right to read a shard from the moment it was taken until it is released or lost. */
export interface HeldShard {
  /** The shard's id. */
  readonly id: string;
  /** Rises with every tenure of the shard, whoever has it. For conditional writes downstream, and `delivery.fencingToken`. */
  readonly fencingToken: number;
  /**
   * Tenures in a row, this one included, in which nothing was checkpointed and which did not end by release. From 2 on the
   * first record may be what ends them: give it as the first delivery's `attempt` (driver rule 8).
   */
  readonly tenures: number;
  /** Where reading starts. Never SHARD_END or LATEST. */
  readonly from: Checkpoint;
  /** The last checkpoint known to be stored; `from` at first. */
  readonly stored: Checkpoint;
  /** The lease is gone, or cannot be shown to be ours any more: read no more, settle nothing. Never un-aborts. */
  readonly lost: AbortSignal;
  /** Another worker wants it: read no more, settle, then `release`. After the handover time it is given away all the same. */
  readonly asked: AbortSignal;
  /** False from `lost` on, and as soon as the clock passes the end of the tenure, even where no timer could run yet. */
  readonly valid: boolean;
  /**
   * Stores that all records up to `at` are settled: a compare-and-set on this tenure. One not after {@link stored} is done
   * already. Calls at once are made one, the farthest. Rejects `lease-lost` (final), else retryable, when it may have been stored.
   */
  checkpoint(at: { readonly sequence: string; readonly sub?: number }): Promise<void>;
  /**
   * Every record of the shard was handed out and settled, and the broker says there will be no more: the children's leases are
   * made, the checkpoint becomes SHARD_END and the tenure is over. Rejects like `checkpoint`; call it again after a while.
   */
  ended(children: readonly Shard[]): Promise<void>;
  /**
   * Gives the lease to whoever asked for it, else to anybody, at once; not a tenure without progress. After `lost`: nothing.
   * Never rejects: a store that can't be reached sees the lease run out instead.
   */
  release(): Promise<void>;
  /** What a store's transactional checkpoint needs to know about this tenure (`postgresLeases(...).checkpointIn`). */
  readonly claim: LeaseClaim;
}

/** Plain data: may be given to handlers. */
export interface LeaseClaim {
  readonly group: string;
  readonly shard: string;
  readonly fencingToken: number;
}
