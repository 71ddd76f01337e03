import type { Change, Expect } from "../store.ts";
import { checkpointColumns } from "./rows.ts";

/** One conditional update as SQL. `$1` is the group, `$2` the key. */
export function updateSql(table: string, expect: Expect, change: Change): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value) + 2}`;

  const conditions = ["group_name = $1", "lease_key = $2"];
  const must = (column: string, wanted: unknown) => {
    if (wanted !== undefined) conditions.push(wanted === null ? `${column} is null` : `${column} = ${bind(wanted)}`);
  };
  must("counter", expect.counter);
  must("fencing_token", expect.token);
  must("owner", expect.owner);
  must("handover_from", expect.handoverFrom);
  if (expect.holder !== undefined) conditions.push(`${bind(expect.holder)} in (owner, handover_from)`);

  const sets = [change.bump ? "counter = counter + 1" : "counter = counter"];
  const put = (column: string, wanted: unknown) => {
    if (wanted !== undefined) sets.push(wanted === null ? `${column} = null` : `${column} = ${bind(wanted)}`);
  };
  put("fencing_token", change.token);
  put("owner", change.owner);
  put("handover_from", change.handoverFrom);
  put("tenures", change.tenures);
  put("children", change.children);
  if (change.checkpoint !== undefined) {
    for (const [column, wanted] of Object.entries(checkpointColumns(change.checkpoint))) put(column, wanted);
  }
  const text = `update ${table} set ${sets.join(", ")} where ${conditions.join(" and ")} returning *`;
  return { text, values };
}
