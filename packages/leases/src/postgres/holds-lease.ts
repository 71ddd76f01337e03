import { tablesOf } from "./tables.ts";

/**
 * A condition in SQL: true while the tenure of these parameters holds its lease. `first` is the number of the first of three parameters
 * in a row: the group, the shard and the fencing token of `shard.claim`. Put it into your own statement, so that a worker whose lease
 * was taken changes nothing.
 *
 * @throws MessagingError `bad-lease-table`
 */
export function holdsLease(table: string | undefined, first = 1): string {
  const { leases } = tablesOf(table);
  const [group, shard, token] = [first, first + 1, first + 2].map((at) => `$${at}`);
  return `exists (select 1 from ${leases} where group_name = ${group} and lease_key = ${shard} and fencing_token = ${token})`;
}
