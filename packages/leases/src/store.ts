import type { Runtime } from "@switchyard/core/driver";

/**
 * A group's position in a shard, in the terms of KCL's lease table.
 *
 * `TRIM_HORIZON`: nothing settled, read from the oldest record. `{ time }`: nothing settled, read from that time on (epoch
 * milliseconds; KCL's `AT_TIMESTAMP`). `{ sequence }`: everything up to and including that record is settled; if the record has several
 * messages, `sub` is the last settled one, and absent means all. `SHARD_END`: all is settled, and no more records come. `LATEST` occurs
 * only in tables of KCL; the engine turns it into a time when it takes the lease.
 */
export type Checkpoint =
  | "TRIM_HORIZON"
  | "LATEST"
  | "SHARD_END"
  | { readonly time: number }
  | {
      /** Decimal digits; a later record's is the greater number. */
      readonly sequence: string;
      readonly sub?: number;
    };

/** The right to read one shard for one group. KCL's column, if there is one, is in brackets. */
export interface LeaseRow {
  /** The shard's id (`leaseKey`). */
  readonly key: string;
  /** Rises with every write except a handover request, and never falls while the row exists (`leaseCounter`). */
  readonly counter: number;
  /** The worker that holds it, or that gets it once `handoverFrom` has released it (`leaseOwner`). */
  readonly owner?: string;
  /** The worker that still holds it and was asked by `owner` to hand it over (`checkpointOwner`). */
  readonly handoverFrom?: string;
  /** The counter at which its tenure began; absent while it is free. In a column of ours: `fencingToken`. */
  readonly token?: number;
  readonly checkpoint: Checkpoint;
  /** Tenures in a row, the running one included, without progress of the checkpoint (`ownerSwitchesSinceCheckpoint`). */
  readonly tenures: number;
  /** `parentShardId`. */
  readonly parents: readonly string[];
  /** Set with SHARD_END (`childShardIds`). */
  readonly children: readonly string[];
  /** `startingHashKey`, `endingHashKey`. */
  readonly hashRange?: { readonly from: string; readonly to: string };
}

/** A lease that is to be added. */
export type NewLease = Pick<LeaseRow, "key" | "checkpoint" | "parents" | "hashRange">;

/** A process that takes leases. It renews its own row while it holds none. */
export interface WorkerRow {
  readonly id: string;
  readonly counter: number;
  /** `draining`: it takes no more leases and does not count for shares. */
  readonly state: "active" | "draining";
}

/** Written once, before the first lease: the table's purpose and the group's start position. */
export interface GroupRow {
  readonly group: string;
  readonly stream: string;
  /** Where the group first started: `latest` resolved to a time, so that a crash before the first checkpoint skips nothing. */
  readonly start: Checkpoint;
  /** Every shard of the first listing has its row. */
  readonly complete: boolean;
}

/** The group and log of the leases. A table made for others is refused. */
export type GroupIdentity = Pick<GroupRow, "group" | "stream">;

/** The rows of one group. */
export interface LeaseTable {
  readonly group: GroupRow | undefined;
  readonly leases: readonly LeaseRow[];
  readonly workers: readonly WorkerRow[];
}

/** The write's conditions. If one does not hold, nothing is written. `null` means that the field is absent. */
export interface Expect {
  readonly counter?: number;
  readonly token?: number | null;
  readonly owner?: string | null;
  readonly handoverFrom?: string | null;
  /** The worker must be the owner, or the one asked to hand over. */
  readonly holder?: string;
}

/** The fields to write. `null` removes a field. */
export interface Change {
  /** Counter + 1. */
  readonly bump: boolean;
  readonly token?: number | null;
  readonly owner?: string | null;
  readonly handoverFrom?: string | null;
  readonly checkpoint?: Checkpoint;
  readonly tenures?: number;
  readonly children?: readonly string[];
}

/** The outcome of a conditional write. */
export type Updated =
  | { readonly applied: true /** The row as written. */; readonly row: LeaseRow }
  | {
      readonly applied: false /** The row as it is. Undefined if there is none. */;
      readonly row: LeaseRow | undefined;
    };

/**
 * What a lease store implements: one group's table with conditional writes. All rules are in the engine.
 *
 * Every read must be strongly consistent and every write atomic per row. A rejected write may have been applied; the engine finds
 * out. A store keeps no state, reads no clock and never retries.
 */
export interface LeaseStore {
  /** For messages: `DynamoDB table dev_orders_billing`. */
  readonly name: string;
  /**
   * Checks that the table exists, is a lease table and is not used by a running KCL application. The engine calls it first, and checks
   * the group's row itself. Rejects with a MessagingError of kind `config` (`lease-table-missing`, `lease-table-foreign`,
   * `lease-table-live`), or of kind `auth` if a permission is missing. A check that has to wait for a known time calls `announce` first;
   * that time does not count against the caller's timeout.
   */
  open(signal: AbortSignal, runtime: Runtime, announce?: Announce): Promise<void>;
  load(signal: AbortSignal): Promise<LeaseTable>;
  get(key: string, signal: AbortSignal): Promise<LeaseRow | undefined>;
  /** Creates each row unless it exists, with counter 0, tenures 0 and no owner. */
  insert(rows: readonly NewLease[], signal: AbortSignal): Promise<void>;
  update(key: string, expect: Expect, change: Change, signal: AbortSignal): Promise<Updated>;
  /** Returns false if the counter has changed or the row does not exist. */
  remove(key: string, counter: number, signal: AbortSignal): Promise<boolean>;
  /** Creates the row unless it exists. Returns the row in the table. */
  begin(group: GroupRow, signal: AbortSignal): Promise<GroupRow>;
  /** Sets the group's `complete` to true. */
  complete(signal: AbortSignal): Promise<void>;
  /** Writes the worker's state and raises its counter by 1. Creates the row if there is none. */
  beat(worker: Pick<WorkerRow, "id" | "state">, signal: AbortSignal): Promise<void>;
  /** Deletes the row only if its counter is `counter`. */
  forget(worker: string, counter: number | undefined, signal: AbortSignal): Promise<void>;
  /** Classifies an error for the engine. The client's own text stays in the cause. */
  classify(cause: unknown): StoreFault;
  close(): Promise<void>;
}

/** Announces a planned wait: its milliseconds and, in a sentence, its reason. */
export type Announce = (waitMs: number, why: string) => void;

/** What an error of a store means for the engine. */
export interface StoreFault {
  readonly kind: "retryable" | "throttled" | "auth" | "config" | "permanent" | "closed";
  /** kebab-case. */
  readonly code: string;
  readonly hint?: string;
  /** The database's own text. */
  readonly said?: string;
}
