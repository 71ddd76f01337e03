import { systemRuntime } from "@switchyard/core";
import { adapter as aws, aws as connection } from "@switchyard/aws";
import type { Destination } from "@switchyard/core/driver";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sns } from "@switchyard/sns";
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

test("pub/sub on aws is a topic on SNS, and its groups' queues", async () => {
  const { group: _group, ...of } = queueOf({ model: "pubsub", ordered: true, native: { throughput: "nope" } });
  for (const one of [of, { ...of, group: "billing" }]) {
    expect(aws.capabilities(one, {})).toEqual(sns.capabilities(one, {}));
    expect(aws.locate(one, {})).toEqual({ ...sns.locate(one, {}), transport: "sns" });
    expect(aws.nativeProblems!(one, {})).toEqual(sns.nativeProblems!(one, {}));
  }
});

test("a stream on aws is a stream on Kinesis", () => {
  const { group: _group, ...of } = queueOf({ model: "stream", ordered: true, native: { nope: true } });
  expect(aws.capabilities(of, {})).toEqual(kinesis.capabilities(of, {}));
  expect(aws.locate(of, {})).toEqual({ ...kinesis.locate(of, {}), transport: "kinesis" });
  expect(aws.nativeProblems!(of, {})).toEqual(kinesis.nativeProblems!(of, {}));
});

test("a topic and a queue on one connection", async () => {
  const base = queueOf().base;
  const topic: Destination = { channel: "orders", base, name: base, model: "pubsub", ordered: false, native: {} };
  const group = { ...topic, name: `${base}_fan`, group: "fan" };
  const queue = queueOf();
  const topology = await aws.topology!(emulator.connection, systemRuntime);
  await topology.apply(await topology.plan([topic, group, queue], never), never);
  const open = await aws.open(emulator.connection, systemRuntime, () => {});
  for (const [to, from] of [
    [topic, group],
    [queue, queue],
  ] as const) {
    await (await open.sender(to, never)).send([{ body: to.model, headers: {} }], never);
    const receiver = await open.receiver(from, { holdMs: 30_000, prefetch: 1, start: "earliest" }, never);
    const { value: lease } = await receiver.leases(never)[Symbol.asyncIterator]().next();
    expect((await lease.receive(1, 5_000, never))[0].message.body).toBe(to.model);
    await receiver.close();
  }
  await topology.destroy!([topic, group, queue], never);
  await topology.close();
  await open.close();
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
