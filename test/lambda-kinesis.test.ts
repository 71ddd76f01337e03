/** Functions behind an event source mapping of Kinesis: order, attempts over several sandboxes, crashes and aggregated records. */
import { DescribeStreamCommand, ListStreamConsumersCommand, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { adapter as aws } from "@switchyard/aws";
import { channel, connect, consumer, type MessagingEvent, systemRuntime } from "@switchyard/core";
import { lambda, type LambdaOptions } from "@switchyard/lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { aggregate } from "./support/lambda/aggregated.ts";
import { startAws } from "./support/aws-emulator.ts";
import { startDynamoDb } from "./support/dynamodb-emulator.ts";
import { startKinesis } from "./support/kinesis-emulator.ts";
import { inProcess, type Invoke } from "./support/lambda/function.ts";
import { StreamMapping, type StreamMappingOptions } from "./support/lambda/stream-mapping.ts";

type Place = [
  Awaited<ReturnType<typeof startAws>>,
  Awaited<ReturnType<typeof startKinesis>>,
  Awaited<ReturnType<typeof startDynamoDb>>,
];
let place: Place;
beforeAll(async () => {
  place = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
});
afterAll(async () => {
  for (const one of place) await one.close();
});

const view = z.object({ n: z.number(), k: z.string() });
const views = channel("views", { messages: { viewed: view }, orderingKey: ({ data }) => data.k });

let prefixes = 0;
interface Settings {
  readonly report?: boolean;
  readonly retry?: object;
  readonly timeout?: string;
  readonly deadLetter?: unknown;
  readonly fanOut?: boolean;
}

async function provided({
  report = true,
  retry = {},
  timeout = "3s",
  deadLetter = "park",
  fanOut = false,
}: Settings = {}) {
  const [sqs, kinesis, dynamodb] = place;
  const prefix = `lk-${systemRuntime.now().toString(36)}-${++prefixes}`;
  const native = { fanOut, lambda: { timeout, ...(report ? { answer: "report" } : {}) } };
  const config = (broker: string): any => ({
    prefix,
    connections: {
      aws: {
        use: aws,
        ...sqs.connection,
        provision: broker,
        kinesis: {
          ...kinesis.connection,
          leases: { store: "dynamodb", endpoint: dynamodb.endpoint, region: sqs.region },
        },
      },
    },
    channels: { views: { model: "stream", on: "aws", partitions: 1, groups: { work: { runsOn: "lambda", native } } } },
    policies: { default: { deadLetter, retry: { attempts: 3, backoff: "constant", first: "200ms", ...retry } } },
  });
  const messaging = await connect({ channels: [views], service: "test", config: config("auto"), observe: () => {} });
  const events: MessagingEvent[] = [];
  const make = (handle: (data: z.infer<typeof view>, delivery: any) => unknown, more: Partial<LambdaOptions> = {}) =>
    lambda({
      channels: [views],
      service: "test",
      consumers: [consumer(views, "work", { viewed: handle as never })],
      config: config("off"),
      margin: "500ms",
      observe: (event) => void events.push(event),
      ...more,
    } as LambdaOptions);
  const map = async (invoke: Invoke, options: Partial<StreamMappingOptions> = {}) => {
    const mapping = new StreamMapping({
      client: kinesis.client,
      stream: `${prefix}_views`,
      invoke,
      report,
      ...options,
    });
    await mapping.start();
    return mapping;
  };
  const publish = (all: readonly (readonly [n: number, k: string])[]) =>
    messaging.publishMany(
      views,
      all.map(([n, k]) => ({ type: "viewed" as const, data: { n, k } })),
    );
  const dead = () => messaging.deadLetters(views, "work").peek(10);
  return { messaging, events, make, map, publish, dead, stream: `${prefix}_views` };
}

async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 30_000): Promise<void> {
  const end = systemRuntime.monotonic() + ms;
  while (!(await holds())) {
    if (systemRuntime.monotonic() > end) throw new Error(`did not happen: ${what}`);
    await systemRuntime.sleep(20);
  }
}

const done = (seen: readonly { n: number }[], ...all: number[]) => all.every((n) => seen.some((one) => one.n === n));

test.each([true, false])(
  "order per key is kept over a failure, with the answer %s read",
  { timeout: 60_000 },
  async (report) => {
    const at = await provided({ report });
    const seen: { n: number; k: string }[] = [];
    const failed = new Set<number>();
    const handler = at.make((data) => {
      seen.push(data);
      if (data.n === 2 && !failed.has(2)) {
        failed.add(2);
        throw new Error("no");
      }
    });
    const mapping = await at.map(inProcess(handler, 3_000));
    await at.publish([
      [1, "a"],
      [2, "a"],
      [3, "a"],
      [4, "b"],
    ]);
    await until(() => done(seen, 1, 2, 3, 4), "all handled");
    await mapping.stop();
    expect(seen.filter(({ k }) => k === "a").map(({ n }) => n)).toEqual([1, 2, 2, 3]);
    await at.messaging.stop();
  },
);

