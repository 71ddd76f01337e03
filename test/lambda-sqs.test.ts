/** Functions behind an event source mapping of SQS: what the mapping does with the answer decides whether a message is lost. */
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { channel, connect, consumer, DeadLetter, type MessagingEvent, Retry, systemRuntime } from "@switchyard/core";
import { lambda, type LambdaOptions } from "@switchyard/lambda";
import { adapter as aws } from "@switchyard/aws";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startAws } from "./support/aws-emulator.ts";
import { inProcess, type Invoke } from "./support/lambda/function.ts";
import { QueueMapping, type QueueMappingOptions } from "./support/lambda/queue-mapping.ts";

const place = await startAws();
afterAll(() => place.close());

const item = z.object({ n: z.number(), k: z.string().optional() });
const jobs = channel("jobs", { messages: { job: item } });
const ordered = channel("jobs", { messages: { job: item }, orderingKey: ({ data }) => data.k ?? "none" });

let prefixes = 0;
interface Settings {
  readonly hold?: string;
  readonly report?: boolean;
  readonly retry?: object;
  readonly group?: object;
}

/** A channel of its own for each test, with its queues. */
async function provided(
  of: typeof jobs | typeof ordered,
  { hold = "30s", report = true, retry = {}, group = {} }: Settings = {},
) {
  const prefix = `lambda-${systemRuntime.now().toString(36)}-${++prefixes}`;
  const native = report ? { lambda: { answer: "report" } } : {};
  const config: any = {
    prefix,
    connections: { aws: { use: aws, ...place.connection, provision: "auto" } },
    channels: { jobs: { model: "queue", on: "aws", groups: { work: { hold, runsOn: "lambda", native, ...group } } } },
    policies: { default: { retry: { attempts: 3, backoff: "constant", first: "1s", ...retry } } },
  };
  const messaging = await connect({ channels: [of], service: "test", config, observe: () => {} });
  const queue = `${prefix}_jobs_work${of === ordered ? ".fifo" : ""}`;
  const events: MessagingEvent[] = [];
  const make = (handlers: object, more: Partial<LambdaOptions> = {}) =>
    lambda({
      channels: [of],
      service: "test",
      consumers: [consumer(of as typeof jobs, "work", handlers as never)],
      config,
      observe: (event) => void events.push(event),
      ...more,
    } as LambdaOptions);
  const map = async (invoke: Invoke, options: Partial<QueueMappingOptions> = {}) => {
    const mapping = new QueueMapping({
      client: place.client,
      queue,
      invoke,
      report,
      maximumConcurrency: 2,
      ...options,
    });
    await mapping.start();
    return mapping;
  };
  const publish = (all: readonly { n: number; k?: string }[]) =>
    messaging.publishMany(
      of as typeof jobs,
      all.map((data) => ({ type: "job" as const, data })),
    );
  const left = async () => {
    const { ready = 0, delayed = 0, held = 0 } = place.inspect(queue) ?? {};
    return ready + delayed + held;
  };
  const dead = async () => (await messaging.deadLetters(of as typeof jobs, "work").peek(10)).length;
  return { messaging, queue, make, map, publish, left, dead, events, config };
}

async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
  const end = systemRuntime.monotonic() + ms;
  while (!(await holds())) {
    if (systemRuntime.monotonic() > end) throw new Error(`did not happen: ${what}`);
    await systemRuntime.sleep(20);
  }
}

/** Records what a handler saw, and lets a test decide. */
function recorder(act: (n: number, times: number, delivery: any) => unknown = () => {}) {
  const seen: { n: number; at: number }[] = [];
  const times = (n: number) => seen.filter((one) => one.n === n).length;
  const job = (data: { n: number }, delivery: unknown) => {
    seen.push({ n: data.n, at: systemRuntime.monotonic() });
    return act(data.n, times(data.n), delivery);
  };
  return { seen, times, handlers: { job } };
}

const range = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const TIMEOUT_MS = 10_000;

describe.each([true, false])("with the answer %s read", (report) => {
  test("one failure in ten is tried again, and nothing else", { timeout: 60_000 }, async () => {
    const at = await provided(jobs, { report, hold: "5s" });
    const seen = recorder((n, times) => {
      if (n === 3 && times === 1) throw new Error("no");
    });
    const mapping = await at.map(inProcess(at.make(seen.handlers), TIMEOUT_MS));
    await at.publish(range(10));
    await until(() => seen.times(3) === 2, "the second attempt");
    await until(async () => (await at.left()) === 0, "an empty queue");
    await mapping.stop();
    for (const { n } of range(10)) expect(seen.times(n), String(n)).toBe(n === 3 ? 2 : 1);
    const [first, second] = seen.seen.filter(({ n }) => n === 3).map(({ at }) => at) as [number, number];
    expect(second - first).toBeGreaterThanOrEqual(1_000);
    await at.messaging.stop();
  });

  test("a message that has used up its attempts is dead-lettered with its reason", { timeout: 60_000 }, async () => {
    const at = await provided(jobs, { report, hold: "5s" });
    const seen = recorder(() => {
      throw new TypeError("never");
    });
    const mapping = await at.map(inProcess(at.make(seen.handlers), TIMEOUT_MS));
    await at.publish(range(1));
    await until(async () => (await at.left()) === 0, "an empty queue");
    await mapping.stop();
    expect(seen.times(0)).toBe(3);
    expect((await at.messaging.deadLetters(jobs, "work").peek(1))[0]).toMatchObject({
      code: "attempts-exhausted",
      attempts: 3,
    });
    await at.messaging.stop();
  });
});

