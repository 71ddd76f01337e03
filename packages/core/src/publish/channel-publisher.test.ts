import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { z } from "zod";
import { channel } from "../api/channel.ts";
import type { WireMessage } from "../driver/index.ts";
import { decode } from "../wire/decode.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { ChannelPublisher } from "./channel-publisher.ts";
import {
  type Bench,
  bench,
  type BenchOptions,
  each,
  failed,
  fault,
  held,
  reject,
  stall,
} from "../fixtures/scripted-sender.ts";

const orders = channel("orders", {
  messages: {
    placed: z.object({ customer: z.string(), cents: z.int() }),
    checked: z
      .object({ customer: z.string() })
      .refine(async ({ customer }) => customer !== "nobody", { path: ["customer"] }),
  },
  orderingKey: "customer",
});
const loose = channel("loose", {
  messages: { any: z.any(), bytes: z.instanceof(Uint8Array) },
  needs: { delay: "15m", fairness: true },
});

function publisher(shape: ChannelShape, options?: BenchOptions): Bench & { readonly publisher: ChannelPublisher } {
  const at = bench(options);
  return { ...at, publisher: new ChannelPublisher({ shape, queue: at.queue, runtime: at.runtime, service: "shop" }) };
}
const placed = (customer: string, cents = 1) => ({ customer, cents });
const many = (...items: readonly (readonly [string, number])[]) =>
  items.map(([customer, cents], i) => ({ type: "placed", id: `m${i}`, data: placed(customer, cents) }));

test("an accepted message carries the whole envelope", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  const { id } = await at.publisher.publish("placed", placed("ann"), { headers: { tenant: "x" }, expires: "1h" });
  const wire = at.calls[0]?.messages[0];
  expect(wire).toMatchObject({ type: "placed", key: "ann", dedup: `${id}:0`, body: '{"customer":"ann","cents":1}' });
  expect(wire && decode(wire)).toMatchObject({
    foreign: false,
    envelope: {
      id,
      source: "shop",
      type: "placed",
      key: "ann",
      hop: 0,
      headers: { tenant: "x" },
      contentType: "application/json",
    },
  });
  const now = at.runtime.now();
  expect(wire && decode(wire)).toMatchObject({ envelope: { time: now, expiresAt: now + 3_600_000 } });
});

test("the schema's input is sent as given, and later changes to it are not", async () => {
  const upper = channel("upper", { messages: { a: z.object({ name: z.string().transform((s) => s.toUpperCase()) }) } });
  const at = publisher(upper as unknown as ChannelShape);
  const data = { name: "ann" };
  const sent = at.publisher.publish("a", data);
  data.name = "bob";
  await sent;
  expect(at.calls[0]?.bodies).toEqual([{ name: "ann" }]);
});

test("a wrong message is refused with the field's name, before I/O", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  const error = await failed(at.publisher.publish("placed", { customer: "ann", cents: "many" }, { id: "o-1" }));
  expect(error).toMatchObject({ code: "invalid-message", kind: "permanent", channel: "orders", id: "o-1" });
  expect(error.problems).toMatchObject([{ path: "cents" }]);
  expect(error.message).toContain("cents");
  expect(await failed(at.publisher.publish("toString", {}))).toMatchObject({ code: "unknown-type" });
  expect(at.opened()).toBe(0);
});

test("an asynchronous schema refuses too, and does not let a later call of the key overtake", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  const slow = at.publisher.publish("checked", { customer: "ann" });
  const quick = at.publisher.publish("placed", placed("ann", 2));
  await Promise.all([slow, quick]);
  expect(at.calls.map((call) => call.bodies)).toEqual([[{ customer: "ann" }], [placed("ann", 2)]]);
  expect(await failed(at.publisher.publish("checked", { customer: "nobody" }))).toMatchObject({
    code: "invalid-message",
    problems: [{ path: "customer" }],
  });
});

