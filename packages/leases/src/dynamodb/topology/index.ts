import type { Change, Runtime, TopologyPlan } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type Answer, clientOf } from "../client.ts";
import { isNamed } from "../faults.ts";
import type { DynamoDbConnection } from "../options.ts";

/** One lease table that is to be there. */
export interface LeaseTableSpec {
  readonly table: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The topology's verbs for lease tables; a stream driver's own topology calls them. */
export interface LeaseTables {
  /** Changes nothing. A table that is there but can't be used is `drift`. */
  plan(tables: readonly LeaseTableSpec[], signal: AbortSignal): Promise<TopologyPlan>;
  /** Makes missing tables (on-demand billing) and waits until they are active. Idempotent, also from several processes at once. */
  apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
  destroy(tables: readonly LeaseTableSpec[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What a lease table is, as DynamoDB and CloudFormation name it. */
export const LEASE_TABLE = {
  KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "leaseKey", AttributeType: "S" }],
  BillingMode: "PAY_PER_REQUEST",
} as const;

const RESOURCE = "lease table";
const POLL_MS = 500;
/** A table is active within seconds; a minute means that something is wrong. */
const ACTIVE_MS = 60_000;

/** Plans and creates lease tables in DynamoDB. */
export function leaseTables(connection: DynamoDbConnection, runtime: Runtime): LeaseTables {
  const { call, close } = clientOf(connection);
  const describe = async (table: string, signal: AbortSignal): Promise<Answer["Table"]> => {
    try {
      return (await call("DescribeTable", { TableName: table }, signal)).Table;
    } catch (cause) {
      if (isNamed(cause, "ResourceNotFoundException")) return undefined;
      throw cause;
    }
  };
  const active = async (table: string, signal: AbortSignal) => {
    const until = runtime.monotonic() + ACTIVE_MS;
    while ((await describe(table, signal))?.TableStatus !== "ACTIVE") {
      if (signal.aborted || runtime.monotonic() >= until) {
        throw new MessagingError("lease-table-slow", `table ${table} is not active; apply again`, {
          kind: "retryable",
        });
      }
      await runtime.sleep(POLL_MS, signal);
    }
  };
  return {
    plan: async (tables, signal) => {
      const changes: Change[] = [];
      for (const { table, tags } of tables) {
        const found = await describe(table, signal);
        // Another deployment is making it: until it is active, every call on it is told that there is no such table.
        if (found?.TableStatus === "CREATING") await active(table, signal);
        const change = found === undefined ? created(table, tags) : drift(table, found);
        if (change !== undefined) changes.push(change);
      }
      return { changes };
    },
    apply: async ({ changes }, signal) => {
      for (const { action, resource, name, detail } of changes) {
        if (action !== "create" || resource !== RESOURCE) continue;
        try {
          await call("CreateTable", { TableName: name, ...detail }, signal);
        } catch (cause) {
          if (!isNamed(cause, "ResourceInUseException")) throw cause;
        }
        await active(name, signal);
      }
    },
    destroy: async (tables, signal) => {
      for (const { table } of tables) {
        try {
          await call("DeleteTable", { TableName: table }, signal);
        } catch (cause) {
          if (!isNamed(cause, "ResourceNotFoundException")) throw cause;
        }
      }
    },
    close: async () => close(),
  };
}

function created(table: string, tags: LeaseTableSpec["tags"]): Change {
  const Tags = Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return {
    action: "create",
    resource: RESOURCE,
    name: table,
    summary: "DynamoDB table for leases and checkpoints, key leaseKey, billed on demand",
    detail: {
      ...LEASE_TABLE,
      ...(Tags.length === 0 ? {} : { Tags }),
    },
  };
}

function drift(table: string, found: NonNullable<Answer["Table"]>): Change | undefined {
  const keys = found.KeySchema ?? [];
  if (keys.length === 1 && keys[0]?.AttributeName === "leaseKey") return undefined;
  const key = keys.map(({ AttributeName }) => AttributeName).join(", ");
  return {
    action: "drift",
    resource: RESOURCE,
    name: table,
    summary: `a table of this name is there with the key ${key}: not a lease table; name another one`,
  };
}
