/**
 * Nothing of a body, a header, a key, a receipt handle, a token or a credential is in an error, an event, `health()`, `explain()` or on the
 * console, whatever fails. Each secret is marked, every way to fail that we know is gone, and all that was said is searched.
 */
import { inspect } from "node:util";
import { type } from "arktype";
import { adapter as amqp } from "@switchyard/amqp";
import {
  channel,
  type ConfigInput,
  connect,
  consumer,
  DeadLetter,
  keyHash,
  type MessagingEvent,
  plan,
  Retry,
  Skip,
  systemRuntime,
} from "@switchyard/core";
import type { Adapter, Lease, ReceiverDriver, SenderDriver, WireMessage } from "@switchyard/core/driver";
import { adapter as memory } from "@switchyard/memory";
import { adapter as sqs } from "@switchyard/sqs";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

const MARK = "m4rk3d";
const secret = (what: string): string => `${MARK}-${what}-0123456789`;
/** What the user's own redaction removes. All else must go by itself. */
const TEXT = secret("handler-text");

const orders = channel("orders", {
  messages: {
    zod: z.object({ key: z.string(), n: z.int().min(1), card: z.string().max(60), kind: z.enum(["a", "b"]) }),
    valibot: v.object({
      key: v.string(),
      n: v.pipe(v.number(), v.minValue(1)),
      card: v.pipe(v.string(), v.maxLength(60)),
    }),
    arktype: type({ key: "string", n: "number > 0", card: "string < 60" }),
    threw: {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: { readonly n?: unknown }) => {
          if (value.n === 1) return { value };
          throw new Error(`cannot validate ${JSON.stringify(value)}`);
        },
      },
    } as unknown as z.ZodType<{ key: string; n: number; card: string }>,
  },
  orderingKey: ({ data }) => (data as { readonly key: string }).key,
  foreign: ({ headers }) => headers["kind"],
});
const good = { key: secret("key"), n: 1, card: secret("body"), kind: "a" } as const;
const headers = { token: secret("header") };

/** As a client's error is: the request hangs on it, and its answer. */
function clientError(name: string, more: object = {}): Error {
  const error = new Error(
    `denied to AKIA${MARK.toUpperCase()}ABCDEFGH1 at https://user:${secret("url")}@host/?X-Amz-Signature=${secret("signature")}`,
  );
  return Object.assign(error, {
    name,
    code: name,
    $metadata: { httpStatusCode: 400, requestId: "req-1" },
    $response: { statusCode: 400, headers: { authorization: secret("response") } },
    request: { headers: { authorization: `Bearer ${secret("bearer")}` }, body: JSON.stringify(good) },
    input: { MessageBody: secret("body"), ReceiptHandle: secret("receipt") },
    config: { credentials: { secretAccessKey: secret("credential") } },
    cause: Object.assign(new Error(`password=${secret("password")}`), { connection: { password: secret("password") } }),
    ...more,
  });
}
const CLIENT_ERRORS = [
  clientError("ThrottlingException", { $metadata: { httpStatusCode: 429 } }),
  clientError("AccessDenied", { $metadata: { httpStatusCode: 403 } }),
  clientError("InternalError", { $metadata: { httpStatusCode: 500 } }),
  clientError("Error", { code: "ECONNRESET", errno: -104 }),
  Object.assign(new AggregateError([clientError("Error", { code: "ECONNREFUSED" })], "all"), { code: "ECONNREFUSED" }),
  clientError("InvalidParameterValue"),
];

/** Handles of the broker itself, which appear in what it says of them. */
const handles = new Set<string>();

interface Broken {
  send: Error | undefined;
  settle: Error | undefined;
  receive: Error | undefined;
  inject: ((message: WireMessage) => Promise<unknown>) | undefined;
}

