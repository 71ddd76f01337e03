import { channel, connect, consumer, type MessagingEvent } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { forgetBroker } from "./broker/registry.ts";

const orders = channel("orders", { messages: { placed: z.object({ id: z.string() }) } });
const handles = (group: string) => consumer(orders, group, { placed: () => {} });

type Model = "queue" | "pubsub" | "stream";
async function service(model: Model, groups: readonly string[], options: { broker?: string; runtime?: object } = {}) {
  const runtime = virtualRuntime();
  const hints: string[] = [];
  const { broker, runtime: shared = runtime } = options;
  const messaging = await connect({
    channels: [orders],
    service: "shop",
    config: {
      prefix: "test",
      connections: { memory: { use: "memory", ...(broker === undefined ? {} : { broker }) } },
      channels: { orders: { model, on: "memory", groups: Object.fromEntries(groups.map((name) => [name, {}])) } },
    },
    runtime: shared as typeof runtime,
    observe: (event: MessagingEvent) => {
      if (event.type === "warning") hints.push((event.error as Error).message);
    },
  });
  return { messaging, hints, runtime };
}
const publish = ({ messaging }: Awaited<ReturnType<typeof service>>) =>
  messaging.publish(orders, "placed", { id: "1" });

test.each([
  ["queue", ["billing"], 'no consumer of group "billing" has started in this process'],
  ["pubsub", ["billing", "audit"], 'no consumer of groups "billing", "audit" has started in this process'],
  ["stream", ["billing"], "no consumer has started in this process"],
] as const)("what nobody consumes is said once: %s", async (model, groups, text) => {
  const shop = await service(model, groups);
  await publish(shop);
  await shop.runtime.advance("9s");
  expect(shop.hints).toEqual([]);
  await shop.runtime.advance("1s");
  expect(shop.hints).toEqual([expect.stringContaining(`messages of channel "orders" wait, and ${text}`)]);
  await publish(shop);
  await shop.runtime.advance("1m");
  expect(shop.hints).toHaveLength(1);
  expect(shop.messaging.health()).toMatchObject({ status: "green" });
  await shop.messaging.stop();
});

test.each(["queue", "pubsub", "stream"] as const)("a consumer that starts later gives no hint: %s", async (model) => {
  const shop = await service(model, ["billing"]);
  await publish(shop);
  await shop.runtime.advance("9s");
  shop.messaging.consume(handles("billing"));
  const started = shop.messaging.start();
  await shop.runtime.advance("1m");
  await started;
  await shop.messaging.stop();
  expect(shop.hints).toEqual([]);
});

test("only the groups that nobody consumes are named", async () => {
  const shop = await service("pubsub", ["billing", "audit"]);
  shop.messaging.consume(handles("billing"));
  await shop.messaging.start();
  await publish(shop);
  await shop.runtime.advance("10s");
  expect(shop.hints).toEqual([expect.stringContaining('no consumer of group "audit" has started')]);
  await shop.messaging.stop();
});

test("a consumer of another connection counts where both name the broker", async () => {
  const runtime = virtualRuntime();
  for (const [broker, hints] of [
    ["shared", 0],
    [undefined, 1],
  ] as const) {
    const options = { runtime, ...(broker === undefined ? {} : { broker }) };
    const [shop, worker] = [await service("queue", ["billing"], options), await service("queue", ["billing"], options)];
    await publish(shop);
    worker.messaging.consume(handles("billing"));
    await worker.messaging.start();
    await runtime.advance("10s");
    expect(shop.hints).toHaveLength(hints);
    await Promise.all([shop.messaging.stop(), worker.messaging.stop()]);
  }
  forgetBroker("shared");
});

test("nothing is awaited where consumers have started, and nothing after a stop", async () => {
  const consuming = await service("queue", ["billing"]);
  consuming.messaging.consume(handles("billing"));
  await consuming.messaging.start();
  const before = consuming.runtime.pending;
  await publish(consuming);
  await consuming.runtime.settle();
  expect(consuming.runtime.pending).toBe(before);
  await consuming.messaging.stop();

  const stopped = await service("queue", ["billing"]);
  await publish(stopped);
  await stopped.messaging.stop();
  expect(stopped.runtime.pending).toBe(0);
  await stopped.runtime.advance("1m");
  expect(stopped.hints).toEqual([]);
});
