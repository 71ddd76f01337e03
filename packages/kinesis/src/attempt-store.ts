import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type AttemptStore, memoryAttempts } from "@switchyard/leases";
import { DEFAULT_LEASES } from "./lease-options.ts";
import { dynamodbConnection, leaseTable } from "./lease-store.ts";
import type { KinesisOptions } from "./options.ts";

/**
 * Where a pushed group remembers the attempts of the record that blocks a shard: beside its leases, as the connection's `leases` say.
 *
 * @throws MessagingError `attempts-store` for a store that has no place for them.
 */
export async function attemptStore(of: Destination, options: KinesisOptions): Promise<AttemptStore> {
  const leases = options.leases ?? DEFAULT_LEASES;
  if (leases.store === "memory") return memoryAttempts(`${leases.name ?? "attempts"}/${of.name}`);
  if (leases.store !== "dynamodb") {
    const text = `the lease store "${leases.store}" does not keep the attempts of a group that runs on ${of.runsOn ?? "lambda"}; use leases: { store: dynamodb }`;
    throw new MessagingError("attempts-store", text, { kind: "config" });
  }
  const { dynamodbAttempts } = await import("@switchyard/leases/dynamodb");
  return dynamodbAttempts({ table: leaseTable(of, leases), ...dynamodbConnection(options, leases) });
}
