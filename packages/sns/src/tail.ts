/**
 * Watching a topic: a queue of its own with a subscription, removed at the end. Both outlive a process that is killed, so the queue has tags
 * that say of which topic it is and from when on it may be removed. SQS keeps its messages for {@link KEPT_S} only.
 */
import type { Connection, Destination, Lease, Runtime, TailDriver, TailLeft, Tails } from "@switchyard/core/driver";
import { type Clients, classify as classifySqs, describeQueue } from "@switchyard/sqs/kit";
import type { SnsClient } from "./client.ts";
import { tailPrefix } from "./names.ts";
import { openTopic, type Topic } from "./resource.ts";
import { ifThere } from "./topology/context.ts";
import { subscriptionsOf } from "./topology/subscriptions.ts";

const TOPIC_TAG = "switchyard:tail";
const EXPIRES_TAG = "switchyard:expires";
/** Seconds that a message waits for whoever watches. */
const KEPT_S = 300;
const HOLD_MS = 30_000;
const READ_MS = 1_000;
const AT_ONCE = 10;
interface TailContext {
  /** The connection that reads queues. */
  readonly queues: Connection;
  readonly clients: Clients;
  readonly sns: SnsClient;
  readonly runtime: Runtime;
}

export function tailsOf(context: TailContext): Required<Tails> {
  return {
    open: async (of, { expiresAt }, signal) => {
      const topic = await openTopic(of, context.sns, signal);
      const made = await make(topic, expiresAt, context, signal);
      try {
        return await read(of, topic, made, context, signal);
      } catch (error) {
        await removeQueue(topic, made, context, signal).catch(() => undefined);
        throw error;
      }
    },
    left: async (of, signal) => {
      const topic = await openTopic(of, context.sns, signal);
      return find(topic, context, signal);
    },
    remove: async (of, { name }, signal) => {
      const topic = await openTopic(of, context.sns, signal);
      const queue = { name, url: await urlOf(name, context, signal), arn: arnOf(topic, name) };
      await removeQueue(topic, queue, context, signal);
    },
  };
}

interface TailQueue {
  readonly name: string;
  readonly arn: string;
  /** Undefined: it is gone. */
  readonly url: string | undefined;
}

const arnOf = ({ arn }: Topic, queue: string): string => {
  const [, partition, , region, account] = arn.split(":");
  return `arn:${partition}:sqs:${region}:${account}:${queue}`;
};

/** The queue first, then the subscription: whatever is there when the process dies has its tags. */
async function make(
  topic: Topic,
  expiresAt: number,
  { clients, sns, runtime }: TailContext,
  signal: AbortSignal,
): Promise<TailQueue & { readonly url: string }> {
  const name = `${tailPrefix(topic.name)}${runtime.uuid().replaceAll("-", "").slice(-12)}${topic.fifo ? ".fifo" : ""}`;
  const tags = { [TOPIC_TAG]: topic.arn, [EXPIRES_TAG]: new Date(expiresAt).toISOString() };
  const Attributes = {
    MessageRetentionPeriod: String(KEPT_S),
    VisibilityTimeout: String(HOLD_MS / 1_000),
    SqsManagedSseEnabled: "true",
    ...(topic.fifo ? { FifoQueue: "true" } : {}),
  };
  const { QueueUrl: url = "" } = await clients.call("CreateQueue", { QueueName: name, Attributes, tags }, signal);
  const { arn } = await describeQueue(url, clients, signal);
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "SwitchyardTail",
        Effect: "Allow",
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: arn,
        Condition: { ArnEquals: { "aws:SourceArn": topic.arn } },
      },
    ],
  });
  await clients.call("SetQueueAttributes", { QueueUrl: url, Attributes: { Policy } }, signal);
  const raw = { RawMessageDelivery: "true" };
  const subscription = { TopicArn: topic.arn, Protocol: "sqs", Endpoint: arn, Attributes: raw } as const;
  await sns.call("Subscribe", { ...subscription, ReturnSubscriptionArn: true }, signal);
  return { name, arn, url };
}

