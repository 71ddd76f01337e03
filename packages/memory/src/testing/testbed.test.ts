import { batchConsumer, channel, consumer, middleware, Release, Retry } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { testbed } from "./index.ts";

const orders = channel("orders", {
  messages: {
    placed: z.object({ orderId: z.string() }),
    cancelled: z.object({ orderId: z.string() }),
  },
});
const clicks = channel("clicks", {
  messages: { clicked: z.object({ at: z.string(), page: z.string() }) },
  orderingKey: "page",
});
const policy = { retry: { attempts: 3, backoff: "constant", first: "1m" } } as const;
const never = () => {
  throw new Error("no");
};

test("published, delivered, in flight and dead are told by channel and group", async () => {
  await using bed = await testbed({ channels: [orders], policy });
  let open!: () => void;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  bed.messaging.consume(consumer(orders, "billing", { placed: () => gate, cancelled: never }));
  bed.messaging.consume(consumer(orders, "audit", { "*": () => {} }));
  await bed.messaging.start();
  const placed = await bed.messaging.publish(orders, "placed", { orderId: "o-1" }, { headers: { tenant: "t" } });
  const cancelled = await bed.messaging.publish(orders, "cancelled", { orderId: "o-1" });
  await bed.settled();
  expect(bed.published(orders)).toMatchObject([
    { id: placed.id, type: "placed", data: { orderId: "o-1" }, headers: { tenant: "t" }, hop: 0, foreign: false },
    { id: cancelled.id, type: "cancelled" },
  ]);
  expect(bed.inFlight(orders, "billing").map(({ id }) => id)).toContain(placed.id);
  expect(bed.inFlight(orders, "audit")).toEqual([]);
  open();
  await bed.clock.advance("2m");
  expect(bed.inFlight(orders, "billing")).toEqual([]);
  expect(bed.delivered(orders, "billing").map(({ type, attempt }) => `${type} ${attempt}`)).toEqual([
    "placed 1",
    "cancelled 1",
    "cancelled 2",
    "cancelled 3",
  ]);
  expect(bed.delivered(orders, "audit").length).toBe(2);
  expect(bed.dead(orders, "billing")).toMatchObject([
    {
      id: cancelled.id,
      type: "cancelled",
      data: { orderId: "o-1" },
      code: "attempts-exhausted",
      attempts: 3,
      errorClass: "Error",
    },
  ]);
  expect(bed.dead(orders, "audit")).toEqual([]);
  expect(bed.published(orders).length).toBe(2);
  expect(bed.events.map(({ type }) => type)).toContain("dead-letter");
  expect(() => bed.dead(orders, "biling")).toThrow('no group "biling"; there are: billing, audit');
});

test.each(["queue", "pubsub", "stream"] as const)("retries and dead letters take no time on a %s", async (model) => {
  await using bed = await testbed({ channels: [clicks], policy, model });
  const seen: string[] = [];
  bed.messaging.consume(
    consumer(clicks, "counter", {
      clicked: ({ page }, { attempt }) => {
        seen.push(`${page}${attempt}@${bed.runtime.elapsed / 60_000}`);
        if (page === "bad") never();
      },
    }),
  );
  await bed.messaging.start();
  for (const page of ["bad", "good"]) await bed.messaging.publish(clicks, "clicked", { at: "now", page });
  await bed.clock.advance("2m");
  expect(seen.toSorted()).toEqual(["bad1@0", "bad2@1", "bad3@2", "good1@0"]);
  expect(bed.dead(clicks, "counter")).toMatchObject([{ data: { page: "bad" }, key: "bad", attempts: 3 }]);
  expect(bed.inFlight(clicks, "counter")).toEqual([]);
});

