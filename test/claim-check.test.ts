/** Large messages in S3, on each kind of transport, beside Amazon's extended clients. */
import { CreateQueueCommand, GetQueueUrlCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { randomBytes } from "node:crypto";
import { adapter as amqp } from "@switchyard/amqp";
import { extension } from "@switchyard/claim-check";
import { storedObjects } from "@switchyard/claim-check/testing";
import { apply, channel, connect, consumer, type Messaging, type MessagingEvent, plan } from "@switchyard/core";
import { extension as encryption } from "@switchyard/encryption";
import { adapter as memory } from "@switchyard/memory";
import { otel } from "@switchyard/otel";
import { adapter as sns } from "@switchyard/sns";
import { adapter as sqs } from "@switchyard/sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Aws, type EmulatedS3, startAws } from "./support/aws-emulator.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
import { collectSpans } from "./support/spans.ts";

const BUCKET = "acme-msgs";
const OWNER = "123456789012";
const order = z.object({ n: z.int(), text: z.string() });
const orders = channel("orders", { messages: { placed: order }, foreign: "placed" });
const large = (n: number) => ({ n, text: "x".repeat(1_100_000) });

let aws: Aws;
let s3: EmulatedS3;
let amqpUrl = "";
beforeAll(async () => {
  aws = await startAws();
  s3 = aws.s3!;
  s3.store.createBucket(BUCKET);
  if (!skipped) amqpUrl = (await sharedRabbit()).url;
}, 180_000);
afterAll(() => aws.close());
beforeEach(() => {
  s3.answer(() => undefined);
  s3.store.clearObjects();
});

const objects = (): string[] => s3.store.listObjects(BUCKET).objects.map(({ key }) => key);

interface App {
  readonly messaging: Messaging<any>;
  readonly events: readonly any[];
  readonly handled: { readonly n: number; readonly attempt: number; readonly bytes: number }[];
  publish(n: number, data?: object, options?: object): Promise<unknown>;
  until(done: () => boolean | Promise<boolean>): Promise<void>;
}

interface Options {
  readonly connect?: object;
  readonly prefix: string;
  readonly connection: object;
  readonly model?: "queue" | "pubsub";
  readonly claimCheck?: object;
  readonly groups?: Record<string, object>;
  readonly retry?: object;
  readonly channel?: object;
  readonly keys?: object;
  readonly publish?: object;
  /** What the handler does with each. */
  readonly handle?: (n: number) => unknown;
}

let apps: App[] = [];
async function start(options: Options): Promise<App> {
  const { prefix, connection, model = "queue", claimCheck = {}, groups = { main: {} }, handle = () => {} } = options;
  const events: MessagingEvent[] = [];
  const handled: { n: number; attempt: number; bytes: number }[] = [];
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const messaging: Messaging<any> = await connect({
    channels: [orders],
    service: "shop",
    ...options.connect,
    extensions: [extension, encryption],
    observe: (event) => {
      events.push(event);
      wake();
    },
    config: {
      prefix,
      drain: "5s",
      connections: { broker: { provision: "auto", ...connection } as never },
      channels: {
        orders: {
          model,
          on: "broker",
          groups,
          publish: options.publish ?? {},
          ...options.channel,
          claimCheck: {
            store: "s3",
            bucket: BUCKET,
            prefix: "p",
            owner: OWNER,
            region: aws.region,
            endpoint: aws.endpoint!,
            keep: "28d",
            ...claimCheck,
          },
        } as never,
      },
      keys: (options.keys ?? {}) as never,
      policies: { default: { retry: { attempts: 2, backoff: "constant", first: 50, ...options.retry } } },
    },
  });
  for (const group of Object.keys(groups))
    messaging.consume(
      consumer(orders, group, {
        placed: async ({ n, text }, { attempt }) => {
          try {
            await handle(n);
          } finally {
            handled.push({ n, attempt, bytes: text.length });
            wake();
          }
        },
      }),
    );
  await messaging.start();
  const app: App = {
    messaging,
    events,
    handled,
    publish: (n, data = large(n), more = {}) =>
      messaging.publish(orders, "placed", data as never, { id: `m-${n}`, ...more }),
    until: async (done) => {
      while (!(await done())) await changed.promise;
    },
  };
  apps.push(app);
  return app;
}
beforeEach(() => {
  apps = [];
  return () => Promise.all(apps.map(({ messaging }) => messaging.stop()));
});

const dead = (app: App) => app.events.filter(({ type }) => type === "dead-letter");

const TRANSPORTS: readonly (readonly [string, boolean, () => object, object])[] = [
  ["memory", false, () => ({ use: memory, broker: "claims" }), { above: "1MiB" }],
  ["SQS", false, () => ({ use: sqs, ...aws.connection }), {}],
  ["RabbitMQ", skipped, () => ({ use: amqp, url: amqpUrl }), { above: "1MiB" }],
];

describe.each(TRANSPORTS.filter(([, isSkipped]) => !isSkipped))("%s", (name, _, connection, claimCheck) => {
  const prefix = `cc-${name.toLowerCase()}-${process.pid}`;

  test("a message that is too large arrives whole; a small one is not stored", async () => {
    const app = await start({ prefix, connection: connection(), claimCheck });
    await Promise.all([app.publish(1), app.publish(2, { n: 2, text: "small" })]);
    await app.until(() => app.handled.length === 2);
    expect(app.handled.toSorted((a, b) => a.n - b.n)).toEqual([
      { n: 1, attempt: 1, bytes: 1_100_000 },
      { n: 2, attempt: 1, bytes: 5 },
    ]);
    expect(objects()).toEqual([expect.stringMatching(/^p\/orders\/m-1\.[0-9a-f]{32}$/)]);
  });

  test("a dead letter and its redrive keep the pointer; without the object there is no redrive, and it says why", async () => {
    let broken = true;
    const fail = (): void => {
      if (broken) throw new Error("broken");
    };
    const app = await start({ prefix: `${prefix}-dead`, connection: connection(), claimCheck, handle: fail });
    await app.publish(1);
    await app.until(() => dead(app).length === 1);
    expect(objects()).toHaveLength(1);
    const box = app.messaging.deadLetters(orders, "main");
    const object = s3.store.getObject(BUCKET, objects()[0]!);
    object.lastModified = new Date(0);
    broken = false;
    expect(await box.redrive()).toMatchObject({ moved: 1, failed: 0 });
    await app.until(() => app.handled.length === 3);
    expect(app.handled[2]).toEqual({ n: 1, attempt: 1, bytes: 1_100_000 });
    // Its life began anew.
    expect(s3.store.getObject(BUCKET, objects()[0]!).lastModified.getTime()).toBeGreaterThan(0);
    broken = true;
    await Promise.all(Array.from({ length: 12 }, (_, n) => app.publish(10 + n)));
    await app.until(() => dead(app).length === 13);
    broken = false;
    s3.store.deleteObject(BUCKET, objects().find((key) => key.includes("m-15."))!);
    expect(await box.redrive()).toMatchObject({
      moved: 11,
      failed: 1,
      errors: [{ code: "claim-missing", kind: "permanent" }],
    });
    expect((await box.peek()).map(({ id }) => id)).toEqual(["m-15"]);
  });

  test("a stored body, its dead letter and its redrive are in the trace of the publisher", async () => {
    using spans = collectSpans();
    let broken = true;
    const fail = (): void => {
      if (broken) throw new Error("broken");
    };
    const app = await start({
      prefix: `${prefix}-trace`,
      connection: connection(),
      connect: { telemetry: otel({ tracerProvider: spans.tracerProvider }) },
      claimCheck,
      retry: { attempts: 1 },
      handle: fail,
    });
    const { traceId } = await spans.within(() => app.publish(1));
    await app.until(() => dead(app).length === 1);
    expect(objects()).toHaveLength(1);
    broken = false;
    await app.messaging.deadLetters(orders, "main").redrive();
    await app.until(() => app.handled.length === 2);
    await app.messaging.stop();
    const [create] = spans.named("create orders");
    expect(create?.spanContext().traceId).toBe(traceId);
    const [first, again] = spans.named("process orders");
    expect(first?.parentSpanContext?.spanId).toBe(create?.spanContext().spanId);
    // A redriven message begins a trace, linked to the creation.
    expect(again?.links.map((link) => link.context.spanId)).toEqual([create?.spanContext().spanId]);
  });

  test("a missing, a forbidden and a throttled object are each their own message's, and the fourth is handled", async () => {
    const app = await start({
      prefix: `${prefix}-batch`,
      connection: connection(),
      claimCheck: { ...claimCheck, wait: 1 },
      groups: { main: { concurrency: 4 } },
    });
    const refused: Record<string, string> = { "m-1.": "NoSuchKey", "m-2.": "AccessDenied", "m-3.": "SlowDown" };
    s3.answer((line) => {
      if (!line.startsWith("GET")) return undefined;
      return Object.entries(refused).find(([part]) => line.includes(part))?.[1];
    });
    await Promise.all([1, 2, 3, 4].map((n) => app.publish(n)));
    await app.until(() => dead(app).length === 2 && app.handled.length === 1);
    expect(Object.fromEntries(dead(app).map(({ id, code }) => [id, code]))).toEqual({
      "m-1": "claim-missing",
      "m-2": "claim-denied",
    });
    expect(app.handled).toMatchObject([{ n: 4 }]);
    await app.until(() => app.events.some(({ type, id }) => type === "unreadable" && id === "m-3"));
    delete refused["m-3."];
    await app.until(() => app.handled.length === 2);
    expect(app.handled[1]).toMatchObject({ n: 3, attempt: 1 });
  });

  test("a hostile pointer is refused unseen, and its neighbours are handled", async () => {
    const asked: string[] = [];
    s3.answer((line) => void asked.push(line));
    const app = await start({ prefix: `${prefix}-hostile`, connection: connection(), claimCheck });
    s3.store.putObject(BUCKET, "secret/1", Buffer.from('{"n":666,"text":"secret"}'));
    // A service of ours that is not: its store is configured to lie elsewhere, so its pointers lead elsewhere.
    const other = await connect({
      channels: [orders],
      service: "evil",
      extensions: [extension],
      config: {
        prefix: `${prefix}-hostile`,
        connections: { broker: { provision: "off", ...connection() } as never },
        channels: {
          orders: {
            model: "queue",
            on: "broker",
            groups: { main: {} },
            claimCheck: {
              store: "s3",
              bucket: BUCKET,
              prefix: "secret",
              owner: OWNER,
              region: aws.region,
              endpoint: aws.endpoint!,
              above: 1,
            },
          } as never,
        },
      },
    });
    await other.publish(orders, "placed", { n: 5, text: "x" } as never, { id: "m-5" });
    await other.stop();
    await app.publish(6);
    await app.until(() => dead(app).length === 1 && app.handled.length === 1);
    expect(dead(app)).toMatchObject([{ id: "m-5", code: "claim-refused" }]);
    expect(app.handled).toMatchObject([{ n: 6 }]);
    expect(asked.filter((line) => line.startsWith(`GET /${BUCKET}/secret`))).toEqual([]);
  });
});

test("two groups of a topic read one object", async () => {
  const app = await start({
    prefix: `cc-fan-${process.pid}`,
    connection: { use: sns, ...aws.connection },
    model: "pubsub",
    claimCheck: { above: "1MiB" },
    groups: { billing: {}, mail: {} },
  });
  await app.publish(1);
  await app.until(() => app.handled.length === 2);
  expect(app.handled).toEqual([
    { n: 1, attempt: 1, bytes: 1_100_000 },
    { n: 1, attempt: 1, bytes: 1_100_000 },
  ]);
  expect(objects()).toHaveLength(1);
});

test("what is encrypted and compressed is stored as ciphertext, and its dead letter and redrive are read", async () => {
  let broken = true;
  const app = await start({
    prefix: `cc-secret-${process.pid}`,
    connection: { use: sqs, ...aws.connection },
    claimCheck: { above: 1 },
    channel: { compress: { with: "gzip", above: 100 }, encrypt: { keys: "shop" } },
    keys: { shop: { use: "local", write: "k", keys: { k: randomBytes(32).toString("base64") } } },
    retry: { attempts: 1 },
    handle: () => {
      if (broken) throw new Error("broken");
    },
  });
  await app.publish(1, { n: 1, text: "marked-secret ".repeat(1_000) });
  await app.until(() => dead(app).length === 1);
  const [key] = objects();
  const stored = s3.store.getObject(BUCKET, key!).body.toString();
  expect(stored.split(".")).toHaveLength(5);
  expect(stored.length).toBeLessThan(2_000);
  expect((await app.messaging.deadLetters(orders, "main").peek())[0]!.data).toMatchObject({ n: 1 });
  broken = false;
  await app.until(async () => {
    await app.messaging.deadLetters(orders, "main").redrive();
    return app.handled.length === 2;
  });
  expect(app.handled[1]).toEqual({ n: 1, attempt: 1, bytes: 14_000 });
});

describe("an upload", () => {
  test("is not begun for a message that would not fit without its body either", async () => {
    const asked: string[] = [];
    s3.answer((line) => void asked.push(line));
    const app = await start({ prefix: `cc-headers-${process.pid}`, connection: { use: sqs, ...aws.connection } });
    await expect(app.publish(1, large(1), { headers: { "x-long": "x".repeat(1_100_000) } })).rejects.toMatchObject({
      code: "too-large",
      kind: "permanent",
      message: expect.stringContaining("with its body stored elsewhere it could still have"),
    });
    expect(asked.filter((line) => line.startsWith("PUT /acme-msgs/p"))).toEqual([]);
  });

  test("that is not done by the publish's deadline is given up, and nothing was sent", async () => {
    const app = await start({
      prefix: `cc-slow-${process.pid}`,
      connection: { use: sqs, ...aws.connection },
      publish: { timeout: 200 },
    });
    const released = Promise.withResolvers<undefined>();
    s3.answer((line) => (line.startsWith("PUT") ? released.promise : undefined));
    const refused = await app.publish(1).catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: "MessagingError", id: "m-1" });
    expect((refused as { kind: string }).kind).not.toBe("ambiguous");
    released.resolve(undefined);
    // Messages that fit pass by.
    await app.publish(2, { n: 2, text: "small" });
    await app.until(() => app.handled.length === 1);
    expect(app.handled).toMatchObject([{ n: 2 }]);
  });

  test("is given up when the service stops", async () => {
    const app = await start({ prefix: `cc-stop-${process.pid}`, connection: { use: sqs, ...aws.connection } });
    const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<undefined>()];
    s3.answer((line) => {
      if (!line.startsWith("PUT")) return undefined;
      arrived.resolve();
      return released.promise;
    });
    const publishing = app.publish(1).catch((error: unknown) => error);
    await arrived.promise;
    await app.messaging.stop({ deadline: 100 });
    const refused = await publishing;
    expect(refused).toMatchObject({ name: "MessagingError", id: "m-1" });
    expect((refused as { kind: string }).kind).not.toBe("ambiguous");
    released.resolve(undefined);
  });
});

