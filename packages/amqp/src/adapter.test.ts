import type { Destination } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adapter } from "./adapter.ts";
import { shown, urlProblem } from "./endpoint.ts";
import { BrokerRetry, delaysRetries } from "./retry/broker-retry.ts";
import { gather, spread } from "./message/cloud-events.ts";
import { delayQueues, nextDelay } from "./retry/delay-queues.ts";
import { fastPaths } from "./fast/index.ts";
import { AmqpFault, classify, isMissing } from "./errors.ts";
import { headerText } from "./message/header-text.ts";
import { partitionFor } from "./publish/routes.ts";
import { fromAmqp, sizeOf, toAmqp } from "./message.ts";

const of = (over: Partial<Destination> = {}): Destination => ({
  channel: "orders",
  base: "dev_orders",
  name: "dev_orders_billing",
  model: "queue",
  ordered: false,
  group: "billing",
  native: {},
  ...over,
});

function resolved(given: Record<string, unknown>): any {
  const result = adapter.options["~standard"].validate({ url: "amqp://localhost", ...given });
  if (result instanceof Promise) throw new Error("options are validated at once");
  return result;
}

describe("delays", () => {
  test("the steps of any delay add up to no less than asked, and to little more", () => {
    const ttl = new Map(delayQueues("d").map(({ name, ttlMs }) => [name, ttlMs]));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 * 86_400_000 }), (delayMs) => {
        let waited = 0;
        let hops = 0;
        for (let left = delayMs; left > 0; hops++) {
          const { exchange, leftMs } = nextDelay("d", left);
          waited += ttl.get(exchange)!;
          left = leftMs;
        }
        expect(waited).toBeGreaterThanOrEqual(delayMs);
        expect(waited - delayMs).toBeLessThan(250);
        expect(hops).toBeLessThan(60);
      }),
    );
  });
});

describe("retries held back by the broker", () => {
  test("RabbitMQ 4.3 and later, nobody else", () => {
    const able = (version: string, name = "RabbitMQ") => delaysRetries({ name, version });
    expect(["3.10.8", "4.0.5", "4.2.9", "4.3.0", "4.10.1", "5.0.0", ""].map((version) => able(version))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(able("4.3.0", "LavinMQ")).toBe(false);
  });

  test("a wait that is no shorter than asked and at most twice as long is the broker's", () => {
    const retry = new BrokerRetry(1_000, 3_000);
    expect([1, 2, 3, 4].map((failures) => retry.fits(failures * 1_000, failures))).toEqual([true, true, true, false]);
    expect([retry.fits(500, 1), retry.fits(499, 1), retry.fits(1_001, 1)]).toEqual([true, false, false]);
  });

  test("asked for as native, and not where order is kept or nothing can wait", () => {
    const problems = (native: Record<string, unknown>, over: Partial<Destination> = {}) =>
      adapter.nativeProblems!(of({ native, ...over }), resolved({}).value).length;
    expect(problems({ delayedRetry: "5s", delayedRetryMax: "1m" })).toBe(0);
    expect(problems({ delayedRetry: "5s", delayedRetryMax: "1s" })).toBe(1);
    expect(problems({ delayedRetryMax: "1s" })).toBe(1);
    expect(problems({ delayedRetry: "5s" }, { ordered: true })).toBe(1);
    expect(problems({ delayedRetry: "5s" }, { model: "stream" })).toBe(1);
  });
});

describe("CloudEvents attributes as headers", () => {
  const text = fc.string({ unit: "grapheme" });
  const attributes = fc.record(
    {
      id: fc.string({ minLength: 1 }),
      source: fc.string({ minLength: 1 }),
      partitionkey: text,
      hop: fc.integer({ min: 1, max: 99 }),
      headers: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), text, { minKeys: 1 }),
    },
    { requiredKeys: ["id", "source"] },
  );

  test.each([
    ["by the fast paths", fastPaths],
    ["with fast: false", undefined],
  ])("whatever the envelope holds comes back as it was, through headers or whole, %s", (_, fast) => {
    fc.assert(
      fc.property(attributes, text, ({ id, source, partitionkey, hop, headers }, body) => {
        const ce = JSON.stringify({ specversion: "1.0", id, source, partitionkey, hop, headers });
        const { content, options } = toAmqp({ body, type: "t", headers: { ce } }, () => "made", fast);
        const message = { content, fields: {}, properties: options };
        const back = fromAmqp(message, false, fast).message;
        expect(JSON.parse(back.headers["ce"]!)).toEqual(JSON.parse(ce));
        expect([back.body, back.type]).toEqual([body, "t"]);
      }),
    );
  });

  test.each([
    ["by the fast paths", fastPaths],
    ["with fast: false", undefined],
  ])("what stands in the headers is no property beside, %s", (_, fast) => {
    const ce = JSON.stringify({ specversion: "1.0", id: "1", source: "s", time: "2026-01-01T00:00:00.000Z" });
    const { options } = toAmqp({ body: "{}", type: "t", headers: { ce } }, () => "made", fast);
    expect(options).toEqual({
      headers: {
        cloudEvents_specversion: "1.0",
        cloudEvents_id: "1",
        cloudEvents_source: "s",
        cloudEvents_time: "2026-01-01T00:00:00.000Z",
        cloudEvents_type: "t",
      },
      contentType: "application/json",
      messageId: "1",
      persistent: true,
    });
    expect(toAmqp({ body: "{}", type: "t", headers: {} }, () => "made", fast).options).toMatchObject({ type: "t" });
  });

  test("a name of the broker's own is never taken for a user's header", () => {
    const ce = JSON.stringify({ specversion: "1.0", id: "1", source: "s", headers: { "x-delivery-count": "9" } });
    expect(spread(ce)).toBeUndefined();
    expect(toAmqp({ body: "", headers: { ce } }, () => "made", fastPaths).options.headers).toEqual({ ce });
  });

  test("what lacks an attribute that must be there is no event", () => {
    expect(gather({ cloudEvents_id: "1", cloudEvents_source: "s" }, undefined)).toBeUndefined();
  });
});

