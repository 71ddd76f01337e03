/** What memory declares as another broker is what that broker's adapter declares, but for the differences listed here. */
import { adapter as amqp } from "@switchyard/amqp";
import type { Adapter, Capabilities, Destination } from "@switchyard/core/driver";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as memory } from "@switchyard/memory";
import { adapter as sns } from "@switchyard/sns";
import { adapter as sqs } from "@switchyard/sqs";
import { expect, test } from "vitest";

const of = (model: Destination["model"], ordered: boolean): Destination => ({
  ...{ channel: "orders", base: "shop_orders", name: "shop_orders_billing", group: "billing" },
  ...{ model, ordered, native: {} },
});

async function declared(adapter: Adapter<any>, destination: Destination, given: unknown): Promise<Capabilities> {
  const options = await adapter.options["~standard"].validate(given);
  if (options.issues !== undefined) throw new Error(JSON.stringify(options.issues));
  return adapter.capabilities(destination, options.value)!;
}

/** The adapter ends its retries a little before SQS's own end, so that the call still comes in time. */
const FIFO = ["retryDelayMs", "releaseDelayMs"];
/** SQS's own move of all dead letters is not simulated. */
const SQS = [...FIFO, "moveAll"];
/** One queue with all keys stands for the partitions, which members of a group would share. */
const PARTITIONS = ["groupMembership", "minInFlight"];
/** The broker pushes the records of each partition. Memory's are asked for. */
const STREAM = ["minInFlight"];

test.each([
  ["sqs", sqs, "queue", false, SQS],
  ["sqs", sqs, "queue", true, FIFO],
  ["sqs-fifo", sqs, "queue", true, FIFO],
  ["sns", sns, "pubsub", false, SQS],
  ["sns", sns, "pubsub", true, FIFO],
  ["kinesis", kinesis, "stream", true, []],
  ["kinesis", kinesis, "stream", false, []],
  ["rabbitmq-queue", amqp, "queue", false, []],
  ["rabbitmq-queue", amqp, "queue", true, PARTITIONS],
  ["rabbitmq-queue", amqp, "pubsub", false, []],
  ["rabbitmq-queue", amqp, "pubsub", true, PARTITIONS],
  ["rabbitmq-stream", amqp, "stream", true, STREAM],
  ["rabbitmq-stream", amqp, "stream", false, STREAM],
] as const)("memory as %s declares what %s declares: %s, ordered %s", async (profile, adapter, model, ordered, but) => {
  const theirs = await declared(
    adapter as Adapter<any>,
    of(model, ordered),
    adapter === amqp ? { url: "amqp://127.0.0.1" } : {},
  );
  const ours = await declared(memory as Adapter<any>, of(model, ordered), { profile });
  const differing = Object.keys({ ...theirs, ...ours }).filter(
    (name) => JSON.stringify(theirs[name as keyof Capabilities]) !== JSON.stringify(ours[name as keyof Capabilities]),
  );
  expect(differing.filter((name) => !(but as readonly string[]).includes(name))).toEqual([]);
  // What is listed and does not differ must go.
  expect(but.filter((name) => !differing.includes(name))).toEqual([]);
});
