/** `leases` and `replay` as processes, beside a service that reads a stream of Kinesis; and what they print, in both forms. */
import { connect, consumer } from "@switchyard/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAws, type Aws } from "./support/aws-emulator.ts";
import { command, SHOP } from "./support/command.ts";
import { type DynamoDb, startDynamoDb } from "./support/dynamodb-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { clicks } from "./support/shop/channels.ts";

let kinesis: Kinesis;
let dynamodb: DynamoDb;
let aws: Aws;
let env: Record<string, string>;
let messaging: any;
const pages: string[] = [];
const typed = (...words: string[]) => command([...words, "--profile", "kinesis"], env);

beforeAll(async () => {
  [kinesis, dynamodb, aws] = await Promise.all([startKinesis(), startDynamoDb(), startAws()]);
  env = {
    ...(kinesis.env as Record<string, string>),
    KINESIS_ENDPOINT: kinesis.endpoint!,
    DYNAMODB_ENDPOINT: dynamodb.endpoint,
    SHOP_PREFIX: `streams${process.pid}`,
  };
  const made = await typed("apply", "--yes");
  if (made.code !== 0) throw new Error(made.output);
  const all = { channels: [clicks], service: "shop", config: SHOP, profile: "kinesis", env, observe: () => {} };
  messaging = await connect(all as never);
  messaging.consume(consumer(clicks, "sessions", { clicked: ({ page }) => void pages.push(page) }));
  await messaging.start();
}, 120_000);
afterAll(async () => {
  await messaging?.stop({ deadline: 0 });
  await Promise.all([kinesis?.close(), dynamodb?.close(), aws?.close()]);
}, 60_000);

/** The numbers and names that differ each time. */
const steady = (text: string): string =>
  text
    .replaceAll(/shardId-0+(\d)/g, "shard-$1")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "WORKER")
    .replaceAll(/ +/g, " ")
    .trim();

test("leases: who reads each partition and how far behind it is, as a table and as JSON", async () => {
  await expect
    .poll(async () => steady((await typed("leases", "clicks")).stdout), { timeout: 30_000, interval: 500 })
    .toMatch(
      /^group partition holder ready held oldest\nsessions shard-0 WORKER 0 - 0s\nsessions shard-1 WORKER 0 - 0s$/,
    );
  const { code, stdout } = await typed("leases", "clicks", "sessions", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    verb: "leases",
    leases: [0, 1].map((n) => ({
      ...{ group: "sessions", lease: `shardId-00000000000${n}`, holder: expect.any(String) },
      ...{ ready: 0, oldestMs: expect.any(Number) },
    })),
  });
}, 60_000);

test("replay: says what it would do, does it with --yes, and the running service reads again", async () => {
  for (const page of ["/a", "/b"]) {
    const sent = await typed("publish", "clicks", "clicked", JSON.stringify({ page }));
    expect(sent.code, sent.output).toBe(0);
  }
  await expect.poll(() => [...pages].sort(), { timeout: 30_000 }).toEqual(["/a", "/b"]);
  const dry = await typed("replay", "clicks", "sessions", "--from", "earliest");
  expect(dry).toMatchObject({ code: 0, stdout: "", output: expect.stringContaining("dry run: nothing is done") });
  const done = await typed("replay", "clicks", "sessions", "--from", "earliest", "--yes", "--json");
  expect(done.code, done.output).toBe(0);
  expect(JSON.parse(done.stdout)).toEqual({
    ...{ version: 1, verb: "replay", channel: "clicks", group: "sessions", from: "earliest", done: true },
  });
  expect(done.output).toMatch(/"verb":"replay"[^\n]*"phase":"begin"/);
  await expect.poll(() => [...pages].sort(), { timeout: 60_000 }).toEqual(["/a", "/a", "/b", "/b"]);
}, 120_000);