test("ten bodies of 20 MiB and `maxInFlightBytes: 32MiB`: one is open at a time", async () => {
  storedObjects().clear();
  let [open, most] = [0, 0];
  const app = await start({
    prefix: `cc-large-${process.pid}`,
    connection: { use: memory, broker: "large" },
    claimCheck: { store: "memory", bucket: "claims", above: "1MiB" },
    groups: { main: { concurrency: 10, maxInFlightBytes: "32MiB" } },
    handle: async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
    },
  });
  const text = "x".repeat(20 * 2 ** 20);
  for (let n = 0; n < 10; n++) await app.publish(n, { n, text });
  await app.until(() => app.handled.length === 10);
  expect(most).toBe(1);
  expect(storedObjects().size).toBe(10);
});

describe("Amazon's extended clients on SQS", () => {
  const KEY = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  const body = JSON.stringify(large(7));

  test.each([
    [
      "Java",
      `["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"acme-java","s3Key":"${KEY}"}]`,
      "SQSLargePayloadSize",
    ],
    [
      "Python",
      `["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "acme-java", "s3Key": "${KEY}"}]`,
      "ExtendedPayloadSize",
    ],
  ])("what %s sends is handled, dead-lettered and redriven", async (language, MessageBody, attribute) => {
    if (!s3.store.hasBucket("acme-java")) s3.store.createBucket("acme-java");
    s3.store.putObject("acme-java", KEY, Buffer.from(body));
    const prefix = `cc-${language.toLowerCase()}-${process.pid}`;
    let broken = true;
    const app = await start({
      prefix,
      connection: { use: sqs, ...aws.connection },
      claimCheck: { read: [{ bucket: "acme-java" }] },
      retry: { attempts: 1 },
      handle: () => {
        if (broken) throw new Error("broken");
      },
    });
    const { QueueUrl } = await aws.client.send(new GetQueueUrlCommand({ QueueName: `${prefix}_orders_main` }));
    const MessageAttributes = { [attribute]: { DataType: "Number", StringValue: String(Buffer.byteLength(body)) } };
    await aws.client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
    await app.until(() => dead(app).length === 1);
    broken = false;
    expect(await app.messaging.deadLetters(orders, "main").redrive()).toMatchObject({ moved: 1, failed: 0 });
    await app.until(() => app.handled.length === 2);
    expect(app.handled[1]).toEqual({ n: 7, attempt: 1, bytes: 1_100_000 });
  });

  test.each([
    ["new", "ExtendedPayloadSize", "software.amazon.payloadoffloading.PayloadS3Pointer"],
    ["legacy", "SQSLargePayloadSize", "com.amazon.sqs.javamessaging.MessageS3Pointer"],
  ])("what is sent (%s) is read as they read it", async (interop, attribute, pointerClass) => {
    const name = `cc-raw-${interop}-${process.pid}`;
    const { QueueUrl } = await aws.client.send(new CreateQueueCommand({ QueueName: name }));
    const messaging = await connect({
      channels: [orders],
      service: "shop",
      extensions: [extension],
      config: {
        prefix: "unused",
        connections: { broker: { use: sqs, provision: "off", ...aws.connection } as never },
        channels: {
          orders: {
            model: "queue",
            on: "broker",
            groups: { main: { address: name } },
            claimCheck: {
              store: "s3",
              bucket: BUCKET,
              prefix: "p",
              owner: OWNER,
              region: aws.region,
              endpoint: aws.endpoint!,
              interop,
            },
          } as never,
        },
      },
    });
    await messaging.publish(orders, "placed", large(7) as never);
    await messaging.stop();
    const reply = await aws.client.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ["All"] }),
    );
    const [message] = reply.Messages!;
    expect(message!.MessageAttributes![attribute]).toEqual({
      DataType: "Number",
      StringValue: String(Buffer.byteLength(body)),
    });
    const [named, { s3BucketName, s3Key }] = JSON.parse(message!.Body!) as [
      string,
      { s3BucketName: string; s3Key: string },
    ];
    expect(named).toBe(pointerClass);
    expect(message!.Body).toBe(`["${pointerClass}",{"s3BucketName":"${BUCKET}","s3Key":"${s3Key}"}]`);
    expect(s3.store.getObject(s3BucketName, s3Key).body.toString()).toBe(body);
  });
});

test("plan() shows the lifecycle rule and apply() makes it: retention and dead letters' retention, 4 + 14 days", async () => {
  s3.store.createBucket("acme-plan");
  const options = {
    channels: [orders],
    extensions: [extension],
    config: {
      prefix: `cc-plan-${process.pid}`,
      connections: { broker: { use: sqs, ...aws.connection } as never },
      channels: {
        orders: {
          model: "queue",
          on: "broker",
          groups: { main: {} },
          claimCheck: {
            store: "s3",
            bucket: "acme-plan",
            prefix: "p/18d",
            owner: OWNER,
            region: aws.region,
            endpoint: aws.endpoint!,
          },
        } as never,
      },
    },
  };
  const planned = await plan(options);
  expect(planned.changes["channels.orders.claimCheck"]).toMatchObject([
    { action: "create", resource: "lifecycle rule", name: "acme-plan/p/18d/", detail: { days: 18 } },
  ]);
  await apply(planned);
  expect((await plan(options)).changes).toEqual({});
});
