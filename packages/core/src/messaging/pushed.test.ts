/** A second source of pushed messages beside Lambda, as an HTTP endpoint would be: an adapter that says `pushed`, and its events. */
import { expect, test } from "vitest";
import { z } from "zod";
import { channel } from "../api/channel.ts";
import { consumer } from "../api/consumer.ts";
import type { Adapter, Connection, Model, WireMessage } from "../driver/index.ts";
import { everything, problems } from "../fixtures/adapters.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import { connectPushed } from "./pushed.ts";

const item = z.object({ n: z.number() });
const orders = channel("orders", { messages: { placed: item, billed: item } });

function webhook(model: Model = "queue") {
  const sent: WireMessage[] = [];
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let slow = false;
  const connection: Connection = {
    sender: async () => ({
      capabilities: everything,
      size: ({ body }) => body.length,
      send: async (batch) => {
        if (slow) await held;
        sent.push(...batch);
        return batch.map((_, at) => ({ id: String(at) }));
      },
      close: async () => {},
    }),
    receiver: () => Promise.reject(new Error("nothing is pulled here")),
    seek: async () => {},
    depth: async () => [],
    classify: () => ({ kind: "retryable", code: "unknown" }),
    close: async () => {},
  };
  const adapter: Adapter = {
    name: "hooks",
    options: z.strictObject({}),
    capabilities: (of) =>
      of.model !== model
        ? undefined
        : {
            ...everything,
            ...(of.runsOn === "webhook" ? { delivery: "pushed", holdExtend: false } : {}),
            ...(model === "stream" ? { poisonSkip: ["skip"], replay: ["earliest"], retryDelayMs: 0 } : {}),
          },
    locate: (of) => ({ address: of.name }),
    open: async () => connection,
  };
  const groups = { billing: { runsOn: "webhook" }, other: {} };
  const config = {
    prefix: "test",
    connections: { hooks: { use: adapter } },
    channels: { orders: { model, on: "hooks", groups: model === "queue" ? { billing: groups.billing } : groups } },
    policies: { default: { deadLetter: "skip" } },
  } as const;
  const runtime = virtualRuntime();
  const base = { channels: [orders], service: "billing", config, runtime, runsOn: "webhook" } as const;
  return { base, sent, runtime, answer: () => answer(), slowDown: () => (slow = true) };
}

test("an event becomes handled messages and verdicts, and what handlers publish is flushed before the answer", async () => {
  const { base, sent, runtime, slowDown, answer } = webhook();
  const billing = consumer(orders, "billing", {
    placed: async ({ n }) => {
      if (n === 2) throw new Error("no");
      void messaging.publish(orders, "billed", { n });
    },
    billed: "ignore",
  });
  const { messaging, groups } = await connectPushed({ ...base, consumers: [billing] });
  for (const n of [1, 2]) await messaging.publish(orders, "placed", { n });
  const deliveries = sent
    .splice(0)
    .map((message, at) => ({ id: `m${at}`, message, receipt: `m${at}`, raw: undefined, attempt: 1 }));
  slowDown();
  const result = await groups[0]!.handle({ id: "hook", deliveries }, runtime.monotonic() + 1_000);
  expect(result.verdicts).toEqual(["ack", "retry"]);
  expect(sent).toEqual([]);
  const flushed = messaging.flush();
  await runtime.settle();
  answer();
  await flushed;
  expect(sent).toHaveLength(1);
  await messaging.stop();
});

test("flush gives up when its signal aborts", async () => {
  const { base, runtime, slowDown, answer } = webhook();
  const { messaging } = await connectPushed({ ...base, consumers: [] });
  slowDown();
  void messaging.publish(orders, "placed", { n: 1 });
  await runtime.settle();
  const limit = new AbortController();
  const flushed = messaging.flush({ signal: limit.signal });
  limit.abort();
  await expect(flushed).resolves.toBeUndefined();
  answer();
  await messaging.stop();
});

test("a group that does not say who pushes to it is refused", async () => {
  const { base } = webhook("stream");
  const other = consumer(orders, "other", { "*": () => {} });
  await expect(connectPushed({ ...base, consumers: [other] })).rejects.toMatchObject({
    code: "runs-elsewhere",
    message: expect.stringContaining("channels.orders.groups.other.runsOn to webhook"),
  });
});

test("who pushes a stream keeps its position: consume, replay and depth say so", async () => {
  const { base } = webhook("stream");
  const billing = consumer(orders, "billing", { "*": () => {} });
  const { messaging } = await connectPushed({ ...base, consumers: [] });
  expect(() => messaging.consume(billing)).toThrow(expect.objectContaining({ code: "runs-elsewhere" }));
  await expect(messaging.replay(orders, "billing", "earliest")).rejects.toMatchObject({ code: "replay-unsupported" });
  await expect(messaging.depth(orders, "billing")).rejects.toMatchObject({ code: "depth-unsupported" });
  await messaging.stop();
});

test("the configuration refuses what needs a fetch to stop, and a connection that cannot push", async () => {
  const { base } = webhook();
  const { channels, ...rest } = base.config;
  const billing = { runsOn: "webhook", breaker: {}, rate: { max: 1 } };
  const config = { ...rest, channels: { orders: { ...channels.orders, groups: { billing } } } };
  const found = await problems(config, { channels: [orders] as never, env: {} });
  expect(Object.keys(found)).toEqual(["channels.orders.groups.billing.breaker", "channels.orders.groups.billing.rate"]);
  expect(found["channels.orders.groups.billing.breaker"]).toMatch(/nothing could be paused; leave the breaker out/);
  const elsewhere = { ...rest, channels: { orders: { ...channels.orders, groups: { billing: { runsOn: "lamda" } } } } };
  expect(await problems(elsewhere, { channels: [orders] as never })).toEqual({
    "channels.orders.groups.billing.runsOn": expect.stringMatching(
      /^a queue on "hooks" \(hooks\) cannot push messages to "lamda"/,
    ),
  });
});
