import type { Destination } from "@switchyard/core/driver";
import { type LeaseStore, memoryLeases, type Timing } from "@switchyard/leases";
import { asMs, DEFAULT_LEASES, type LeaseOptions } from "./lease-options.ts";
import type { KinesisOptions } from "./options.ts";

/** A group's lease store. `own` is the name of a store in memory for which the options give none. */
export async function leaseStore(of: Destination, options: KinesisOptions, own: string): Promise<LeaseStore> {
  const leases = options.leases ?? DEFAULT_LEASES;
  switch (leases.store) {
    case "dynamodb": {
      const { dynamodbLeases } = await import("@switchyard/leases/dynamodb");
      return dynamodbLeases({ table: leaseTable(of, leases), ...dynamodbConnection(options, leases) });
    }
    case "postgres": {
      const { postgresLeases } = await import("@switchyard/leases/postgres");
      const { pool, table } = leases;
      return postgresLeases({ pool, group: of.name, ...(table === undefined ? {} : { table }) });
    }
    case "memory":
      return memoryLeases(`${leases.name ?? own}/${of.name}`);
    case "custom":
      return leases.create(of);
  }
}

type DynamoDb = Extract<LeaseOptions, { store: "dynamodb" }>;

/** A group's table is named as the group. */
export const leaseTable = (of: Destination, { table }: DynamoDb): string => table ?? of.name;

export function dynamodbConnection(
  options: KinesisOptions,
  leases: DynamoDb,
): { readonly region?: string; readonly endpoint?: string } {
  const region = leases.region ?? options.region;
  return {
    ...(region === undefined ? {} : { region }),
    ...(leases.endpoint === undefined ? {} : { endpoint: leases.endpoint }),
  };
}

export function timingOf({ leases }: KinesisOptions): Timing {
  const [leaseMs, handoverMs, discoverMs] = [leases?.duration, leases?.handover, leases?.discover].map(asMs);
  return {
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(handoverMs === undefined ? {} : { handoverMs }),
    ...(discoverMs === undefined ? {} : { discoverMs }),
  };
}