test("a message that Lambda makes visible at once is still not handled before its time", {
  timeout: 60_000,
}, async () => {
  const at = await provided(jobs, { retry: { first: "3s" } });
  const seen = recorder((_, times) => {
    if (times === 1) throw new Error("no");
  });
  const mapping = await at.map(inProcess(at.make(seen.handlers), TIMEOUT_MS), { resets: true, maximumConcurrency: 1 });
  await at.publish(range(1));
  await until(() => seen.times(0) === 2, "the second attempt");
  await mapping.stop();
  expect(seen.seen[1]!.at - seen.seen[0]!.at).toBeGreaterThanOrEqual(2_000);
  await at.messaging.stop();
});

test("FIFO: after a failure its group goes back and waits, and another group goes on", {
  timeout: 60_000,
}, async () => {
  const at = await provided(ordered, { hold: "20s" });
  const seen = recorder((n, times) => {
    if (n === 1 && times === 1) throw new Retry({ delay: "2s" });
  });
  const mapping = await at.map(inProcess(at.make(seen.handlers), TIMEOUT_MS));
  await at.publish([
    { n: 1, k: "a" },
    { n: 2, k: "a" },
    { n: 11, k: "b" },
    { n: 12, k: "b" },
  ]);
  await until(async () => (await at.left()) === 0, "an empty queue");
  await mapping.stop();
  const order = seen.seen.map(({ n }) => n);
  expect(order.filter((n) => n < 10)).toEqual([1, 1, 2]);
  expect(order.filter((n) => n > 10)).toEqual([11, 12]);
  const [first, second] = seen.seen.filter(({ n }) => n === 1).map(({ at }) => at) as [number, number];
  expect(second - first).toBeGreaterThanOrEqual(2_000);
  await at.messaging.stop();
});

test("an overrunning handler that is thawed beside its redelivery settles nothing", { timeout: 60_000 }, async () => {
  const at = await provided(jobs, { hold: "3s" });
  const slow = Promise.withResolvers<void>();
  const seen = recorder((_, times) => (times === 1 ? slow.promise : undefined));
  const invoke = inProcess(at.make(seen.handlers, { margin: "500ms" }), 1_000);
  const mapping = await at.map(invoke, { maximumConcurrency: 1 });
  await at.publish(range(1));
  await until(() => seen.times(0) === 2, "the redelivery");
  slow.reject(new DeadLetter("too late"));
  await until(async () => (await at.left()) === 0, "an empty queue");
  await mapping.stop();
  expect(at.events.map(({ type }) => type)).toContain("abandoned");
  expect(await at.dead()).toBe(0);
  await at.messaging.stop();
});

test("if the visibility may not be changed, that is told, and the message comes when its hold ends", {
  timeout: 60_000,
}, async () => {
  const at = await provided(jobs, { hold: "3s" });
  const seen = recorder((_, times) => {
    if (times === 1) throw new Error("no");
  });
  const refusing = {
    ...aws,
    open: async (...given: Parameters<typeof aws.open>) => {
      const connection = await aws.open(...given);
      const refused = Object.assign(new Error("not authorized"), {
        name: "AccessDenied",
        $metadata: { httpStatusCode: 403 },
      });
      return { ...connection, receiver: () => Promise.reject(refused) };
    },
  };
  const config = {
    ...at.config,
    connections: { aws: { ...at.config.connections.aws, use: refusing, provision: "off" } },
  };
  const mapping = await at.map(inProcess(at.make(seen.handlers, { config }), TIMEOUT_MS));
  await at.publish(range(1));
  await until(async () => seen.times(0) === 2 && (await at.left()) === 0, "the second attempt");
  await mapping.stop();
  expect(at.events).toContainEqual(
    expect.objectContaining({ type: "warning", error: expect.objectContaining({ kind: "auth" }) }),
  );
  expect(seen.seen[1]!.at - seen.seen[0]!.at).toBeGreaterThanOrEqual(2_500);
  await at.messaging.stop();
});

test("a message of another producer is handled as core handles it", { timeout: 60_000 }, async () => {
  const at = await provided(jobs);
  const mapping = await at.map(inProcess(at.make(recorder().handlers), TIMEOUT_MS));
  const { QueueUrl } = await place.client.send(new GetQueueUrlCommand({ QueueName: at.queue }));
  await place.client.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
  await until(async () => (await at.left()) === 0, "an empty queue");
  expect(await at.dead()).toBe(1);
  await mapping.stop();
  await at.messaging.stop();
});

test("an event of the dead-letter queue is refused by name", async () => {
  const at = await provided(jobs);
  const handler = at.make(recorder().handlers);
  const eventSourceARN = `arn:aws:sqs:${place.region}:000000000000:${at.queue}_dead`;
  const event = { Records: [{ messageId: "m", receiptHandle: "r", eventSource: "aws:sqs", eventSourceARN }] };
  await expect(handler(event, { getRemainingTimeInMillis: () => 10_000 })).rejects.toMatchObject({
    code: "unknown-source",
    message: expect.stringContaining('dead-letter queue of group "work" of "jobs"'),
  });
  await at.messaging.stop();
});

test("the mapping's own rules: a window, at most so many at once", { timeout: 60_000 }, async () => {
  const at = await provided(jobs);
  const seen = recorder(() => systemRuntime.sleep(50));
  const options = { batchSize: 20, windowMs: 1_000, maximumConcurrency: 3 };
  const mapping = await at.map(inProcess(at.make(seen.handlers), TIMEOUT_MS), options);
  await at.publish(range(60));
  await until(async () => (await at.left()) === 0, "an empty queue");
  await mapping.stop();
  expect(seen.seen).toHaveLength(60);
  expect(mapping.most).toBeLessThanOrEqual(3);
  expect(mapping.invocations).toBeLessThan(60);
  await at.messaging.stop();
});