async function read(
  of: Destination,
  topic: Topic,
  queue: TailQueue,
  context: TailContext,
  signal: AbortSignal,
): Promise<TailDriver> {
  const { channel, base } = of;
  const from = {
    channel,
    base,
    name: queue.name,
    model: "queue",
    ordered: topic.fifo,
    address: queue.arn,
    native: {},
  } as const;
  const asked = { holdMs: HOLD_MS, prefetch: AT_ONCE, start: "latest" } as const;
  const receiver = await context.queues.receiver(from, asked, signal);
  const over = new AbortController();
  const { value: lease } = (await receiver.leases(over.signal)[Symbol.asyncIterator]().next()) as { value: Lease };
  let closing: Promise<void> | undefined;
  return {
    read: async (reading) => {
      const got = (await lease.receive(AT_ONCE, READ_MS, reading)) ?? [];
      // What cannot be deleted comes again, to be seen twice.
      const settled = got.map(({ receipt }) => ({ receipt, action: "ack" }) as const);
      if (settled.length > 0) await lease.settle(settled, over.signal).catch(() => undefined);
      return got.map(({ id, message, raw, enqueuedAt }) => ({
        ...{ id, message, raw },
        ...(enqueuedAt === undefined ? {} : { enqueuedAt }),
      }));
    },
    close: () =>
      (closing ??= (async () => {
        over.abort();
        await receiver.close();
        await removeQueue(topic, queue, context, new AbortController().signal);
      })()),
  };
}

/** The subscription first: a queue without one fills no more. */
async function removeQueue(
  topic: Topic,
  { arn, url }: TailQueue,
  { clients, sns }: TailContext,
  signal: AbortSignal,
): Promise<void> {
  for (const { Endpoint, SubscriptionArn = "" } of await subscriptionsOf(topic.arn, sns, signal))
    if (Endpoint === arn && SubscriptionArn.startsWith("arn:"))
      await ifThere(sns.call("Unsubscribe", { SubscriptionArn }, signal));
  if (url !== undefined) await ifQueue(clients.call("DeleteQueue", { QueueUrl: url }, signal));
}

/** Queues of tails, and subscriptions whose queue is gone. */
async function find(topic: Topic, context: TailContext, signal: AbortSignal): Promise<readonly TailLeft[]> {
  const { clients, sns } = context;
  const QueueNamePrefix = tailPrefix(topic.name);
  const found = new Map<string, TailLeft>();
  const look = async (url: string): Promise<void> => {
    const name = url.slice(url.lastIndexOf("/") + 1);
    const tags = (await ifQueue(clients.call("ListQueueTags", { QueueUrl: url }, signal)))?.Tags;
    if (tags?.[TOPIC_TAG] !== topic.arn) return;
    const expiresAt = Date.parse(tags[EXPIRES_TAG] ?? "");
    found.set(name, { name, ...(Number.isNaN(expiresAt) ? {} : { expiresAt }) });
  };
  let token: string | undefined;
  do {
    const more = token === undefined ? {} : { NextToken: token };
    const page = await clients.call("ListQueues", { QueueNamePrefix, MaxResults: 1_000, ...more }, signal);
    for (const url of page.QueueUrls ?? []) await look(url);
    token = page.NextToken || undefined;
  } while (token !== undefined);
  const start = arnOf(topic, QueueNamePrefix);
  for (const { Endpoint = "", Protocol } of await subscriptionsOf(topic.arn, sns, signal)) {
    const name = Endpoint.slice(Endpoint.lastIndexOf(":") + 1);
    if (Protocol !== "sqs" || !Endpoint.startsWith(start) || found.has(name)) continue;
    // A list of queues may lag behind.
    const url = await urlOf(name, context, signal);
    if (url === undefined) found.set(name, { name });
    else await look(url);
  }
  return [...found.values()];
}

async function urlOf(name: string, { clients }: TailContext, signal: AbortSignal): Promise<string | undefined> {
  return (await ifQueue(clients.call("GetQueueUrl", { QueueName: name }, signal)))?.QueueUrl;
}

/** Undefined where SQS answers that there is no such queue. */
function ifQueue<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (classifySqs(error, "topology").code === "queue-not-found") return undefined;
    throw error;
  });
}
