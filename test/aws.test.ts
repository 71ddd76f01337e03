import { systemRuntime } from "@switchyard/core";
import { adapter as aws, aws as connection } from "@switchyard/aws";
import { adapter as sqs } from "@switchyard/sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { never, queueOf } from "./support/sqs-queues.ts";

let emulator: Aws;
beforeAll(async () => {
  emulator = await startAws();
});
afterAll(() => emulator.close());

test("a queue on aws is a queue on SQS", async () => {
  const of = queueOf({ ordered: true, native: { retention: "1s", nope: true } });
  expect(aws.capabilities(of, {})).toEqual(sqs.capabilities(of, {}));
  expect(aws.locate(of, {})).toEqual({ ...sqs.locate(of, {}), transport: "sqs" });
  expect(aws.nativeProblems!(of, {})).toEqual(sqs.nativeProblems!(of, {}));
});

test("models without a transport here have no capabilities, so that core says what would do", () => {
  expect(aws.capabilities(queueOf({ model: "pubsub" }), {})).toBeUndefined();
});

test("a stream on aws is a stream on Kinesis, and its dead letters are a queue on SQS", () => {
  const of = queueOf({ model: "stream", ordered: true });
  expect(aws.capabilities(of, {})).toMatchObject({ settleResult: "checkpoint", ordering: "key" });
  expect(aws.locate(of, {}).transport).toBe("kinesis");
  expect(aws.capabilities(queueOf({ dead: true }), {})).toMatchObject({ settleResult: "confirmed" });
});

test("options of each service are checked where they belong", () => {
  const problems = (options: unknown) => {
    const result = aws.options["~standard"].validate(options);
    if (result instanceof Promise) throw new Error("sync expected");
    return (result.issues ?? []).map(({ path }) => path?.map(String).join("."));
  };
  expect(problems({ region: "eu-west-1", kinesis: { fanOut: true, leases: { store: "memory" } } })).toEqual([]);
  expect(problems({ accountId: "1", kinesis: { fanOut: "yes" } })).toEqual(["accountId", "kinesis.fanOut"]);
});

test("the factory is a connection for defineConfig", () => {
  expect(connection({ region: "eu-west-1" })).toEqual({ use: aws, region: "eu-west-1" });
});

test("it sends and receives, and makes and removes its queues", async () => {
  const of = queueOf();
  const topology = await aws.topology!(emulator.connection, systemRuntime);
  await topology.apply(await topology.plan([of], never), never);
  const open = await aws.open(emulator.connection, systemRuntime, () => {});
  const [sent] = await (await open.sender(of, never)).send([{ body: "a", headers: {} }], never);
  const receiver = await open.receiver(of, { holdMs: 30_000, prefetch: 1, start: "earliest" }, never);
  const { value: lease } = await receiver.leases(never)[Symbol.asyncIterator]().next();
  const [delivery] = await lease.receive(1, 5_000, never);
  expect(delivery.id).toBe((sent as { id: string }).id);
  await topology.destroy!([of], never);
  expect(await topology.plan([of], never)).toMatchObject({ changes: [{ action: "create" }] });
  await receiver.close();
  await topology.close();
  await open.close();
});