test.each([
  ["a lone surrogate", { note: "\ud83d" }, "bad-text", "data.note"],
  ["a lone surrogate in a key", { "\udc00": 1 }, "bad-text", "a key of data"],
  ["undefined", undefined, "not-json", "data"],
  ["NaN", { list: [1, Number.NaN] }, "not-json", "data.list[1]"],
  ["a Date", { at: new Date(0) }, "not-json", "data.at"],
  ["a Map", { deep: { map: new Map() } }, "not-json", "data.deep.map"],
  ["a bigint", { n: 1n }, "not-json", "data.n"],
  ["a __proto__ key", JSON.parse('{"a":{"__proto__":1}}'), "bad-key", "data.a"],
])("%s is refused, naming the field", async (_, data, code, field) => {
  const at = publisher(loose as unknown as ChannelShape);
  const error = await failed(at.publisher.publish("any", data));
  expect(error).toMatchObject({ code, kind: "permanent", channel: "loose" });
  expect(error.message).toContain(field);
});

test.each([
  ["id", { id: "\ud800" }, "bad-text"],
  ["empty id", { id: "" }, "bad-text"],
  ["header name", { headers: { "X-Tenant": "a" } }, "bad-header"],
  ["header __proto__", { headers: JSON.parse('{"__proto__":"a"}') }, "bad-header"],
  ["header value", { headers: { tenant: 7 } }, "bad-header"],
  ["header text", { headers: { tenant: "\udfff" } }, "bad-text"],
  ["delay", { delay: "soon" }, "bad-duration"],
  ["expires", { expires: new Date(Number.NaN) }, "bad-expiry"],
  ["fairness key", { fairnessKey: "\ud800" }, "bad-text"],
])("a bad option is refused: %s", async (_, options, code) => {
  const at = publisher(loose as unknown as ChannelShape);
  expect(await failed(at.publisher.publish("any", 1, options))).toMatchObject({ code, kind: "permanent" });
  expect(at.opened()).toBe(0);
});

test("a delay beyond what the channel declares or the transport keeps is refused before I/O, never shortened", async () => {
  const at = publisher(loose as unknown as ChannelShape, { capabilities: { delayedPublishMs: 60_000 } });
  expect(await failed(at.publisher.publish("any", 1, { delay: "16m" }))).toMatchObject({ code: "delay-unsupported" });
  const error = await failed(at.publisher.publish("any", 1, { delay: "61s" }));
  expect(error).toMatchObject({ code: "delay-unsupported", kind: "permanent" });
  expect(error.message).toContain("at most 1m");
  expect(at.opened()).toBe(0);
  await at.publisher.publish("any", 1, { delay: "60s", fairnessKey: "t1" });
  expect(at.calls[0]?.messages[0]).toMatchObject({ delayMs: 60_000, fairness: "t1" });
});

test("bytes are sent as they were at the call, as base64 where the transport has text only", async () => {
  const at = publisher(loose as unknown as ChannelShape, { capabilities: { headers: 0 } });
  const bytes = new Uint8Array([0, 255, 128]);
  const sent = at.publisher.publish("bytes", bytes);
  bytes.fill(7);
  await sent;
  const decoded = decode(at.calls[0]?.messages[0] as never);
  expect(decoded).toMatchObject({ foreign: false, envelope: { contentType: "application/octet-stream" } });
  expect(!decoded.foreign && decoded.body).toEqual(new Uint8Array([0, 255, 128]));
});

test("a message without its ordering key is refused", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  expect(await failed(at.publisher.publish("placed", placed("")))).toMatchObject({ code: "bad-ordering-key" });
});

test("publishMany gives one result per input, in order, and the ids of those that failed", async () => {
  const at = publisher(loose as unknown as ChannelShape);
  at.script.push(each(undefined, fault("permanent", "refused")));
  const items = [
    { type: "any", data: 0 },
    { type: "nope", data: 1, id: "bad" },
    { type: "any", data: 2, id: "third" },
    { type: "any", data: 3 },
  ];
  const results = await at.publisher.publishMany(items);
  expect(results).toMatchObject([
    { ok: true },
    { ok: false, id: "bad", error: { code: "unknown-type", id: "bad" } },
    { ok: false, id: "third", error: { code: "refused", kind: "permanent", id: "third" } },
    { ok: true },
  ]);
  expect(await at.publisher.publishMany([])).toEqual([]);
});

