/** Kinesis against its emulator, leases in DynamoDB's: what the contract suite does not ask of every transport. */
import { PutRecordCommand } from "@aws-sdk/client-kinesis";
import { channel, connect, consumer } from "@switchyard/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";

let sqs: Aws;
let kinesis: Kinesis;
let dynamodb: DynamoDb;
beforeAll(async () => {
  [sqs, kinesis, dynamodb] = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
}, 60_000);
afterAll(() => Promise.all([sqs.close(), kinesis.close(), dynamodb.close()]));

const clicks = channel("clicks", {
  messages: { clicked: z.object({ page: z.string(), n: z.int() }) },
  orderingKey: "page",
  needs: { replay: true },
  foreign: "clicked",
});

const config = (provision: "auto" | "off", leases: object = {}) => ({
  prefix: "e2e",
  drain: "2s",
  connections: {
    aws: {
      use: "@switchyard/aws",
      provision,
      ...sqs.connection,
      kinesis: {
        ...kinesis.connection,
        poll: { every: "50ms", idle: "200ms" },
        leases: { store: "dynamodb", endpoint: dynamodb.endpoint, duration: "9s", ...leases },
      },
    },
  },
  channels: { clicks: { model: "stream", on: "aws", partitions: 2, groups: { pages: { maxInFlight: 100 } } } },
  policies: { default: { retry: { attempts: 2, first: "10ms" }, deadLetter: "park" } },
});

const open = (provision: "auto" | "off", leases?: object) =>
  connect({
    channels: [clicks],
    service: "e2e",
    config: config(provision, leases) as never,
    cwd: import.meta.dirname,
    observe: () => {},
  });

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(holds, { timeout: 30_000, interval: 50 }).toBe(true);
}

test("without its stream or its lease table a consumer is refused, and told what is missing", {
  timeout: 60_000,
}, async () => {
  await using messaging = await open("off");
  messaging.consume(consumer(clicks, "pages", { clicked: () => {} }));
  await expect(messaging.start()).rejects.toMatchObject({ code: "stream-not-found", kind: "config" });
});

test("parked on SQS, replayed from a position, and shown: who holds which shard and how far behind it is", {
  timeout: 120_000,
}, async () => {
  await using messaging = await open("auto");
  const seen: { n: number; position: string | undefined }[] = [];
  messaging.consume(
    consumer(clicks, "pages", {
      clicked: ({ n }, { position }) => {
        if (n === 3) throw new Error("poison");
        seen.push({ n, position });
      },
    }),
  );
  await messaging.start();
  for (let n = 0; n < 6; n++) await messaging.publish(clicks, "clicked", { page: "/", n });
  await until(() => seen.length === 5);
  expect(seen.map(({ n }) => n)).toEqual([0, 1, 2, 4, 5]);
  await until(async () => (await messaging.deadLetters(clicks, "pages").peek()).length === 1);

  const [depth] = await messaging.depth(clicks, "pages");
  expect(depth!.leases).toHaveLength(2);
  expect(new Set(depth!.leases.map(({ holder }) => holder)).size).toBe(1);
  expect(depth!.leases.every(({ holder, oldestMs }) => holder !== undefined && oldestMs !== undefined)).toBe(true);

  const from = seen[3]!.position!;
  seen.length = 0;
  await messaging.replay(clicks, "pages", { at: from });
  await until(() => seen.some(({ n }) => n === 5));
  expect(seen.map(({ n }) => n)).toEqual([4, 5]);
  await expect(messaging.replay(clicks, "pages", { at: "nowhere" })).rejects.toMatchObject({ code: "bad-position" });
});

test("garbage in a record is a foreign message, dead-lettered with its reason, and the shard goes on", {
  timeout: 60_000,
}, async () => {
  await using messaging = await open("off");
  const seen: number[] = [];
  messaging.consume(consumer(clicks, "pages", { clicked: ({ n }) => void seen.push(n) }));
  await messaging.start();
  const Data = Buffer.from([0xf3, 0x89, 0x9a, 0xc2, 0xff, 0x00]);
  await kinesis.client.send(new PutRecordCommand({ StreamName: "e2e_clicks", Data, PartitionKey: "/" }));
  await messaging.publish(clicks, "clicked", { page: "/", n: 99 });
  await until(() => seen.includes(99));
  const dead = await messaging.deadLetters(clicks, "pages").peek();
  expect(dead.some(({ data }) => data instanceof Uint8Array || typeof data === "string")).toBe(true);
});
