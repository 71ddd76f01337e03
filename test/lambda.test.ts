/** A function in this process, with its channels on memory: events from typed messages, and what became of each. */
import {
  batchConsumer,
  channel,
  connect,
  consumer,
  DeadLetter,
  type MessagingEvent,
  Release,
  Retry,
} from "@switchyard/core";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { otel } from "@switchyard/otel";
import { lambda, type LambdaContext } from "@switchyard/lambda";
import { invoke, kinesis, sqs } from "@switchyard/lambda/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { aggregate } from "./support/lambda/aggregated.ts";

const order = z.object({ orderId: z.string(), cents: z.number().int() });
const orders = channel("orders", { messages: { placed: order, billed: order } });
const keyed = channel("keyed", { messages: { placed: order }, orderingKey: ({ data }) => data.orderId });
const views = channel("views", {
  messages: { viewed: z.object({ page: z.string(), n: z.number() }) },
  orderingKey: ({ data }) => data.page,
});

const REPORT = { lambda: { answer: "report" } };
let brokers = 0;
const aBroker = () => `lambda-test-${++brokers}`;
function config(name: string, group: object = {}, policy: object = {}, broker = aBroker()): any {
  const model = name === "views" ? "stream" : "queue";
  return {
    prefix: "test",
    connections: { memory: { use: "memory", broker } },
    channels: { [name]: { model, on: "memory", groups: { billing: { runsOn: "lambda", native: REPORT, ...group } } } },
    policies: { default: policy },
  };
}
const base = { channels: [orders], service: "billing" } as const;
const item = (n: number) => ["placed", { orderId: String(n), cents: n }] as const;
const view = (page: string, n: number) => ["viewed", { page, n }] as const;
const context: LambdaContext = { getRemainingTimeInMillis: () => 30_000 };
const idsOf = (records: readonly object[]) => records.map((record) => (record as { messageId: string }).messageId);
const quiet = () => {};