test("headers of any AMQP type become text", () => {
  expect([7, true, 1n, null, Buffer.from("é"), ["a", 1n], { deep: Buffer.from([255]) }].map(headerText)).toEqual([
    "7",
    "true",
    "1",
    undefined,
    "w6k=",
    '["a","1"]',
    '{"deep":"/w=="}',
  ]);
});

test("what is nested too deep to be read is left out, and the rest is read", () => {
  let deep: unknown = "x";
  for (let level = 0; level < 50_000; level++) deep = { a: deep };
  expect(headerText(deep)).toBeUndefined();
  expect(headerText([1, { toJSON: "x", __proto__: null, b: [null] }])).toBe('[1,{"toJSON":"x","b":[null]}]');
});

test("size grows with body, headers, type and key", () => {
  const plain = sizeOf({ body: "é", headers: {} });
  expect(plain).toBe(2);
  expect(sizeOf({ body: "é", headers: { a: "bc" }, type: "t", key: "k" })).toBeGreaterThan(plain + 6);
});

test("a key's partition never changes", () => {
  expect(["a", "customer 9", "漢", ""].map((key) => partitionFor(key, 4))).toEqual([2, 1, 1, 2]);
});

describe("the fault table", () => {
  const closed = (code: number, message: string) => Object.assign(new Error(message), { code });
  test.each([
    [closed(404, "NOT_FOUND - no queue 'q' in vhost '/'"), "open", "config", "queue-not-found"],
    [closed(404, "NOT_FOUND - no exchange 'e' in vhost '/'"), "open", "config", "exchange-not-found"],
    [
      closed(404, "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible"),
      "open",
      "retryable",
      "queue-unavailable",
    ],
    [
      closed(404, "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible"),
      "send",
      "retryable",
      "queue-unavailable",
    ],
    [
      closed(403, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"),
      "receive",
      "retryable",
      "exclusive-consumer",
    ],
    [closed(530, "NOT_ALLOWED - vhost v not found"), "open", "config", "vhost-not-found"],
    [closed(530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'"), "open", "auth", "access-refused"],
    [
      closed(530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u': connection limit (1) is reached"),
      "open",
      "retryable",
      "connection-limit",
    ],
    [
      closed(541, "INTERNAL_ERROR - access to vhost 'v' refused for user 'u': vhost 'v' is down"),
      "open",
      "retryable",
      "vhost-down",
    ],
    [
      closed(530, "NOT_ALLOWED - number of channels opened (5) has reached the maximum allowed limit of (5)"),
      "open",
      "retryable",
      "channel-limit",
    ],
    [new Error("No channels left to allocate"), "open", "retryable", "channel-limit"],
    [
      Object.assign(new Error("wrong version number"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }),
      "open",
      "config",
      "tls-failed",
    ],
    [closed(403, "ACCESS_REFUSED - read access to queue 'q'"), "open", "auth", "access-refused"],
    [
      new Error("Handshake terminated by server: 403 (ACCESS-REFUSED) with message x"),
      "open",
      "auth",
      "access-refused",
    ],
    [closed(406, "PRECONDITION_FAILED - inequivalent arg 'x' for queue 'q'"), "topology", "config", "topology-differs"],
    [
      closed(406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"),
      "receive",
      "retryable",
      "consumer-timeout",
    ],
    [
      closed(503, "COMMAND_INVALID - unknown exchange type 'x-consistent-hash'"),
      "topology",
      "config",
      "plugin-missing",
    ],
    [closed(320, "CONNECTION_FORCED - broker forced connection closure"), "receive", "retryable", "connection-lost"],
    [closed(320, "CONNECTION_FORCED - broker forced connection closure"), "send", "ambiguous", "connection-lost"],
    [new Error("Heartbeat timeout"), "receive", "retryable", "connection-lost"],
    [
      Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" }),
      "open",
      "retryable",
      "unreachable",
    ],
    [Object.assign(new Error("tls"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }), "open", "config", "tls-failed"],
    [
      Object.assign(new Error("connect"), { code: "ETIMEDOUT", syscall: "connect" }),
      "send",
      "retryable",
      "unreachable",
    ],
    [Object.assign(new Error("write"), { code: "ERR_STREAM_DESTROYED" }), "send", "ambiguous", "connection-lost"],
    [Object.assign(new Error("read"), { code: "ECONNRESET" }), "receive", "retryable", "connection-lost"],
    [Object.assign(new Error("decoder"), { code: "ERR_OSSL_UNSUPPORTED" }), "open", "config", "tls-failed"],
    [new AmqpFault("lost", "channel-gone", "gone"), "settle", "lost", "channel-gone"],
    [new AmqpFault("lost", "channel-gone", "gone"), "receive", "retryable", "channel-gone"],
    [new Error("whatever"), "send", "ambiguous", "unknown"],
    ["text", "receive", "retryable", "unknown"],
  ] as const)("%s during %s", (cause, during, kind, code) => {
    expect(classify(cause, during)).toMatchObject({ kind, code });
  });
});

test("what is out of reach for now is not missing", () => {
  const notFound = (message: string) => Object.assign(new Error(message), { code: 404 });
  expect(isMissing(notFound("NOT_FOUND - no queue 'q' in vhost '/'"))).toBe(true);
  expect(isMissing(notFound("NOT_FOUND - home node 'rabbit@b' of durable queue 'q' is down or inaccessible"))).toBe(
    false,
  );
  expect(isMissing(new Error("other"))).toBe(false);
});

test("a reply of any length is read in no time", () => {
  const text = `${"acknowledgement".repeat(20_000)} timed`;
  const before = process.threadCpuUsage();
  classify(Object.assign(new Error(text), { code: 406 }), "receive");
  // Its own work, whatever else the machine does. A quadratic expression takes tens of seconds.
  expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(2_000);
});

describe("options", () => {
  test("plain amqp: stays on this machine unless allowed, and what is wrong is said with its path", () => {
    expect(urlProblem("amqp://127.0.0.1", false)).toBeUndefined();
    expect(urlProblem("amqps://broker.example", false)).toBeUndefined();
    expect(urlProblem("amqp://broker.example", true)).toBeUndefined();
    expect(urlProblem("amqp://broker.example", false)).toMatch(/amqps:/);
    expect(urlProblem("http://localhost", false)).toMatch(/must be an address/);
    expect(resolved({ url: ["amqp://localhost", "nonsense"] }).issues[0].path).toEqual(["url", 1]);
    expect(resolved({ unknown: 1 }).issues).toHaveLength(1);
    expect(resolved({ tls: { cert: "c" } }).issues[0].message).toMatch(/go together/);
    expect(resolved({ heartbeat: "90s" }).issues[0].message).toMatch(/1s to 60s/);
  });

  test("an address is shown without its user and password", () => {
    expect(shown("amqps://u:p@h:1/v?x=y")).toBe("amqps://h:1/v");
  });

  test("a stream's group without a lease store is refused with what to set; its publisher is not", () => {
    const { value } = resolved({});
    expect(adapter.locate(of({ model: "stream" }), value).problem).toMatch(/set leases on the connection/);
    const { group: _, ...stream } = of({ model: "stream" });
    expect(adapter.locate(stream, value).problem).toBeUndefined();
    expect(adapter.locate(of({ model: "stream" }), resolved({ leases: "memory" }).value).problem).toBeUndefined();
  });

  test("a hold longer than consumerTimeout is refused, of a stream not", () => {
    const { value } = resolved({ consumerTimeout: "10m" });
    expect(adapter.nativeProblems!(of({ holdMs: 2 * 3_600_000 }), value)).toEqual([
      "hold: 2h is longer than the connection's consumerTimeout of 10m, after which RabbitMQ takes a delivery back; lower hold, or raise consumerTimeout with the broker's consumer_timeout",
    ]);
    expect(adapter.nativeProblems!(of({ holdMs: 600_000 }), value)).toEqual([]);
    expect(adapter.nativeProblems!(of({ holdMs: 2 * 3_600_000, model: "stream" }), value)).toEqual([]);
  });

  test("an address without a scheme is refused with the one to write", () => {
    expect(urlProblem("localhost:5672", false)).toBe("has no scheme; write amqp://localhost:5672");
    expect(urlProblem("broker.example:5671", false)).toBe("has no scheme; write amqps://broker.example:5671");
    expect(urlProblem("amqp://broker.localhost", false)).toBeUndefined();
  });

  test("names and native settings that RabbitMQ has not are refused", () => {
    const { value } = resolved({});
    expect(adapter.locate(of({ name: "é".repeat(130) }), value).problem).toMatch(/at most 255 bytes/);
    expect(adapter.locate(of({ address: "amq.mine" }), value).problem).toMatch(/RabbitMQ's own/);
    expect(adapter.nativeProblems!(of({ native: { maxLength: 0, colour: "red" } }), value)).toHaveLength(2);
    expect(adapter.nativeProblems!(of({ native: { maxLength: 5, priority: 9 } }), value)).toEqual([]);
  });
});

describe("what is told of a refusal", () => {
  const closed = (code: number, text: string) =>
    Object.assign(new Error(`Channel closed by server: ${code} (X) with message "${text}"`), { code });

  test("the broker's address and its own words, each in its place, and no password", async () => {
    const { value } = resolved({ url: ["amqps://u:secretsecret@one/v?x=y", "amqps://two"] });
    const { classify, close } = await adapter.open(value, virtualRuntime(), () => {});
    const words = "NOT_FOUND - no queue 'p_c_main' in vhost 'v'";
    expect(classify(closed(404, words), "open")).toEqual({
      kind: "config",
      code: "queue-not-found",
      hint: "create it with plan and apply, or check prefix, address and virtual host",
      where: "at amqps://one/v, amqps://two",
      said: words,
    });
    expect(classify(closed(406, "PRECONDITION_FAILED - inequivalent arg"), "topology")).toMatchObject({
      code: "topology-differs",
      where: "at amqps://one/v, amqps://two",
      said: "PRECONDITION_FAILED - inequivalent arg",
    });
    expect(classify(closed(403, "ACCESS_REFUSED - write access refused"), "send")).toMatchObject({
      where: "at amqps://one/v, amqps://two",
    });
    const specific = new AmqpFault("retryable", "unreachable", "check the network", undefined, undefined, {
      where: "at amqps://two",
    });
    expect(classify(specific, "send").where).toBe("at amqps://two");
    // What is wrong with one message is the same on every broker.
    expect(classify(new AmqpFault("permanent", "too-large", "5 bytes"), "send")).not.toHaveProperty("where");
    await close();
  });
});
