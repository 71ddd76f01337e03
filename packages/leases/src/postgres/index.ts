import type { TopologyPlan } from "@switchyard/core/driver";
import type { LeaseClaim } from "../held-shard.ts";
import type { LeaseStore } from "../store.ts";

/** `Pool` of `pg` fits, and anything that answers to `query`. */
export interface PostgresPoolLike {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[]; readonly rowCount: number | null }>;
}

/** A client inside the handler's own transaction. */
export type PostgresTransactionLike = PostgresPoolLike;

export interface PostgresOptions {
  readonly pool: PostgresPoolLike;
  /** Group and stream are columns: all groups of a database share the table. Default `switchyard_leases`; may be `schema.table`. */
  readonly table?: string;
  /** Which of the table's groups this store is for. */
  readonly group: string;
}

export interface PostgresLeases extends LeaseStore {
  /**
   * Stores the checkpoint in the handler's transaction: with the handler's own writes or not at all, which makes them
   * effectively once. `already`: an earlier attempt committed; roll back. Rejects `lease-lost` when the tenure is over: roll
   * back too. Only where the records of a shard are handled one at a time: it stores `at` without asking what is unsettled before it.
   */
  checkpointIn(
    transaction: PostgresTransactionLike,
    claim: LeaseClaim,
    at: { readonly sequence: string; readonly sub?: number },
  ): Promise<"stored" | "already">;
}

/** Leases in a PostgreSQL table, in the database the handlers write to. The pool stays the caller's. */
export function postgresLeases(_options: PostgresOptions): PostgresLeases {
  throw new Error("being written");
}

/** The table, planned and applied apart; the runtime needs no right to create. */
export function leaseSchema(_options: Pick<PostgresOptions, "pool" | "table">): {
  plan(signal: AbortSignal): Promise<TopologyPlan>;
  apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
} {
  throw new Error("being written");
}
