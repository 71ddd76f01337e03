/** AsyncAPI documents of channels whose schemas are of several libraries. */
import { Parser } from "@asyncapi/parser";
import { adapter as amqp } from "@switchyard/amqp";
import { adapter as aws } from "@switchyard/aws";
import { asyncapi } from "@switchyard/cli";
import { channel, explain, resources } from "@switchyard/core";
import { type } from "arktype";
import * as v from "valibot";
import { expect, test } from "vitest";
import { z } from "zod";

const orders = channel("orders", {
  messages: {
    placed: z.object({ order: z.string() }),
    paid: type({ order: "string" }),
    lost: v.object({ order: v.string() }),
    // JSON Schema cannot say it.
    never: z.object({ order: z.custom<string>() }),
  },
});

test("payloads come from the schemas themselves; a schema that gives none has an empty payload that says why", async () => {
  const config = {
    prefix: "dev",
    connections: { rabbit: { use: "amqp", url: "amqp://127.0.0.1:1", leases: "memory" } },
    channels: { orders: { model: "stream", on: "rabbit", partitions: 2, groups: { billing: {} } } },
  };
  const explanation = await explain({ channels: [orders], adapters: [amqp], config, service: "shop" });
  const made = asyncapi({ explanation, channels: [orders] });
  const payload = { type: "object", properties: { order: { type: "string" } }, required: ["order"] };
  expect(made.components.messages).toMatchObject({
    "orders.placed": { payload },
    "orders.paid": { payload },
    "orders.lost": { payload: {}, description: 'The schema of "lost" (valibot) gives no JSON Schema.' },
    "orders.never": { payload: {}, description: expect.stringContaining('"never" cannot be written as JSON Schema') },
  });
  expect(made.channels["orders"]).toMatchObject({
    bindings: { "x-rabbitmq-stream": { streams: ["dev_orders_p0", "dev_orders_p1"] } },
  });
  const found = await new Parser().validate(JSON.stringify(made));
  expect(found.filter(({ code }) => code !== "asyncapi-latest-version")).toEqual([]);
});

const durable = { durable: true, autoDelete: false };
/** The settings of ordered channels, with what their bindings must be. */
const ORDERED: Readonly<Record<string, readonly [settings: object, bindings: object]>> = {
  "rabbit-queue": [
    { model: "queue", on: "rabbit", partitions: 2 },
    {
      amqp: { is: "routingKey", exchange: { name: "dev_rabbit-queue_a", type: "direct", ...durable } },
      "x-rabbitmq-partitions": { queues: ["dev_rabbit-queue_a_p0", "dev_rabbit-queue_a_p1"] },
    },
  ],
  "rabbit-topic": [
    { model: "pubsub", on: "rabbit", partitions: 2 },
    { amqp: { is: "routingKey", exchange: { name: "dev_rabbit-topic", type: "topic", ...durable } } },
  ],
  "rabbit-stream": [
    { model: "stream", on: "rabbit", partitions: 2 },
    { "x-rabbitmq-stream": { streams: ["dev_rabbit-stream_p0", "dev_rabbit-stream_p1"] } },
  ],
  "aws-queue": [{ model: "queue", on: "aws" }, { sqs: { queue: { name: "dev_aws-queue_a.fifo", fifoQueue: true } } }],
  "aws-given": [
    { model: "queue", on: "aws", groups: { a: { address: "arn:aws:sqs:eu-west-1:123456789012:theirs.fifo" } } },
    { sqs: { queue: { name: "theirs.fifo", fifoQueue: true } } },
  ],
  "aws-topic": [{ model: "pubsub", on: "aws" }, { sns: { name: "dev_aws-topic.fifo", ordering: { type: "FIFO" } } }],
  "aws-stream": [{ model: "stream", on: "aws" }, { "x-kinesis": { stream: "dev_aws-stream" } }],
};

test("the bindings of ordered channels name what there is at the broker", async () => {
  const messages = { done: z.object({ id: z.string() }) };
  const channels = Object.keys(ORDERED).map((name) => channel(name as "jobs", { messages, orderingKey: "id" }));
  const settings = Object.entries(ORDERED).map(([name, [its]]) => [name, { groups: { a: {} }, ...its }]);
  const config = {
    prefix: "dev",
    connections: {
      rabbit: { use: "amqp", url: "amqp://127.0.0.1:1", leases: "memory" },
      aws: { use: "aws", region: "eu-west-1", accountId: "123456789012" },
    },
    channels: Object.fromEntries(settings),
  };
  const options = { channels, adapters: [amqp, aws], config };
  const made = asyncapi({ explanation: await explain(options), channels });
  const bindings = Object.fromEntries(Object.entries(made.channels).map(([name, its]) => [name, its.bindings]));
  expect(bindings).toEqual(Object.fromEntries(Object.entries(ORDERED).map(([name, [, its]]) => [name, its])));
  const found = await new Parser().validate(JSON.stringify(made));
  expect(found.filter(({ code }) => code !== "asyncapi-latest-version")).toEqual([]);
  // Each of our names is of something that the provisioner makes.
  const { connections } = await resources(options);
  const there = Object.values(connections).flatMap((its) => its.resources.map(({ name }) => name));
  expect(there).toEqual(expect.arrayContaining(JSON.stringify(bindings).match(/(?<=")dev_[^"]*/g)!));
});
