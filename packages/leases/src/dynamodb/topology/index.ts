import type { Runtime, Topology, TopologyPlan } from "@switchyard/core/driver";
import type { DynamoDbConnection } from "../options.ts";

export interface LeaseTableSpec {
  readonly table: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** `Topology`'s verbs for lease tables; a stream driver's own topology calls them. */
export interface LeaseTables {
  plan(tables: readonly LeaseTableSpec[], signal: AbortSignal): Promise<TopologyPlan>;
  /** Makes missing tables (on-demand billing) and waits until they are active. Idempotent. */
  apply: Topology["apply"];
  destroy(tables: readonly LeaseTableSpec[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function leaseTables(_connection: DynamoDbConnection, _runtime: Runtime): LeaseTables {
  throw new Error("being written");
}
