import type { AttemptRow, AttemptStore } from "../attempts.ts";
import { clientOf } from "./client.ts";
import type { DynamoDbConnection } from "./options.ts";
import type { Item } from "./rows.ts";

/** A shard id cannot contain `#`. */
const keyOf = (shard: string) => ({ leaseKey: { S: `attempts#${shard}` } });
const NUMBERS = ["sub", "attempts", "firstAt", "notBefore", "begun"] as const;

/** Keeps the rows in the group's lease table, where nothing else reads them. */
export function dynamodbAttempts({
  table,
  ...connection
}: DynamoDbConnection & { readonly table: string }): AttemptStore {
  const { call, close } = clientOf(connection);
  const TableName = table;
  return {
    load: async (shard, signal) => {
      const { Item: item } = await call("GetItem", { TableName, Key: keyOf(shard), ConsistentRead: true }, signal);
      return item === undefined ? undefined : rowOf(item);
    },
    save: async (shard, row, signal) => {
      if (row === undefined) await call("DeleteItem", { TableName, Key: keyOf(shard) }, signal);
      else await call("PutItem", { TableName, Item: { ...keyOf(shard), ...itemOf(row) } }, signal);
    },
    close: async () => close(),
  };
}

function itemOf(row: AttemptRow): Item {
  const numbers = NUMBERS.map((name) => [name, { N: String(row[name]) }] as const);
  return {
    entityType: { S: "SWITCHYARD_ATTEMPTS" },
    from: { S: row.from },
    sequence: { S: row.sequence },
    ...Object.fromEntries(numbers),
  };
}

function rowOf(item: Item): AttemptRow {
  const number = (name: (typeof NUMBERS)[number]) => Number(item[name]?.N ?? 0);
  return {
    from: item["from"]?.S ?? "",
    sequence: item["sequence"]?.S ?? "",
    sub: number("sub"),
    attempts: number("attempts"),
    firstAt: number("firstAt"),
    notBefore: number("notBefore"),
    begun: number("begun"),
  };
}