describe("an event of a queue", () => {
  const billing = consumer(orders, "billing", {
    placed: ({ cents }) => {
      if (cents === 2) throw new Error("no");
      if (cents === 3) throw new Release();
      if (cents === 4) throw new DeadLetter("never");
      if (cents === 5) throw new Retry({ delay: "10s" });
    },
    billed: "ignore",
  });

  test("the answer names what must come again, and nothing else", async () => {
    const handler = lambda({ ...base, consumers: [billing], config: config("orders"), observe: quiet });
    const { verdicts, answer, event } = await invoke(handler, sqs(orders, [1, 2, 3, 4, 5].map(item)));
    expect(verdicts).toEqual(["ack", "retry", "released", "dead", "retry"]);
    const [, second, third, , fifth] = idsOf(event.Records);
    expect(answer).toEqual({ batchItemFailures: [second, third, fifth].map((itemIdentifier) => ({ itemIdentifier })) });
  });

  test("if all is done the answer is an empty list", async () => {
    const handler = lambda({ ...base, consumers: [billing], config: config("orders") });
    expect((await invoke(handler, sqs(orders, [1, 6].map(item)))).answer).toEqual({ batchItemFailures: [] });
  });

  test("where the mapping does not read the answer, the function fails if anything must come again", async () => {
    const handler = lambda({ ...base, consumers: [billing], config: config("orders", { native: {} }), observe: quiet });
    const result = await invoke(handler, sqs(orders, [1, 2].map(item)));
    expect(result.verdicts).toEqual(["ack", "retry"]);
    expect(result.error).toMatchObject({ code: "batch-failed", message: expect.stringContaining("1 of 2 messages") });
    expect((await invoke(handler, sqs(orders, [1, 6].map(item)))).answer).toEqual({ batchItemFailures: [] });
  });

  test("a dead letter is on the broker", async () => {
    const broker = aBroker();
    const settings = config("orders", {}, {}, broker);
    const handler = lambda({ ...base, consumers: [billing], config: settings, observe: quiet });
    await invoke(handler, sqs(orders, [4].map(item)));
    const messaging = await connect({ ...base, config: settings });
    expect(await messaging.deadLetters(orders, "billing").count()).toMatchObject({ ready: 1 });
    await messaging.stop();
  });

  test("attempts are the queue's receives", async () => {
    const attempts: number[] = [];
    const counting = consumer(orders, "billing", { "*": (_, { attempt }) => void attempts.push(attempt) });
    const handler = lambda({ ...base, consumers: [counting], config: config("orders") });
    await invoke(handler, sqs(orders, [["placed", { orderId: "1", cents: 1 }, { receives: 3 }]]));
    expect(attempts).toEqual([3]);
  });

  test("with telemetry, a handler continues the trace of its message; nobody asked for a receive", async () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const telemetry = otel({ tracerProvider, meterProvider: false });
    const handler = lambda({ ...base, consumers: [billing], config: config("orders"), observe: quiet, telemetry });
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    await invoke(handler, sqs(orders, [["placed", { orderId: "1", cents: 1 }, { headers: { traceparent } }]]));
    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ name }) => name)).not.toContain("receive orders");
    expect(spans.find(({ name }) => name === "process orders")?.parentSpanContext?.spanId).toBe("b".repeat(16));
  });

  test("batch consumers get the event's messages together", async () => {
    const sizes: number[] = [];
    const batching = batchConsumer(orders, "billing", (batch) => {
      const all = [...batch];
      sizes.push(all.length);
      batch.fail(all[1]!, new Error("no"));
    });
    const handler = lambda({ ...base, consumers: [batching], config: config("orders"), observe: quiet });
    const { verdicts } = await invoke(handler, sqs(orders, [1, 2, 3].map(item)));
    expect(sizes).toEqual([3]);
    expect(verdicts).toEqual(["ack", "retry", "ack"]);
  });

  test("with an ordering key, what follows a failed message of its key goes back, and other keys go on", async () => {
    const seen: number[] = [];
    const ordered = consumer(keyed, "billing", {
      placed: ({ cents }) => {
        seen.push(cents);
        if (cents === 1) throw new Error("no");
      },
    });
    const handler = lambda({
      channels: [keyed],
      service: "billing",
      consumers: [ordered],
      config: config("keyed"),
      observe: quiet,
    });
    const batch = sqs(
      keyed,
      [
        ["a", 1],
        ["b", 2],
        ["a", 3],
        ["b", 4],
      ].map(([orderId, cents]) => ["placed", { orderId, cents }] as any),
    );
    expect((await invoke(handler, batch)).verdicts).toEqual(["retry", "ack", "released", "ack"]);
    expect(seen).toEqual([1, 2, 4]);
  });

  test("handlers are aborted a margin before the end, and what has not ended or not begun comes again", async () => {
    const events: MessagingEvent[] = [];
    const aborted: number[] = [];
    const ignored = Promise.withResolvers<void>();
    const slow = consumer(orders, "billing", {
      placed: async ({ cents }, { signal }) => {
        if (cents === 1) return;
        const over = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        await over.then(() => void aborted.push(cents));
        if (cents === 3) await ignored.promise;
      },
      billed: "ignore",
    });
    const handler = lambda({
      ...base,
      consumers: [slow],
      config: config("orders", { concurrency: 2 }),
      margin: "300ms",
      observe: (event) => void events.push(event),
    });
    const { verdicts, answer } = await invoke(handler, sqs(orders, [1, 2, 3, 4].map(item)), { timeout: "600ms" });
    expect(verdicts).toEqual(["ack", "released", "released", "released"]);
    expect(answer?.batchItemFailures).toHaveLength(3);
    expect(aborted).toEqual([2, 3]);
    expect(events.filter(({ type }) => type === "abandoned")).toHaveLength(1);
    ignored.resolve();
  });

  test("an event that comes with no more time than the margin is not begun", async () => {
    let handled = 0;
    const counting = consumer(orders, "billing", { "*": () => void handled++ });
    const handler = lambda({ ...base, consumers: [counting], config: config("orders") });
    expect((await invoke(handler, sqs(orders, [1].map(item)), { timeout: "2s" })).verdicts).toEqual(["released"]);
    expect(handled).toBe(0);
  });

  test("publishes that a handler did not await are sent before the answer", async () => {
    const broker = aBroker();
    const settings = config("orders", {}, {}, broker);
    const messaging = await connect({ ...base, config: settings });
    const publishing = consumer(orders, "billing", {
      placed: (data) => void messaging.publish(orders, "billed", data),
      billed: "ignore",
    });
    const handler = lambda({ ...base, consumers: [publishing], config: settings });
    await invoke(handler, sqs(orders, [1].map(item)));
    await messaging.flush();
    expect((await messaging.depth(orders, "billing"))[0]?.ready).toBe(1);
    await messaging.stop();
  });

  test("invocations may overlap", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = consumer(orders, "billing", { "*": ({ cents }: any) => gates[cents]!.promise });
    const handler = lambda({ ...base, consumers: [waiting], config: config("orders", { concurrency: 1 }) });
    const [one, two] = [0, 1].map((n) => invoke(handler, sqs(orders, [item(n)])));
    gates[1]!.resolve();
    expect((await two)!.verdicts).toEqual(["ack"]);
    gates[0]!.resolve();
    expect((await one)!.verdicts).toEqual(["ack"]);
  });

  test("handlers run in the async context of their invocation", async () => {
    const { AsyncLocalStorage } = await import("node:async_hooks");
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const looking = consumer(orders, "billing", { "*": async () => void seen.push(request.getStore()) });
    const handler = lambda({ ...base, consumers: [looking], config: config("orders") });
    for (const id of ["one", "two"]) await request.run(id, () => invoke(handler, sqs(orders, [item(1)])));
    expect(seen).toEqual(["one", "two"]);
  });

  test("a connect that fails is tried again with the next event", async () => {
    const env: Record<string, string> = {};
    const settings = { ...config("orders"), connections: { memory: { use: "memory", broker: "${BROKER}" } } };
    const handler = lambda({ ...base, consumers: [billing], config: settings, env });
    await expect(invoke(handler, sqs(orders, [item(1)]))).rejects.toMatchObject({ code: "invalid-config" });
    env["BROKER"] = aBroker();
    expect((await invoke(handler, sqs(orders, [item(1)]))).verdicts).toEqual(["ack"]);
  });
});