/** The adapter, with a client that fails as it is told. */
function breaking(adapter: Adapter, broken: Broken): Adapter {
  const sender = (driver: SenderDriver): SenderDriver => ({
    capabilities: driver.capabilities,
    size: (message) => driver.size(message),
    close: () => driver.close(),
    send: (batch, signal) => (broken.send === undefined ? driver.send(batch, signal) : Promise.reject(broken.send)),
  });
  const lease = (one: Lease): Lease => ({
    id: one.id,
    lost: one.lost,
    ...(one.fencingToken !== undefined && { fencingToken: one.fencingToken }),
    release: one.release.bind(one),
    ...(one.extend && { extend: one.extend.bind(one) }),
    ...(one.limit && { limit: one.limit.bind(one) }),
    receive: async (...given: Parameters<Lease["receive"]>) => {
      const { receive } = broken;
      broken.receive = undefined;
      if (receive !== undefined) throw receive;
      const got = await one.receive(...given);
      for (const { receipt } of got ?? []) if (typeof receipt === "string") handles.add(receipt);
      return got;
    },
    settle: (async (...given) => {
      const { settle } = broken;
      broken.settle = undefined;
      return settle === undefined ? one.settle(...given) : given[0].map(() => ({ cause: settle }));
    }) satisfies Lease["settle"],
  });
  const receiver = (driver: ReceiverDriver): ReceiverDriver => ({
    capabilities: driver.capabilities,
    ...(driver.existing && { existing: driver.existing }),
    close: () => driver.close(),
    async *leases(signal) {
      for await (const one of driver.leases(signal)) yield lease(one);
    },
  });
  return {
    ...adapter,
    open: async (...given) => {
      const connection = await adapter.open(...given);
      return Object.assign(Object.create(connection) as typeof connection, {
        sender: async (...to: Parameters<typeof connection.sender>) => {
          const driver = await connection.sender(...to);
          if (to[0].dead !== true) broken.inject ??= (message) => driver.send([message], to[1]);
          return sender(driver);
        },
        receiver: async (...from: Parameters<typeof connection.receiver>) =>
          receiver(await connection.receiver(...from)),
        classify: connection.classify.bind(connection),
        close: () => connection.close(),
      });
    },
  };
}

function said(value: unknown): string {
  const options = { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, maxStringLength: null } as const;
  return [
    inspect(value, options),
    inspect(value, { ...options, customInspect: false, showHidden: true }),
    JSON.stringify(value),
    value instanceof Error ? `${value.message} ${value.stack} ${inspect(value.cause, options)}` : "",
  ].join("\n");
}