test("within a publishMany later messages of a failed key are blocked, those before it and other keys are not", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  at.script.push(each(undefined, undefined), each(fault("permanent", "refused")));
  const results = await at.publisher.publishMany(many(["a", 0], ["b", 1], ["a", 2], ["a", 3], ["b", 4]));
  expect(results.map((result) => (result.ok ? "ok" : result.error.code))).toEqual([
    "ok",
    "ok",
    "refused",
    "blocked-by-earlier",
    "ok",
  ]);
  expect(results[3]).toMatchObject({ error: { kind: "retryable" } });
});

test("a message that fails its checks blocks those after it, not those before it", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  const first = held();
  at.script.push(first.answer);
  const earlier = at.publisher.publish("placed", placed("a", 0));
  const sent = at.publisher.publishMany(many(["a", 1], ["a", 1.5], ["a", 3]));
  await at.runtime.settle();
  first.release();
  const results = await sent;
  await earlier;
  expect(results.map((result) => (result.ok ? "ok" : result.error.code))).toEqual([
    "ok",
    "invalid-message",
    "blocked-by-earlier",
  ]);
});

test("an ambiguous end counts as failed, and a separate publish of the key is not blocked by it", async () => {
  const at = publisher(orders as unknown as ChannelShape, { plan: { timeoutMs: 1_000 } });
  at.script.push(stall);
  const sent = at.publisher.publishMany(many(["a", 0], ["a", 1]));
  await at.runtime.advance("900ms");
  const separate = at.publisher.publish("placed", placed("a", 2));
  await at.runtime.advance("100ms");
  expect(await sent).toMatchObject([{ error: { kind: "ambiguous" } }, { error: { code: "blocked-by-earlier" } }]);
  await separate;
  expect(at.calls.map((call) => call.bodies)).toEqual([[placed("a", 0)], [placed("a", 2)]]);
});

test("a key that failed for good blocks a long line at once", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  at.script.push(reject(fault("permanent", "refused")));
  const results = await at.publisher.publishMany(many(...Array.from({ length: 9_000 }, (_, i) => ["a", i] as const)));
  expect(results.filter((result) => !result.ok && result.error.code === "blocked-by-earlier")).toHaveLength(8_999);
});

test("publishMany's signal ends the wait for all of it", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  at.script.push(stall);
  const controller = new AbortController();
  const sent = at.publisher.publishMany(many(["a", 0], ["a", 1]), { signal: controller.signal });
  await at.runtime.settle();
  controller.abort();
  expect(await sent).toMatchObject([{ error: { kind: "ambiguous" } }, { error: { kind: "retryable" } }]);
});

test("many messages with one signal listen to it once, and no longer when they are settled", async () => {
  const at = publisher(orders as unknown as ChannelShape);
  const { signal } = new AbortController();
  const listening = () => getEventListeners(signal, "abort").length;
  const sent = at.publisher.publishMany(many(...Array.from({ length: 100 }, (_, i) => ["a", i] as const)), { signal });
  expect(listening()).toBe(1);
  await sent;
  expect(listening()).toBe(0);
});

test("trace context given as headers travels as trace context, and is not repeated among the headers", async () => {
  const at = publisher(loose as unknown as ChannelShape);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await at.publisher.publish("any", 1, { headers: { traceparent, tracestate: "a=b", tenant: "x" } });
  const wire = at.calls[0]?.messages[0] as WireMessage;
  expect(wire.headers).toMatchObject({ traceparent, tracestate: "a=b" });
  expect(decode(wire)).toMatchObject({ envelope: { headers: { tenant: "x" }, traceparent, tracestate: "a=b" } });
  await at.publisher.publish("any", 1, { headers: { traceparent: "garbage" } });
  expect(decode(at.calls[1]?.messages[0] as WireMessage)).toMatchObject({
    envelope: { headers: { traceparent: "garbage" } },
  });
});

test("a schema that throws is a refusal, not a crash", async () => {
  const broken = channel("broken", {
    messages: {
      a: z.any().transform(() => {
        throw new Error("bug");
      }),
    },
  });
  const at = publisher(broken as unknown as ChannelShape);
  expect(await failed(at.publisher.publish("a", 1))).toMatchObject({ code: "invalid-message", kind: "permanent" });
});
