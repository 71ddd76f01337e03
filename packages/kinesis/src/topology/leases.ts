/** The groups' lease tables, which are planned and applied with the streams. */
import type { Change, Destination, Runtime, TopologyPlan } from "@switchyard/core/driver";
import { DEFAULT_LEASES } from "../lease-options.ts";
import type { KinesisOptions } from "../options.ts";
import { dynamodbConnection, leaseTable } from "../lease-store.ts";
import { streams } from "./desired.ts";

/** What is needed of the tables, whichever store is configured. */
export interface Tables {
  plan(destinations: readonly Destination[], signal: AbortSignal): Promise<TopologyPlan>;
  apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
  destroy(destinations: readonly Destination[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const NONE: Tables = {
  plan: async () => ({ changes: [] as readonly Change[] }),
  apply: async () => {},
  destroy: async () => {},
  close: async () => {},
};

export async function leaseTablesOf(options: KinesisOptions, runtime: Runtime): Promise<Tables> {
  const leases = options.leases ?? DEFAULT_LEASES;
  if (leases.store === "dynamodb") {
    const { leaseTables } = await import("@switchyard/leases/dynamodb/topology");
    const tables = leaseTables(dynamodbConnection(options, leases), runtime);
    const specs = (destinations: readonly Destination[]) => {
      const groups = streams(destinations).filter(({ group }) => group !== undefined);
      return [...new Set(groups.map((of) => leaseTable(of, leases)))].map((table) => ({ table }));
    };
    return {
      plan: (destinations, signal) => tables.plan(specs(destinations), signal),
      apply: (plan, signal) => tables.apply(plan, signal),
      destroy: (destinations, signal) => tables.destroy(specs(destinations), signal),
      close: () => tables.close(),
    };
  }
  if (leases.store === "postgres") {
    const { leaseSchema } = await import("@switchyard/leases/postgres");
    const { pool, table } = leases;
    const schema = leaseSchema({ pool, ...(table === undefined ? {} : { table }) });
    // Groups of other streams share the table, so it is never destroyed.
    return { ...NONE, plan: (_, signal) => schema.plan(signal), apply: (plan, signal) => schema.apply(plan, signal) };
  }
  return NONE;
}
