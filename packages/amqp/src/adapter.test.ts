import type { Destination } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { adapter } from "./adapter.ts";
import { AmqpFault } from "./errors.ts";

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

test("what is wrong with an option is said with its path", () => {
  expect(resolved({ url: ["amqp://localhost", "nonsense"] }).issues[0].path).toEqual(["url", 1]);
  expect(resolved({ unknown: 1 }).issues).toHaveLength(1);
  expect(resolved({ tls: { cert: "c" } }).issues[0].message).toMatch(/both cert and key/);
  expect(resolved({ heartbeat: "90s" }).issues[0].message).toMatch(/1s to 60s/);
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
    "hold: 2h is longer than the connection's consumerTimeout of 10m, after which RabbitMQ takes back a delivery; lower hold, or raise consumerTimeout with the broker's consumer_timeout",
  ]);
  expect(adapter.nativeProblems!(of({ holdMs: 600_000 }), value)).toEqual([]);
  expect(adapter.nativeProblems!(of({ holdMs: 2 * 3_600_000, model: "stream" }), value)).toEqual([]);
});

test("names and native settings that RabbitMQ has not are refused", () => {
  const { value } = resolved({});
  expect(adapter.locate(of({ name: "é".repeat(130) }), value).problem).toMatch(/at most 255 bytes/);
  expect(adapter.locate(of({ address: "amq.mine" }), value).problem).toMatch(/reserved by RabbitMQ/);
  expect(adapter.nativeProblems!(of({ native: { maxLength: 0, colour: "red" } }), value)).toHaveLength(2);
  expect(adapter.nativeProblems!(of({ native: { maxLength: 5, priority: 9 } }), value)).toEqual([]);
});

test("more partitions than there are buckets are refused; a stream has no buckets", () => {
  const problems = (over: Partial<Destination>) => adapter.nativeProblems!(of(over), resolved({}).value);
  expect(problems({ ordered: true, partitions: 257 })).toEqual([
    "partitions: at most 256 with an ordering key on RabbitMQ",
  ]);
  expect(problems({ ordered: true, partitions: 256 })).toEqual([]);
  expect(problems({ model: "stream", ordered: true, partitions: 257 })).toEqual([]);
});

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

test("asked for as native, and not where order is kept or nothing can wait", () => {
  const problems = (native: Record<string, unknown>, over: Partial<Destination> = {}) =>
    adapter.nativeProblems!(of({ native, ...over }), resolved({}).value).length;
  expect(problems({ delayedRetry: "5s", delayedRetryMax: "1m" })).toBe(0);
  expect(problems({ delayedRetry: "5s", delayedRetryMax: "1s" })).toBe(1);
  expect(problems({ delayedRetryMax: "1s" })).toBe(1);
  expect(problems({ delayedRetry: "5s" }, { ordered: true })).toBe(1);
  expect(problems({ delayedRetry: "5s" }, { model: "stream" })).toBe(1);
});
