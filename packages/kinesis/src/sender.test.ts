import { createHash } from "node:crypto";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { classify } from "./errors.ts";
import { createSender } from "./sender.ts";
import { type Called, destination, fakeCall, never } from "./fixtures/fakes.ts";

const HALF = 2n ** 127n;
const SHARDS = [
  { ShardId: "shardId-0", HashKeyRange: { StartingHashKey: "0", EndingHashKey: String(HALF - 1n) } },
  { ShardId: "shardId-1", HashKeyRange: { StartingHashKey: String(HALF), EndingHashKey: String(2n ** 128n - 1n) } },
];
// By their MD5: "a" (0cc1...) falls in the first half, "b" (92eb...) in the second.
const shardOf = (key: string) => (key.startsWith("b") ? "shardId-1" : "shardId-0");

async function bench(
  put: (keys: readonly string[]) => readonly unknown[],
  summary: object = {},
  list: () => unknown = () => ({ Shards: SHARDS }),
) {
  const runtime = virtualRuntime();
  const answer = ({ action, input }: Called): unknown => {
    if (action === "DescribeStreamSummary")
      return { StreamDescriptionSummary: { StreamName: "test_clicks", StreamStatus: "ACTIVE", ...summary } };
    if (action === "ListShards") return list();
    return { Records: put(input.Records.map((one: { PartitionKey: string }) => one.PartitionKey)) };
  };
  const { call, calls } = fakeCall(answer);
  const sender = await createSender(destination(), call, runtime, never);
  const send = async (...keys: readonly string[]) =>
    await sender.send(
      keys.map((key) => ({ body: `of ${key}`, headers: {}, key })),
      never,
    );
  return { runtime, sender, send, calls, puts: () => calls.filter(({ action }) => action === "PutRecords") };
}

const took = (key: string) => ({ SequenceNumber: "7", ShardId: shardOf(key) });
const full = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded for shard" };

test("each record has its own answer, in its place", async () => {
  const at = await bench((keys) => keys.map((key) => (key === "b" ? { ErrorCode: "InternalFailure" } : took(key))));
  const [first, second, third] = await at.send("a", "b", "a2");
  expect(first).toEqual({ id: "7", position: "shardId-0:7" });
  expect(classify(second!.cause, "send")).toMatchObject({ kind: "retryable" });
  expect(third).toMatchObject({ id: "7" });
});

test("a record nothing was said of is ambiguous", async () => {
  const at = await bench(() => []);
  const [only] = await at.send("a");
  expect(classify(only!.cause, "send").kind).toBe("ambiguous");
});

test("a full shard backs off by itself: its records are not sent until then, the others are", async () => {
  let busy = true;
  const at = await bench((keys) => keys.map((key) => (busy && shardOf(key) === "shardId-1" ? full : took(key))));
  const [refused, other] = await at.send("b", "a");
  const fault = classify(refused!.cause, "send");
  expect(fault).toMatchObject({ kind: "throttled", code: "shard-throttled", partial: true });
  expect(fault.retryAfterMs).toBeGreaterThan(0);
  expect(other).toMatchObject({ id: "7" });
  busy = false;
  const [held, free] = await at.send("b", "a");
  expect(classify(held!.cause, "send")).toMatchObject({ kind: "throttled", partial: true });
  expect(free).toMatchObject({ id: "7" });
  expect(at.puts()[1]!.input.Records).toHaveLength(1);
  await at.runtime.advance(fault.retryAfterMs! + 1);
  expect(await at.send("b")).toMatchObject([{ id: "7", position: "shardId-1:7" }]);
});

test("what was accepted is told though the shards cannot be listed: a listing without an answer holds back nobody", async () => {
  const hangs = () => new Promise(() => {});
  const at = await bench((keys) => keys.map((key) => (key === "b" ? full : took(key))), {}, hangs);
  const [[refused, accepted]] = await Promise.all([at.send("b", "a"), at.runtime.advance("2s")]);
  expect(accepted).toMatchObject({ id: "7" });
  expect(classify(refused!.cause, "send")).toMatchObject({ kind: "throttled", partial: true });
});

test("back-off grows while a shard stays full", async () => {
  const at = await bench((keys) => keys.map(() => full));
  const waits: number[] = [];
  for (let round = 0; round < 6; round++) {
    const [refused] = await at.send("b");
    waits.push(classify(refused!.cause, "send").retryAfterMs!);
    await at.runtime.advance(waits.at(-1)! + 1);
  }
  expect(waits[5]).toBeGreaterThan(2 * waits[0]!);
  expect(Math.max(...waits)).toBeLessThanOrEqual(4_000);
});

test("what Kinesis would refuse is refused before, and spoils no other record", async () => {
  const at = await bench((keys) => keys.map(took));
  const [long, empty, good] = await at.send("x".repeat(257), "", "a");
  expect(classify(long!.cause, "send")).toMatchObject({ kind: "permanent", code: "bad-key" });
  expect(classify(empty!.cause, "send")).toMatchObject({ kind: "permanent", code: "bad-key" });
  expect(good).toMatchObject({ id: "7" });
  const body = "x".repeat(1_048_576);
  const [large] = await at.sender.send([{ body, headers: {}, key: "a" }], never);
  expect(classify(large!.cause, "send")).toMatchObject({ kind: "permanent", code: "too-large" });
});

test("the record limit is the stream's own", async () => {
  const at = await bench((keys) => keys.map(took), { MaxRecordSizeInKiB: 10_240 });
  expect(at.sender.capabilities.maxMessageBytes).toBe(10_240 * 1_024);
  expect(await at.sender.send([{ body: "x".repeat(2 ** 21), headers: {}, key: "a" }], never)).toMatchObject([
    { id: "7" },
  ]);
});

test("a stream that distributes by itself cannot keep an order, also when it is changed later", async () => {
  await expect(bench(() => [], { RecordDistributionStrategy: "AUTO" })).rejects.toMatchObject({
    code: "order-not-kept",
    kind: "config",
  });
  const later: { strategy?: string } = {};
  const at = await bench((keys) => keys.map(took), {
    get RecordDistributionStrategy() {
      return later.strategy;
    },
  });
  later.strategy = "AUTO";
  expect(await at.send("a")).toMatchObject([{ id: "7" }]);
  await at.runtime.advance("6m");
  await expect(at.send("a")).rejects.toMatchObject({ code: "order-not-kept" });
});

test("messages without a key spread over the shards", async () => {
  const at = await bench((keys) => keys.map(took));
  await at.sender.send(
    Array.from({ length: 400 }, () => ({ body: "{}", headers: {} })),
    never,
  );
  const keys = at.puts()[0]!.input.Records.map((one: { PartitionKey: string }) => one.PartitionKey) as string[];
  expect(new Set(keys).size).toBe(400);
  const high = keys.filter((key) => createHash("md5").update(key).digest()[0]! >= 128).length;
  // Of chance's own 200, six standard deviations.
  expect(Math.abs(high - 200)).toBeLessThan(60);
});