describe("an event of a stream", () => {
  const streamed = { channels: [views], service: "billing" } as const;
  const handle = (fails: readonly number[], seen: number[] = []) =>
    consumer(views, "billing", {
      viewed: ({ n }) => {
        seen.push(n);
        if (fails.includes(n)) throw new Error("no");
      },
    });

  test("the answer is the first record that must come again; what follows it comes again too", async () => {
    const seen: number[] = [];
    const policy = { deadLetter: "skip", retry: { first: "10m", max: "10m" } };
    const handler = lambda({
      ...streamed,
      consumers: [handle([2], seen)],
      config: config("views", {}, policy),
      observe: quiet,
    });
    const { verdicts, answer, event } = await invoke(
      handler,
      kinesis(views, [view("a", 1), view("b", 2), view("a", 3), view("b", 4)]),
    );
    expect(verdicts).toEqual(["ack", "released", "released", "released"]);
    const { kinesis: second } = event.Records[1] as { kinesis: { sequenceNumber: string } };
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: second.sequenceNumber }] });
    expect(seen).toEqual([1, 2, 3]);
  });

  test("attempts are made in place while the time allows, and a record that has used them up lets the shard go on", async () => {
    const seen: number[] = [];
    const policy = { deadLetter: "skip", retry: { attempts: 3, backoff: "constant", first: "5ms" } };
    const handler = lambda({
      ...streamed,
      consumers: [handle([2], seen)],
      config: config("views", {}, policy),
      observe: quiet,
    });
    const { verdicts } = await invoke(handler, kinesis(views, [view("a", 1), view("b", 2), view("b", 3)]));
    expect(verdicts).toEqual(["ack", "ack", "ack"]);
    expect(seen).toEqual([1, 2, 2, 2, 3]);
  });

  test("where the mapping does not read the answer, the function fails whole", async () => {
    const policy = { deadLetter: "skip", retry: { first: "10m", max: "10m" } };
    const settings = config("views", { native: {} }, policy);
    const handler = lambda({ ...streamed, consumers: [handle([2])], config: settings, observe: quiet });
    const { error } = await invoke(handler, kinesis(views, [view("a", 1), view("b", 2)]));
    expect(error).toMatchObject({ code: "batch-failed" });
  });
});