test("a delay and a handler's own wait pass in the bed's time", async () => {
  await using bed = await testbed({ channels: [channelWithDelay] });
  const seen: number[] = [];
  bed.messaging.consume(
    consumer(channelWithDelay, "one", {
      ping: async () => {
        await bed.clock.sleep("1h");
        seen.push(bed.runtime.elapsed / 3_600_000);
      },
    }),
  );
  await bed.messaging.start();
  await bed.messaging.publish(channelWithDelay, "ping", {}, { delay: "1h" });
  await bed.clock.advance("119m");
  expect(seen).toEqual([]);
  await bed.clock.advance("1m");
  expect(seen).toEqual([2]);
  expect(bed.delivered(channelWithDelay, "one").length).toBe(1);
  expect(bed.clock.now()).toEqual(new Date("2026-01-01T02:00:00Z"));
});
const channelWithDelay = channel("pings", { messages: { ping: z.object({}) }, needs: { delay: "2h" } });

test("settled() waits for a handler's real I/O, and until() for as long as it takes", async () => {
  await using bed = await testbed({ channels: [orders] });
  const { readFile } = await import("node:fs/promises");
  let read = 0;
  bed.messaging.consume(
    consumer(orders, "billing", {
      "*": async () => {
        for (let i = 0; i < 2; i++) await readFile(new URL(import.meta.url));
        read++;
      },
    }),
  );
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
  await bed.settled();
  expect(read).toBe(1);
  await bed.messaging.publish(orders, "placed", { orderId: "o-2" });
  await bed.until(() => read === 2);
  await expect(bed.until(() => false)).rejects.toThrow("the condition is not true after 2000 ms");
});

test("groups nobody consumes can be named, and keep their copies", async () => {
  await using bed = await testbed({ channels: [orders], groups: { orders: ["later"] } });
  await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
  expect(await bed.messaging.depth(orders, "later")).toMatchObject([{ ready: 1 }]);
  const seen: string[] = [];
  bed.messaging.consume(consumer(orders, "later", { "*": (order) => void seen.push(order.orderId) }));
  await bed.messaging.start();
  await bed.settled();
  expect(seen).toEqual(["o-1"]);
  expect(() => bed.messaging.consume(consumer(orders, "unknown", { "*": () => {} }))).toThrow(
    "name it in testbed({ groups })",
  );
});

test("a bed that only publishes needs no group", async () => {
  await using bed = await testbed({ channels: [orders], model: { orders: "queue" }, service: "shop" });
  expect(() => bed.messaging.explain()).toThrow("connects at its first");
  await bed.messaging.publishMany(orders, [{ type: "placed", data: { orderId: "o-1" } }]);
  expect(bed.published(orders)).toMatchObject([{ type: "placed" }]);
  expect(bed.messaging.explain()).toMatchObject({ service: "shop", channels: { orders: { model: "queue" } } });
});

test("batches, middleware and verdicts are seen too", async () => {
  const added = middleware(async (_delivery, next) => next({ tenant: "t" }));
  await using bed = await testbed({ channels: [orders], policy });
  const tenants: unknown[] = [];
  bed.messaging.consume(
    batchConsumer(
      orders,
      "billing",
      (batch) => {
        for (const delivery of batch) {
          tenants.push(delivery.tenant);
          if (delivery.type === "cancelled") batch.fail(delivery, new Retry({ delay: "5m" }));
        }
      },
      { use: [added], batch: { size: 2, wait: "1s" } },
    ),
  );
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
  await bed.messaging.publish(orders, "cancelled", { orderId: "o-2" });
  await bed.clock.advance("1s");
  expect(tenants).toEqual(["t", "t"]);
  await bed.clock.advance("5m");
  expect(bed.delivered(orders, "billing").map(({ attempt }) => attempt)).toEqual([1, 1, 2]);
});