async function drive(adapter: Adapter, connection: object, prefix: string) {
  const out: string[] = [];
  const note = (value: unknown) => void out.push(said(value));
  const failed = async (call: () => Promise<unknown>) => {
    const error = await call().then(
      (value) => expect.fail(`resolved: ${inspect(value)}`),
      (reason: unknown) => reason,
    );
    note(error);
    return error;
  };
  const print = (...given: unknown[]) => note(given);
  for (const method of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, method).mockImplementation(print);

  const broken: Broken = { send: undefined, settle: undefined, receive: undefined, inject: undefined };
  const events: MessagingEvent[] = [];
  const config = {
    prefix,
    connections: { main: { use: breaking(adapter, broken), provision: "auto", ...connection } },
    channels: {
      orders: {
        model: "queue",
        on: "main",
        publish: { timeout: "500ms" },
        groups: { billing: { hold: "5s", concurrency: 4 } },
      },
    },
    policies: { default: { retry: { attempts: 2, backoff: "constant", first: "50ms", max: "50ms" } } },
  } as unknown as ConfigInput;
  const given = { channels: [orders], service: "test", config, redact: (text: string) => text.replaceAll(TEXT, "…") };
  note(await plan(given).catch((error: unknown) => error));
  const messaging = await connect({
    ...given,
    observeHandled: true,
    observe: (event) => {
      events.push(event);

      note(event);
      // The observer's own errors are printed.
      if (event.type === "skipped") throw clientError("ObserverError");
    },
  });
  note(messaging.explain());

  // Refused before anything is sent.
  const publish = (kind: string, data: unknown, more: object = {}) =>
    messaging.publish(orders, kind as "zod", data as typeof good, { headers, ...more });
  // The broker was said to fail, so sending is tried again only after a while.
  const accepted = (kind: string, data: unknown) =>
    vi.waitFor(() => publish(kind, data), { timeout: 30_000, interval: 50 });
  const bad = {
    key: secret("key"),
    n: secret("n"),
    card: 5,
    kind: secret("kind"),
    [secret("member")]: secret("value"),
  };
  const tooLong = { ...good, n: -5, card: secret("long").repeat(10), kind: secret("kind") };
  for (const kind of ["valibot", "arktype", "threw", "zod"]) {
    await failed(() => publish(kind, bad));
    if (kind !== "threw") await failed(() => publish(kind, tooLong));
  }
  await failed(() => publish("zod", { ...good, key: "" }));
  await failed(() => publish("zod", good, { headers: { token: `${secret("header")}\ud800` } }));
  await failed(() => publish("zod", good, { headers: { token: { value: secret("header") } } }));
  await failed(() => publish("zod", good, { id: "half\ud800" }));
  await failed(() => publish("threw", { key: "k", n: 1, card: new Map([[secret("map"), 1]]) }));
  await failed(() =>
    publish("threw", { key: "k", n: 1, card: "x", more: { toJSON: () => JSON.parse(secret("json")) } }),
  );
  await failed(() => publish("threw", { key: "k", n: 1, card: secret("large").repeat(2_000_000) }));

  // Refused by the broker.
  for (const error of CLIENT_ERRORS) {
    broken.send = error;
    const seen = await failed(() => publish("zod", good));
    expect(seen).toMatchObject({ name: "MessagingError" });
    note(messaging.health());
  }
  const many = await messaging.publishMany(orders, [
    { type: "zod", data: good, headers },
    { type: "zod", data: bad as never },
    { type: "zod", data: good },
  ]);
  note(many);
  broken.send = undefined;

  // Failed by the handler, by the broker while it is handled, and dead.
  const handled: string[] = [];
  messaging.consume(
    consumer(orders, "billing", {
      zod: (data, delivery) => {
        delivery.signal.addEventListener("abort", () => note(delivery.signal.reason));
        handled.push(data.kind);
        if (data.kind === "b") throw new DeadLetter(`rejected: ${TEXT}`, { cause: clientError("Rejected") });
        throw Object.assign(clientError("HandlerError"), { message: `no: ${TEXT}`, data, delivery });
      },
      valibot: () => {
        throw new Skip(`skipped: ${TEXT}`);
      },
      arktype: (_, { attempt }) => {
        if (attempt === 1) throw new Retry({ delay: "10ms", cause: clientError("Later") });
        return Promise.reject(Object.assign(new TypeError(TEXT), { cause: clientError("HandlerError") }));
      },
      threw: () => {
        throw { body: good, message: TEXT };
      },
    }),
  );
  broken.receive = CLIENT_ERRORS[0]!;
  await messaging.start();
  broken.settle = CLIENT_ERRORS[2]!;
  await accepted("zod", { ...good, key: secret("key-2") });
  await accepted("zod", { ...good, key: secret("key-3"), kind: "b" });
  await accepted("valibot", { ...good, key: secret("key-4") });
  await accepted("arktype", { ...good, key: secret("key-5") });
  await accepted("threw", { ...good, key: secret("key-6") });
  // Of other producers: no JSON, of the wrong form, and with nothing that names them.
  const foreign = [
    { body: `{"card":${secret("body")}`, headers: { kind: "zod", token: secret("header") } },
    { body: JSON.stringify(bad), headers: { kind: "valibot" } },
    { body: JSON.stringify({ card: secret("body") }), headers: { kind: "threw" } },
    { body: secret("body"), headers: { token: secret("header"), "content-encoding": "gzip" } },
    {
      body: "{",
      headers: { ce: `{"specversion":"1.0","id":"1","source":"s","headers":{"token":"${secret("header")}"}}` },
      type: "zod",
    },
  ];
  await Promise.all(
    foreign.map((message, n) => broken.inject!({ ...message, key: secret(`f-${n}`), dedup: `f-${n}` })),
  );
  const dead = () => events.filter(({ type }) => type === "dead-letter").length;
  await vi.waitFor(() => expect(dead()).toBeGreaterThanOrEqual(9), { timeout: 30_000, interval: 20 });
  await vi.waitFor(() => expect(events.some(({ type }) => type === "skipped")).toBe(true), { timeout: 30_000 });
  note(messaging.health());

  // Operations. What they return to the operator is the message itself; its reason is not.
  const letters = messaging.deadLetters(orders, "billing");
  const items = await letters.peek(20);
  for (const { reason, code, errorClass } of items) note({ reason, code, errorClass });
  broken.send = CLIENT_ERRORS[1]!;
  note(await letters.redrive({ max: 2 }).result.catch((error: unknown) => error));
  note(await messaging.depth(orders).catch((error: unknown) => error));
  note(await messaging.stop({ deadline: "2s" }));
  await failed(() => publish("zod", good));
  note(messaging.health());
  vi.restoreAllMocks();
  return { out: out.join("\n"), events, items, handled };
}