test("with several invocations of a shard at once, aggregated records are refused: their keys may not be those of the shard", async () => {
  const seen: number[] = [];
  const viewed = consumer(views, "billing", { viewed: ({ n }) => void seen.push(n) });
  const settings = config("views", { native: { lambda: { answer: "report", parallelization: 2 } } });
  const handler = lambda({
    channels: [views],
    service: "billing",
    consumers: [viewed],
    config: settings,
    observe: quiet,
  });
  const { event } = await invoke(handler, kinesis(views, [view("a", 1)]));
  expect(seen).toEqual([1]);
  const [first] = event.Records as { kinesis: { data: string } }[];
  const body = Buffer.from(first!.kinesis.data, "base64").toString();
  first!.kinesis.data = aggregate("a", [body, body]).toString("base64");
  const error: unknown = await handler(event, context).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: "aggregated-records", message: expect.stringContaining("set it to 1") });
  expect(seen).toEqual([1]);
});

describe("refusals", () => {
  const billing = consumer(orders, "billing", { "*": () => {} });
  const handler = lambda({ ...base, consumers: [billing], config: config("orders") });
  const record = (more: object) => ({
    Records: [{ messageId: "m", receiptHandle: "r", eventSource: "aws:sqs", ...more }],
  });
  const refused = (event: unknown) => handler(event, context).catch((error: unknown) => error);

  test("an event of another queue names its ARN and the known ones", async () => {
    const eventSourceARN = "arn:aws:sqs:eu-west-1:123456789012:other";
    expect(await refused(record({ eventSourceARN }))).toMatchObject({
      code: "unknown-source",
      message: expect.stringMatching(/eu-west-1:123456789012:other.*it reads test_orders_billing/),
    });
  });

  test("a topic's own event is refused, with what to do instead", async () => {
    expect(await refused({ Records: [{ EventSource: "aws:sns", Sns: {} }] })).toMatchObject({
      code: "direct-subscription",
      message: expect.stringContaining("map the group's queue to the function"),
    });
  });

  test("an event with a tumbling window is refused", async () => {
    const kinesisRecord = {
      eventSource: "aws:kinesis",
      eventSourceARN: "arn:aws:kinesis:eu-west-1:1:stream/s",
      eventID: "s:1",
      kinesis: { sequenceNumber: "1" },
    };
    expect(await refused({ Records: [kinesisRecord], window: {} })).toMatchObject({ code: "tumbling-window" });
  });

  test.each([
    ["nothing", undefined],
    ["an event of an API", { httpMethod: "GET" }],
    ["no records", { Records: [] }],
    [
      "a record without an id",
      record({ eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:test_orders_billing", messageId: "" }),
    ],
    [
      "records of two queues",
      { Records: [...record({ eventSourceARN: "a" }).Records, ...record({ eventSourceARN: "b" }).Records] },
    ],
    ["another service", record({ eventSource: "aws:dynamodb", eventSourceARN: "arn:aws:dynamodb:::" })],
  ])("%s is no event of ours", async (_, event) => {
    expect(await refused(event)).toMatchObject({ code: "unknown-event" });
  });

  test.each([
    ["margin", { margin: "soon" }],
    ["overrun", { overrun: "die" }],
    ["consumers", { consumers: [] }],
  ])("%s that is not one is refused at once", (_, options) => {
    expect(() => lambda({ ...base, consumers: [billing], ...options } as never)).toThrow(
      expect.objectContaining({ code: "bad-option" }),
    );
  });

  test("a group whose configuration does not say so does not run here", async () => {
    const elsewhere = lambda({ ...base, consumers: [billing], config: config("orders", { runsOn: undefined }) });
    await expect(invoke(elsewhere, sqs(orders, [item(1)]))).rejects.toMatchObject({ code: "runs-elsewhere" });
  });
});
