import type { LeaseClaim } from "../held-shard.ts";
import type { LeaseStore } from "../store.ts";

/** The part of a pool that is used. A `Pool` of `pg` has it. */
export interface PostgresPoolLike {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[]; readonly rowCount: number | null }>;
}

/** A client inside the handler's own transaction. */
export type PostgresTransactionLike = PostgresPoolLike;

/** The options of the PostgreSQL store. */
export interface PostgresOptions {
  /** Your pool. The store does not close it. Two connections are enough. If handlers exhaust the pool, leases expire. */
  readonly pool: PostgresPoolLike;
  /**
   * The table of leases, which all groups of a database share; `schema.table` is allowed. Default `switchyard_leases`. Two more tables have
   * its name and `_workers` or `_groups`.
   */
  readonly table?: string;
  /** The group that this store is for. */
  readonly group: string;
}

/** A lease store in PostgreSQL. */
export interface PostgresLeases extends LeaseStore {
  /**
   * Stores the checkpoint in the handler's transaction, which makes the handler's own writes effectively once. Call it last before
   * the commit: it locks the lease's row, and renewals wait for it.
   *
   * Resolves with `already` if an earlier attempt was committed: roll back. Rejects with `lease-lost` if the tenure is over: roll
   * back too. Use it only if the records of a shard are handled one at a time, since it stores `at` without regard to unsettled
   * records before it.
   */
  checkpointIn(
    transaction: PostgresTransactionLike,
    claim: LeaseClaim,
    at: { readonly sequence: string; readonly sub?: number },
  ): Promise<"stored" | "already">;
}