test("faults are for the asking: a lost ack, a cut connection, an ambiguous publish, a duplicate", async () => {
  await using bed = await testbed({ channels: [orders] });
  const seen: string[] = [];
  bed.messaging.consume(consumer(orders, "billing", { "*": (order) => void seen.push(order.orderId) }));
  await bed.messaging.start();
  const publish = (orderId: string) => bed.messaging.publish(orders, "placed", { orderId });
  bed.faults.loseAcks(1, { reply: "ok" });
  await publish("a");
  await bed.clock.advance("1m");
  expect(seen).toEqual(["a", "a"]);
  bed.faults.duplicate();
  await publish("b");
  await bed.settled();
  expect(seen.slice(2)).toEqual(["b", "b"]);
  bed.faults.dropConnection();
  bed.faults.ambiguousPublish(1);
  const published = publish("c").catch((error: unknown) => error);
  await bed.clock.advance("1m");
  expect(Object.keys((await published) as object)).toEqual(["id"]);
  expect(seen.slice(4)).toContain("c");
  expect(bed.events.map(({ type }) => type)).toContain("connection");
  expect(bed.dead(orders, "billing")).toEqual([]);
});

test("a profile makes the bed as mean as its broker", async () => {
  await using bed = await testbed({ channels: [orders], model: "queue", broker: { profile: "sqs" }, policy });
  const attempts: number[] = [];
  bed.messaging.consume(
    consumer(orders, "billing", {
      "*": (_order, { attempt }) => {
        attempts.push(attempt);
        if (attempts.length < 3) throw new Release();
      },
    }),
  );
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
  await bed.clock.advance("10m");
  expect(attempts).toEqual([1, 2, 3]);
  expect(bed.messaging.explain().channels["orders"]!.capabilities.maxBatch.count).toBe(10);
});

test("a configuration is tested as it is, on memory", async () => {
  const config = {
    prefix: "${STAGE}",
    connections: { rabbit: { use: "amqp", url: "${AMQP_URL}" } },
    channels: { orders: { model: "stream", on: "rabbit", partitions: 2, groups: { billing: { policy: "strict" } } } },
    policies: { strict: { retry: { attempts: 1 } } },
  } as const;
  await using bed = await testbed({ channels: [orders], config });
  bed.messaging.consume(consumer(orders, "billing", { "*": never }));
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
  await bed.settled();
  expect(bed.dead(orders, "billing")).toMatchObject([{ code: "attempts-exhausted", attempts: 1 }]);
  expect(bed.messaging.explain().channels["orders"]).toMatchObject({ connection: "memory", model: "stream" });
  expect(bed.broker.partitions("test_orders").length).toBe(2);
  const both = await testbed({ channels: [orders], config, policy });
  await expect(both.messaging.start()).rejects.toThrow("leave out policy");
});

test("the same seed gives the same ids and the same jitter", async () => {
  const run = async (seed: number) => {
    await using bed = await testbed({ channels: [orders], seed, policy: { retry: { attempts: 5, first: "10s" } } });
    const at: number[] = [];
    bed.messaging.consume(
      consumer(orders, "billing", {
        "*": () => {
          at.push(bed.runtime.elapsed);
          never();
        },
      }),
    );
    await bed.messaging.start();
    const { id } = await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
    await bed.clock.advance("10m");
    return { id, at };
  };
  const [one, same, other] = [await run(1), await run(1), await run(2)];
  expect(same).toEqual(one);
  expect(one.at.length).toBe(5);
  expect([other.id === one.id, other.at.join() === one.at.join()]).toEqual([false, false]);
});

test("a bed can be left with handlers running, delays pending and messages waiting", async () => {
  let aborted = false;
  {
    await using bed = await testbed({ channels: [orders] });
    bed.messaging.consume(
      consumer(orders, "billing", {
        "*": (_order, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted = true;
              resolve(undefined);
            });
          }),
      }),
    );
    await bed.messaging.start();
    for (let i = 0; i < 50; i++) await bed.messaging.publish(orders, "placed", { orderId: `${i}` });
    await bed.settled();
  }
  expect(aborted).toBe(true);
});
