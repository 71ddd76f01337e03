import * as sdk from "@aws-sdk/client-dynamodb";
import { systemRuntime as runtime } from "@switchyard/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynalite } from "../fixtures/dynalite.ts";
import { acquisition } from "../acquisition.ts";
import { leaseStoreCases } from "../testing/index.ts";
import { dynamodbLeases } from "./index.ts";
import { leaseTables } from "./topology/index.ts";

const { signal } = new AbortController();
let dynamo: Awaited<ReturnType<typeof startDynalite>>;

beforeAll(async () => {
  dynamo = await startDynalite();
});
afterAll(() => dynamo.stop());

const made = new Set<string>();
const make = async (table: string) => {
  if (made.has(table)) return;
  made.add(table);
  const tables = leaseTables({ client: dynamo.client }, runtime);
  await tables.apply(await tables.plan([{ table }], signal), signal);
};
const store = (table: string, watchMs = 120) => dynamodbLeases({ client: dynamo.client, table, watchMs });

/** `CreateTable` answers before the table is there: until it is active, every call on it is told that there is no such table. */
const active = async (TableName: string) => {
  for (;;) {
    const { Table } = await dynamo.client.send(new sdk.DescribeTableCommand({ TableName }));
    if (Table?.TableStatus === "ACTIVE") return;
  }
};

