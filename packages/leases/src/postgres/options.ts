import type { LeaseClaim } from "../held-shard.ts";
import type { LeaseStore } from "../store.ts";

/** `Pool` of `pg` fits, and anything that answers to `query`. */
export interface PostgresPoolLike {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[]; readonly rowCount: number | null }>;
}

/** A client inside the handler's own transaction. */
export type PostgresTransactionLike = PostgresPoolLike;

/** The options of the PostgreSQL store. */
export interface PostgresOptions {
  /** Your pool, which is not closed. Two connections are enough. If handlers exhaust the pool, leases expire. */
  readonly pool: PostgresPoolLike;
  /** All groups of a database share it. Default `switchyard_leases`; may be `schema.table`. Two more begin with its name. */
  readonly table?: string;
  /** Which of the table's groups this store is for. */
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