test("enhanced fan-out: the registered consumer is the event source, and the stream itself is another's", {
  timeout: 60_000,
}, async () => {
  const at = await provided({ fanOut: true });
  const { client } = place[1];
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: at.stream }));
  const { StreamARN } = StreamDescription!;
  const { Consumers = [] } = await client.send(new ListStreamConsumersCommand({ StreamARN }));
  // Provisioning has registered it.
  expect(Consumers.map(({ ConsumerName }) => ConsumerName)).toEqual([`${at.stream}_work`]);
  const seen: number[] = [];
  const failed = new Set<number>();
  const handler = at.make(({ n }) => {
    seen.push(n);
    if (n === 2 && !failed.has(n)) {
      failed.add(n);
      throw new Error("no");
    }
  });
  const mapping = await at.map(inProcess(handler, 3_000), { consumer: Consumers[0]!.ConsumerARN! });
  await at.publish([
    [1, "a"],
    [2, "a"],
    [3, "a"],
  ]);
  await until(() => seen.includes(3), "all handled");
  await mapping.stop();
  expect(seen).toEqual([1, 2, 2, 3]);
  const record = { eventID: "shardId-000000000000:1", kinesis: { sequenceNumber: "1" }, eventSource: "aws:kinesis" };
  const event = { Records: [{ ...record, eventSourceARN: StreamARN }] };
  expect(await inProcess(handler, 3_000)(event)).toMatchObject({ kind: "failed", error: { code: "unknown-source" } });
  await at.messaging.stop();
});

test.concurrent.each([true, false])(
  "a retry over three sandboxes: exactly so many attempts, never early, with the answer %s read",
  { timeout: 60_000 },
  async (report) => {
    const at = await provided({ report, retry: { attempts: 4, first: "3s", max: "3s" } });
    const seen: { n: number; at: number; attempt: number }[] = [];
    const handle = (data: { n: number }, { attempt }: { attempt: number }) => {
      seen.push({ n: data.n, at: systemRuntime.monotonic(), attempt });
      if (data.n === 1) throw new Error("no");
    };
    // Each invocation is in another sandbox: nothing is remembered in a process. It has less time than a retry waits.
    const invoke: Invoke = (event) => inProcess(at.make(handle), 3_000)(event);
    const mapping = await at.map(invoke);
    await at.publish([
      [1, "a"],
      [2, "a"],
    ]);
    await until(() => done(seen, 2), "the record behind it", 40_000);
    await mapping.stop();
    const tries = seen.filter(({ n }) => n === 1);
    expect(tries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    for (let i = 1; i < tries.length; i++) expect(tries[i]!.at - tries[i - 1]!.at).toBeGreaterThanOrEqual(2_990);
    expect(await at.dead()).toMatchObject([{ code: "attempts-exhausted", attempts: 4 }]);
    await at.messaging.stop();
  },
);

test("a record that ends processes is parked, and no other with it", { timeout: 90_000 }, async () => {
  const at = await provided({ retry: { attempts: 2 } });
  const seen: number[] = [];
  let dead = false;
  // The process ends: nothing answers, and nothing of it goes on.
  const invoke: Invoke = async (event) => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let gone = false;
    const handler = at.make((data) => {
      if (gone) return new Promise(() => {});
      seen.push(data.n);
      if (data.n !== 3 || dead) return undefined;
      gone = true;
      end();
      return new Promise(() => {});
    });
    return Promise.race([
      inProcess(handler, 3_000)(event),
      ended.then(() => ({ kind: "failed" as const, why: "exit 1" })),
    ]);
  };
  const mapping = await at.map(invoke);
  await at.publish([
    [1, "a"],
    [2, "b"],
    [3, "c"],
    [4, "d"],
    [5, "c"],
  ]);
  await until(() => seen.includes(5), "the record behind the killer", 60_000);
  await mapping.stop();
  dead = true;
  expect(await at.dead()).toMatchObject([{ code: "crash-loop", data: { n: 3 } }]);
  expect(seen).toEqual(expect.arrayContaining([1, 2, 4, 5]));
  // Once it is known that a record ends processes, those before it are not handled again and again.
  expect(seen.filter((n) => n === 1).length).toBeLessThanOrEqual(3);
  await at.messaging.stop();
});

test("an aggregated record that fails in its middle goes on there", { timeout: 60_000 }, async () => {
  const at = await provided({ retry: { attempts: 3, first: "2s", max: "2s" } });
  const [, kinesis] = place;
  const seen: number[] = [];
  const invoke: Invoke = (event) =>
    inProcess(
      at.make((data) => {
        seen.push(data.n);
        if (data.n === 2 && seen.filter((n) => n === 2).length === 1) throw new Error("no");
      }),
      1_500,
    )(event);
  const envelope = (n: number) =>
    JSON.stringify({
      specversion: "1.0",
      id: `id-${n}`,
      source: "test",
      type: "viewed",
      time: new Date(systemRuntime.now()).toISOString(),
      datacontenttype: "application/json",
      data: { n, k: "a" },
    });
  const Data = aggregate("a", [1, 2, 3].map(envelope));
  await kinesis.client.send(new PutRecordCommand({ StreamName: at.stream, PartitionKey: "a", Data }));
  const mapping = await at.map(invoke);
  await until(() => seen.includes(3), "the last message inside");
  await mapping.stop();
  expect(seen).toEqual([1, 2, 2, 3]);
  await at.messaging.stop();
});

test("a batch that fails whole is bisected by the mapping, and nothing is lost or parked", {
  timeout: 60_000,
}, async () => {
  const at = await provided();
  const seen: number[] = [];
  let times = 0;
  const handler = at.make((data) => void seen.push(data.n));
  const inner = inProcess(handler, 3_000);
  const invoke: Invoke = async (event) => (times++ === 0 ? { kind: "failed", why: "throttled" } : inner(event));
  const mapping = await at.map(invoke, { bisect: true });
  await at.publish([
    [1, "a"],
    [2, "b"],
    [3, "c"],
    [4, "d"],
  ]);
  await until(
    () =>
      done(
        seen.map((n) => ({ n })),
        1,
        2,
        3,
        4,
      ),
    "all handled",
  );
  await mapping.stop();
  expect(await at.dead()).toEqual([]);
  await at.messaging.stop();
});