const harness = {
  runtime,
  open: async (table: string) => {
    await make(table);
    return store(table);
  },
  missing: async () => store("never-made"),
  foreign: async () => {
    await dynamo.client.send(
      new sdk.CreateTableCommand({
        TableName: "customers",
        KeySchema: [{ AttributeName: "customerId", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "customerId", AttributeType: "S" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
    await active("customers");
    return store("customers");
  },
};
test.each(leaseStoreCases)("$name", async ({ run }) => {
  await expect(run(harness)).resolves.toBeUndefined();
});

const put = (table: string, item: Record<string, sdk.AttributeValue>) =>
  dynamo.client.send(new sdk.PutItemCommand({ TableName: table, Item: item }));

/** As KCL 3 leaves a row. */
const kclLease = (counter: number, more: Record<string, sdk.AttributeValue> = {}) => ({
  leaseKey: { S: "shardId-000000000001" },
  leaseCounter: { N: String(counter) },
  leaseOwner: { S: "kcl-worker-1" },
  checkpoint: { S: "49590338271490256608559692538361571095921575989136588898" },
  checkpointSubSequenceNumber: { N: "3" },
  ownerSwitchesSinceCheckpoint: { N: "2" },
  parentShardId: { SS: ["shardId-000000000000"] },
  startingHashKey: { S: "0" },
  endingHashKey: { S: "9" },
  throughputKBps: { N: "1.5" },
  ...more,
});

test("a stopped KCL application's table is taken over as it is", async () => {
  await make("kcl-stopped");
  await put("kcl-stopped", kclLease(41));
  await put("kcl-stopped", { leaseKey: { S: "kcl-worker-1" }, entityType: { S: "WORKER_METRICS" }, lut: { N: "1" } });
  const leases = store("kcl-stopped");
  await leases.open(signal, runtime);
  const { leases: rows, group, workers } = await leases.load(signal);
  expect({ group, workers }).toEqual({ group: undefined, workers: [] });
  expect(rows).toEqual([
    {
      key: "shardId-000000000001",
      counter: 41,
      owner: "kcl-worker-1",
      checkpoint: { sequence: "49590338271490256608559692538361571095921575989136588898", sub: 3 },
      tenures: 2,
      parents: ["shardId-000000000000"],
      children: [],
      hashRange: { from: "0", to: "9" },
    },
  ]);
});

test.each([
  ["renews its leases", (n: number) => kclLease(n)],
  [
    "reports its workers",
    (n: number) => ({ leaseKey: { S: "kcl-worker-1" }, entityType: { S: "WORKER_METRICS" }, lut: { N: String(n) } }),
  ],
])("a table on which a KCL application %s is refused, and why is said", async (what, row) => {
  const table = `kcl-live-${what.length}`;
  await make(table);
  await put(table, row(1));
  let n = 1;
  const watched = dynamodbLeases({
    table,
    watchMs: 120,
    client: {
      send: async (command: sdk.ScanCommand) => {
        const answer: unknown = await dynamo.client.send(command);
        await put(table, row(++n));
        return answer;
      },
    },
  });
  await expect(watched.open(signal, runtime)).rejects.toMatchObject({
    code: "lease-table-live",
    kind: "config",
    message: expect.stringContaining("stop all its workers"),
  });
});

/** A store that counts how often the table was looked at, and what was announced. */
const watchedOpen = async (table: string) => {
  let looks = 0;
  const announced: number[] = [];
  const client = {
    send: (command: object) => {
      if (command instanceof sdk.ScanCommand) looks++;
      return dynamo.client.send(command as never);
    },
  };
  const leases = dynamodbLeases({ table, watchMs: 120, client });
  await leases.open(signal, runtime, (waitMs) => void announced.push(waitMs));
  return { looks, announced };
};

const ourLease = async (table: string) => {
  await make(table);
  const leases = store(table);
  await leases.open(signal, runtime);
  await leases.begin({ group: "g", stream: "s", start: "TRIM_HORIZON", complete: true }, signal);
  await leases.insert([{ key: "shardId-000000000001", parents: [], checkpoint: "TRIM_HORIZON" }], signal);
  const [row] = (await leases.load(signal)).leases;
  const { expect: when, change } = acquisition(row!, "ours-1", undefined, 0);
  expect(await leases.update(row!.key, when, change, signal)).toMatchObject({ applied: true });
  return leases;
};

test("a lease of ours is ours, though the worker it names has no row: the table opens at once", async () => {
  await ourLease("ours-orphaned");
  expect(await watchedOpen("ours-orphaned")).toEqual({ looks: 1, announced: [] });
});

test("so is one that was given to who asked for it, and not yet taken", async () => {
  const leases = await ourLease("ours-given");
  const key = "shardId-000000000001";
  const asked = { bump: false, owner: "ours-2", handoverFrom: "ours-1" } as const;
  expect(await leases.update(key, {}, asked, signal)).toMatchObject({ applied: true });
  const given = { bump: true, token: null, handoverFrom: null } as const;
  expect(await leases.update(key, {}, given, signal)).toMatchObject({ applied: true });
  expect(await watchedOpen("ours-given")).toEqual({ looks: 1, announced: [] });
});

test("a KCL application that took a lease of ours back is seen", async () => {
  await ourLease("kcl-again");
  const stolen = {
    TableName: "kcl-again",
    Key: { leaseKey: { S: "shardId-000000000001" } },
    UpdateExpression: "SET leaseOwner = :w ADD leaseCounter :one",
    ExpressionAttributeValues: { ":w": { S: "kcl-worker-1" }, ":one": { N: "1" } },
  };
  const move = () => dynamo.client.send(new sdk.UpdateItemCommand(stolen));
  await move();
  const client = {
    send: async (command: object) => {
      const answer: unknown = await dynamo.client.send(command as never);
      if (command instanceof sdk.ScanCommand) await move();
      return answer;
    },
  };
  const leases = dynamodbLeases({ table: "kcl-again", watchMs: 120, client });
  await expect(leases.open(signal, runtime)).rejects.toMatchObject({ code: "lease-table-live" });
});

test("an ended shard's row keeps its owner in a KCL table: nothing is watched for it", async () => {
  await make("kcl-ended");
  await put("kcl-ended", kclLease(7, { checkpoint: { S: "SHARD_END" } }));
  expect(await watchedOpen("kcl-ended")).toEqual({ looks: 1, announced: [] });
});

test("a table that may be in use is watched, and how long is announced", async () => {
  await make("kcl-quiet");
  await put("kcl-quiet", kclLease(7));
  const { looks, announced } = await watchedOpen("kcl-quiet");
  expect(looks).toBeGreaterThan(1);
  expect(announced).toEqual([120]);
});

test("a KCL table of several streams is refused", async () => {
  await make("kcl-multi");
  await put("kcl-multi", kclLease(1, { leaseKey: { S: "123456789012:orders:1700000000:shardId-000000000001" } }));
  await expect(store("kcl-multi").open(signal, runtime)).rejects.toMatchObject({
    code: "lease-table-foreign",
    message: expect.stringContaining("several streams"),
  });
});

test("a table keyed alike with rows of something else is refused", async () => {
  await make("others");
  await put("others", { leaseKey: { S: "flat-12" }, tenant: { S: "Miller" } });
  await expect(store("others").open(signal, runtime)).rejects.toMatchObject({ code: "lease-table-foreign" });
});

test("missing rights on the lease table are named", async () => {
  const denied = Object.assign(new Error("User is not authorized"), { name: "AccessDeniedException" });
  const leases = dynamodbLeases({ table: "secret", client: { send: () => Promise.reject(denied) } });
  await expect(leases.open(signal, runtime)).rejects.toMatchObject({
    code: "lease-table-forbidden",
    kind: "auth",
    message: expect.stringMatching(/UpdateItem.*lease table secret/),
  });
});

test("plan names what is missing and what can't be used; apply is idempotent and bills on demand", async () => {
  const tables = leaseTables({ client: dynamo.client }, runtime);
  const specs = [{ table: "new-leases", tags: { team: "billing" } }, { table: "customers" }];
  const plan = await tables.plan(specs, signal);
  expect(plan.changes.map(({ action, name }) => [action, name])).toEqual([
    ["create", "new-leases"],
    ["drift", "customers"],
  ]);
  await Promise.all([tables.apply(plan, signal), tables.apply(plan, signal)]);
  expect((await tables.plan([specs[0]!], signal)).changes).toEqual([]);
  const { Table } = await dynamo.client.send(new sdk.DescribeTableCommand({ TableName: "new-leases" }));
  expect(Table?.BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST");
  await tables.destroy([specs[0]!], signal);
  expect((await tables.plan([specs[0]!], signal)).changes).toHaveLength(1);
});

test("a table that another deployment is making is waited for", async () => {
  const answers = ["CREATING", "CREATING", "ACTIVE"];
  const client = {
    send: async () => ({
      Table: { TableStatus: answers.shift(), KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }] },
    }),
  };
  const tables = leaseTables({ client: client as never }, { ...runtime, sleep: async () => {} });
  expect(await tables.plan([{ table: "half-made" }], signal)).toEqual({ changes: [] });
  expect(answers).toEqual([]);
});

test("the SDK is loaded by itself, with one attempt a call", async () => {
  await make("own-client");
  process.env["AWS_ACCESS_KEY_ID"] ??= "test";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
  const leases = dynamodbLeases({ table: "own-client", region: "us-east-1", endpoint: dynamo.endpoint });
  await leases.open(signal, runtime);
  expect(await leases.load(signal)).toEqual({ group: undefined, leases: [], workers: [] });
  await leases.close();
});