function expectNoSecret(out: string): void {
  const at = out.toLowerCase().indexOf(MARK);
  expect(at < 0 ? "" : out.slice(Math.max(0, at - 300), at + 200)).toBe("");
}

async function check(adapter: Adapter, connection: object, prefix: string): Promise<void> {
  const { out, events, items, handled } = await drive(adapter, connection, prefix);
  expectNoSecret(out);
  for (const handle of handles) expect(out.includes(handle)).toBe(false);
  // It was not silence that kept them.
  expect(handled).toContain("b");
  expect(items.length).toBeGreaterThanOrEqual(9);
  const types = new Set(events.map(({ type }) => type));
  for (const type of ["retry", "dead-letter", "skipped", "resend", "receive-failed", "order-gap"] as const)
    expect(types).toContain(type);
  expect(out).toContain("HandlerError");
  expect(out).toContain("ThrottlingException");
  expect(out).toContain("req-1");
  const keys = new Set(events.map(({ key }) => key));
  expect(keys).toContain(keyHash(secret("key-3")));
}

describe("whatever fails, no secret is said", { timeout: 120_000 }, () => {
  let aws: Aws;
  let rabbit: { readonly url: string } | undefined;
  beforeAll(async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", `AKIA${MARK.toUpperCase()}AAAAAAAA`);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret("credential"));
    aws = await startAws();
    if (!skipped) rabbit = await sharedRabbit();
  }, 180_000);
  afterAll(async () => {
    await aws?.close();
    vi.unstubAllEnvs();
  });

  test("on memory", () => check(memory, { broker: "secrecy" }, "memory"));
  test("on SQS", () => check(sqs, { endpoint: aws.endpoint, region: "eu-west-1" }, "sqs"));
  test.skipIf(skipped)("on RabbitMQ", () => check(amqp, { url: rabbit!.url }, "rabbit"));

  test.skipIf(skipped)("of connections that are refused", async () => {
    const { host } = new URL(rabbit!.url);
    const refused: readonly (readonly [Adapter, object])[] = [
      [amqp, { url: `amqp://guest:${secret("password")}@${host}` }],
      [amqp, { url: `amqp://guest:${secret("password")}@127.0.0.1:1` }],
      [amqp, { url: `amqps://guest:${secret("password")}@${host}` }],
      [amqp, { url: `amqp://guest:${secret("password")}@${host}/${secret("vhost")}?heartbeat=${secret("query")}` }],
      [amqp, { url: `http://guest:${secret("password")}@${host}`, password: secret("password") }],
      [sqs, { endpoint: "http://127.0.0.1:1", region: "eu-west-1" }],
      [sqs, { endpoint: `http://user:${secret("password")}@127.0.0.1:1`, secretAccessKey: secret("credential") }],
    ];
    const out: string[] = [];
    const note = (value: unknown) => void out.push(said(value));
    for (const method of ["log", "info", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation((...given) => note(given));
    for (const [adapter, connection] of refused) {
      const config = {
        prefix: "refused",
        connections: { main: { use: adapter, provision: "off", ...connection } },
        channels: { orders: { model: "queue", on: "main", groups: { billing: { native: { x: secret("native") } } } } },
      } as unknown as ConfigInput;
      const plain = { ...config, channels: { orders: { model: "queue", on: "main" } } } as ConfigInput;
      for (const one of [config, plain]) {
        note(await plan({ channels: [orders], service: "test", config: one }).catch((error: unknown) => error));
        try {
          const messaging = await connect({ channels: [orders], service: "test", config: one, runtime: systemRuntime });
          note(messaging.explain());
          note(
            await messaging
              .publish(orders, "zod", good, { signal: AbortSignal.timeout(300) })
              .catch((error: unknown) => error),
          );
          note(messaging.health());
          await messaging.stop({ deadline: 0 });
        } catch (error) {
          note(error);
        }
      }
    }
    vi.restoreAllMocks();
    expectNoSecret(out.join("\n"));
    expect(out.length).toBeGreaterThan(20);
  });
});
