import { fromFault, isMessagingError } from "@switchyard/core/driver-kit";
import type { LeaseStore } from "../store.ts";
import { checkTable } from "./check.ts";
import { clientOf } from "./client.ts";
import { expressionOf } from "./expression.ts";
import { faultOf, isNamed } from "./faults.ts";
import type { DynamoDbOptions } from "./options.ts";
import {
  GROUP_KEY,
  groupItem,
  groupOf,
  type Item,
  kindOf,
  leaseItem,
  leaseOf,
  workerColumns,
  workerKey,
  workerOf,
} from "./rows.ts";

const FAILED_CONDITION = "ConditionalCheckFailedException";
/** Three times KCL's default failover time of 10 seconds, which the application may have raised. */
const WATCH_MS = 30_000;

/**
 * Keeps one group's leases in a DynamoDB table of its own. The columns are KCL's, so the table of a stopped KCL application can be taken
 * over as it is. Loads the peer dependency `@aws-sdk/client-dynamodb`. `leaseTables` of `@switchyard/leases/dynamodb/topology` creates the
 * table.
 */
export function dynamodbLeases(options: DynamoDbOptions): LeaseStore {
  const { table, watchMs = WATCH_MS } = options;
  const name = `DynamoDB table ${table}`;
  const { call, close } = clientOf(options);
  const TableName = table;
  const keyOf = (key: string) => ({ leaseKey: { S: key } });

  const getItem = async (key: string, signal: AbortSignal) =>
    (await call("GetItem", { TableName, Key: keyOf(key), ConsistentRead: true }, signal)).Item;
  const scan = async (signal: AbortSignal): Promise<Item[]> => {
    const items: Item[] = [];
    let from: Item | undefined;
    do {
      const input = { TableName, ConsistentRead: true, ...(from === undefined ? {} : { ExclusiveStartKey: from }) };
      const page = await call("Scan", input, signal);
      items.push(...(page.Items ?? []));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  };
  /** False: the condition did not hold. */
  const conditional = async (action: string, input: object, signal: AbortSignal): Promise<boolean> => {
    try {
      await call(action, { TableName, ...input }, signal);
      return true;
    } catch (cause) {
      if (isNamed(cause, FAILED_CONDITION)) return false;
      throw cause;
    }
  };
  const putNew = (item: Item, signal: AbortSignal) =>
    conditional("PutItem", { Item: item, ConditionExpression: "attribute_not_exists(leaseKey)" }, signal);

  return {
    name,
    open: async (signal, runtime, announce) => {
      try {
        // DynamoDB checks the key's name and type when one item is read. This needs no right to describe the table.
        await getItem(GROUP_KEY, signal);
        await checkTable(table, () => scan(signal), runtime, watchMs, signal, announce);
      } catch (cause) {
        if (isMessagingError(cause)) throw cause;
        throw fromFault(faultOf(cause, table), `${name}: opening`, cause, {});
      }
    },
    load: async (signal) => {
      const items = await scan(signal);
      const group = items.find((item) => kindOf(item) === "group");
      return {
        group: group === undefined ? undefined : groupOf(group),
        leases: items.filter((item) => kindOf(item) === "lease").map(leaseOf),
        workers: items.filter((item) => kindOf(item) === "worker").map(workerOf),
      };
    },
    get: async (key, signal) => {
      const item = await getItem(key, signal);
      return item === undefined ? undefined : leaseOf(item);
    },
    insert: async (rows, signal) => {
      await Promise.all(rows.map((row) => putNew(leaseItem(row), signal)));
    },
    update: async (key, expect, change, signal) => {
      const input = {
        TableName,
        Key: keyOf(key),
        ...expressionOf(expect, change),
        ReturnValues: "ALL_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      };
      try {
        const { Attributes } = await call("UpdateItem", input, signal);
        return { applied: true, row: leaseOf(Attributes ?? {}) };
      } catch (cause) {
        if (!isNamed(cause, FAILED_CONDITION)) throw cause;
        // DynamoDB returns the item with the failure. Emulators may not.
        const item = (cause as { Item?: Item }).Item ?? (await getItem(key, signal));
        return { applied: false, row: item === undefined ? undefined : leaseOf(item) };
      }
    },
    remove: (key, counter, signal) => {
      const counterIs = { ":c": { N: String(counter) } };
      const input = { ConditionExpression: "leaseCounter = :c", ExpressionAttributeValues: counterIs };
      return conditional("DeleteItem", { Key: keyOf(key), ...input }, signal);
    },
    begin: async (group, signal) => {
      if (await putNew(groupItem(group), signal)) return group;
      return groupOf((await getItem(GROUP_KEY, signal)) ?? {});
    },
    complete: async (signal) => {
      const input = {
        UpdateExpression: "SET #complete = :true",
        ConditionExpression: "attribute_exists(leaseKey)",
        ExpressionAttributeNames: { "#complete": "complete" },
        ExpressionAttributeValues: { ":true": { BOOL: true } },
      };
      await conditional("UpdateItem", { Key: keyOf(GROUP_KEY), ...input }, signal);
    },
    beat: async ({ id, state }, signal) => {
      const columns = Object.entries(workerColumns(state));
      const input = {
        TableName,
        Key: keyOf(workerKey(id)),
        UpdateExpression: `ADD workerCounter :one SET ${columns.map(([column]) => `${column} = :${column}`).join(", ")}`,
        ExpressionAttributeValues: {
          ":one": { N: "1" },
          ...Object.fromEntries(columns.map(([column, value]) => [`:${column}`, value])),
        },
      };
      await call("UpdateItem", input, signal);
    },
    forget: async (id, counter, signal) => {
      const when = {
        ConditionExpression: "workerCounter = :c",
        ExpressionAttributeValues: { ":c": { N: String(counter) } },
      };
      await conditional("DeleteItem", { Key: keyOf(workerKey(id)), ...(counter === undefined ? {} : when) }, signal);
    },
    classify: (cause) => faultOf(cause, table),
    close: async () => close(),
  };
}
