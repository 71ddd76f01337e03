import type { Runtime } from "@switchyard/core/driver";

/**
 * Where a group stands in a shard, in the terms of KCL's lease table.
 *
 * `TRIM_HORIZON`: nothing settled, read from the oldest record. `{ time }`: nothing settled, read from that time on (epoch
 * milliseconds; KCL's `AT_TIMESTAMP`). `{ sequence }`: everything up to and with that record is settled; where one record
 * carries several messages, `sub` is the last settled of them and absent means all. `SHARD_END`: all is settled, there will
 * be no more. `LATEST` is found in tables of KCL only; the engine turns it into a time when it takes the lease.
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

/** The right to read one shard for one group. KCL's column in brackets where it has one. */
export interface LeaseRow {
  /** The shard's id (`leaseKey`). */
  readonly key: string;
  /** Rises with every write but a handover's request; never goes back while the row lives (`leaseCounter`). */
  readonly counter: number;
  /** Who has it, or is to have it once `handoverFrom` is gone (`leaseOwner`). */
  readonly owner?: string;
  /** Who still has it, asked by `owner` to hand it over (`checkpointOwner`). */
  readonly handoverFrom?: string;
  /** The counter at which its tenure began; absent while nobody has it. Own column: `fencingToken`. */
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

export type NewLease = Pick<LeaseRow, "key" | "checkpoint" | "parents" | "hashRange">;

/** A process that takes leases; keeps its row alive while it holds none. */
export interface WorkerRow {
  readonly id: string;
  readonly counter: number;
  /** `draining`: takes no more, and no one counts it. */
  readonly state: "active" | "draining";
}

/** Written once, before the first lease: what the table is for and where the group started. */
export interface GroupRow {
  readonly group: string;
  readonly stream: string;
  /** Where the group first started: `latest` resolved to a time, so that a crash before the first checkpoint skips nothing. */
  readonly start: Checkpoint;
  /** Every shard of the first listing has its row. */
  readonly complete: boolean;
}

/** Whose leases these are. A table that says otherwise is refused. */
export type GroupIdentity = Pick<GroupRow, "group" | "stream">;

export interface LeaseTable {
  readonly group: GroupRow | undefined;
  readonly leases: readonly LeaseRow[];
  readonly workers: readonly WorkerRow[];
}

/** All that is given must hold, else nothing is written. `null`: the field is absent. */
export interface Expect {
  readonly counter?: number;
  readonly token?: number | null;
  readonly owner?: string | null;
  readonly handoverFrom?: string | null;
  /** It is the owner, or the one asked to hand over. */
  readonly holder?: string;
}

/** What is given is written. `null` removes the field. */
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

export type Updated =
  | { readonly applied: true /** As written. */; readonly row: LeaseRow }
  | { readonly applied: false /** As it is; undefined: there is none. */; readonly row: LeaseRow | undefined };

/**
 * What a lease store implements: one group's table with conditional writes. Nothing else is asked of it; the rules are the
 * engine's.
 *
 * Every read is strongly consistent, every write atomic per row. A rejected write may have been applied: the engine knows how
 * to find out. A store keeps no state of its own, reads no clock, and never retries.
 */
export interface LeaseStore {
  /** For messages: `DynamoDB table dev_orders_billing`. */
  readonly name: string;
  /**
   * Checks that the table is there, is a lease table and that no KCL application is running on it; the engine calls it before
   * all else, and compares the group's row itself. Rejects with a MessagingError of kind `config`: `lease-table-missing`,
   * `lease-table-foreign`, `lease-table-live`; of kind `auth` where a right is missing. A check that has to wait for a known
   * time tells `announce` before it does: that time does not count against the caller's patience.
   */
  open(signal: AbortSignal, runtime: Runtime, announce?: Announce): Promise<void>;
  load(signal: AbortSignal): Promise<LeaseTable>;
  get(key: string, signal: AbortSignal): Promise<LeaseRow | undefined>;
  /** Each unless there; counter 0, tenures 0, nobody's. */
  insert(rows: readonly NewLease[], signal: AbortSignal): Promise<void>;
  update(key: string, expect: Expect, change: Change, signal: AbortSignal): Promise<Updated>;
  /** False: the counter has moved, or there is no such row. */
  remove(key: string, counter: number, signal: AbortSignal): Promise<boolean>;
  /** Unless there; the row as it is then. */
  begin(group: GroupRow, signal: AbortSignal): Promise<GroupRow>;
  /** The group's `complete` becomes true. */
  complete(signal: AbortSignal): Promise<void>;
  /** The worker's counter + 1 and its state; makes the row where there is none. */
  beat(worker: Pick<WorkerRow, "id" | "state">, signal: AbortSignal): Promise<void>;
  /** `counter`: only while it is that. */
  forget(worker: string, counter: number | undefined, signal: AbortSignal): Promise<void>;
  /** The error as the engine should treat it; the SDK's and the driver's own words stay in the cause. */
  classify(cause: unknown): StoreFault;
  close(): Promise<void>;
}

/** A wait that is planned: how many milliseconds, and in a sentence what for. */
export type Announce = (waitMs: number, why: string) => void;

export interface StoreFault {
  readonly kind: "retryable" | "throttled" | "auth" | "config" | "permanent" | "closed";
  /** kebab-case. */
  readonly code: string;
  readonly hint?: string;
  /** What the database said, as it said it. */
  readonly said?: string;
}
