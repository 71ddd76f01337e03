import { type AttachContext, batchConsumer, channel, consumer, middleware } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { testbed } from "./index.ts";

const orders = channel("orders", { messages: { placed: z.object({ orderId: z.string() }) } });
const policy = { retry: { attempts: 2, backoff: "constant", first: "1m" } } as const;
const nothing = middleware((_delivery, next) => next());

test("middleware is told its group, runs for it, explains itself and is closed at the stop", async () => {
  const bed = await testbed({ channels: [orders], policy });
  const told: AttachContext[] = [];
  const ran: string[] = [];
  let closed = 0;
  const known = middleware((_delivery, next) => next(), {
    name: "known",
    attach: (to) => {
      told.push(to);
      return {
        run: (delivery, next) => {
          ran.push(`${to.group} ${delivery.type}`);
          return next();
        },
        explanation: `runs for ${to.group}`,
        close: () => closed++,
      };
    },
  });
  bed.messaging.consume(consumer(orders, "billing", { placed: () => {} }, { use: [known] }));
  bed.messaging.consume(consumer(orders, "audit", { placed: () => {} }, { use: [known, nothing] }));
  await bed.messaging.start();
  expect(told).toMatchObject([
    { channel: "orders", group: "billing", batch: false },
    { channel: "orders", group: "audit", batch: false },
  ]);
  expect(told[0]?.keptMs).toBeGreaterThan(0);
  const { groups } = bed.messaging.explain().channels["orders"]!;
  expect([groups["billing"]?.use, groups["audit"]?.use]).toEqual([
    ["known: runs for billing"],
    ["known: runs for audit"],
  ]);
  await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
  await bed.settled();
  expect(ran.toSorted()).toEqual(["audit placed", "billing placed"]);
  expect(closed).toBe(0);
  await bed.messaging.stop();
  expect(closed).toBe(2);
});

test("consume() refuses what a middleware cannot do, with all reasons", async () => {
  await using bed = await testbed({ channels: [orders], policy });
  const refusing = (name: string) =>
    middleware((_delivery, next) => next(), { name, attach: () => ({ problems: [`raise the window of ${name}`] }) });
  bed.messaging.consume(consumer(orders, "billing", { placed: () => {} }, { use: [refusing("one"), refusing("two")] }));
  await expect(bed.messaging.start()).rejects.toMatchObject({
    code: "middleware-refused",
    kind: "config",
    message: 'consumer "billing" of "orders": one: raise the window of one; two: raise the window of two',
  });
});

test("batch middleware runs once around a batch: it adds a field, passes a subset on and hears what failed", async () => {
  await using bed = await testbed({ channels: [orders], policy });
  const seen: string[] = [];
  let each = 0;
  const counted = middleware((_delivery, next) => {
    each++;
    return next();
  });
  const whole = middleware<{ tx: string }>((_delivery, next) => next({ tx: "single" }), {
    name: "whole",
    runBatch: async (deliveries, next) => {
      const data = deliveries.map(({ data: of }) => (of as { orderId: string }).orderId);
      const failed = await next(
        deliveries.filter((_, i) => data[i] !== "o-1"),
        { tx: "one" },
      );
      seen.push(`${data.join()} failed ${failed.size}`);
    },
  });
  bed.messaging.consume(
    batchConsumer(
      orders,
      "billing",
      (batch) => {
        for (const delivery of batch) {
          seen.push(`${delivery.data.orderId} ${delivery.tx}`);
          if (delivery.data.orderId === "o-2" && delivery.attempt === 1) batch.fail(delivery, new Error("later"));
        }
      },
      { use: [counted, whole, nothing], batch: { size: 3, wait: "1s" } },
    ),
  );
  await bed.messaging.start();
  await bed.messaging.publishMany(
    orders,
    ["o-1", "o-2", "o-3"].map((orderId) => ({ type: "placed" as const, data: { orderId } })),
  );
  await bed.clock.advance("5m");
  expect(seen).toEqual(["o-2 one", "o-3 one", "o-1,o-2,o-3 failed 1", "o-2 one", "o-2 failed 0"]);
  expect(each).toBe(4);
  expect(bed.events.filter(({ type }) => type === "skipped").length).toBe(1);
});

test("batch middleware that throws after its next() has failed every delivery", async () => {
  await using bed = await testbed({ channels: [orders], policy });
  const whole = middleware((_delivery, next) => next(), {
    name: "whole",
    runBatch: async (deliveries, next) => {
      await next(deliveries);
      throw new Error("commit failed");
    },
  });
  bed.messaging.consume(batchConsumer(orders, "billing", () => {}, { use: [whole], batch: { size: 2, wait: "1s" } }));
  await bed.messaging.start();
  await bed.messaging.publishMany(
    orders,
    ["o-1", "o-2"].map((orderId) => ({ type: "placed" as const, data: { orderId } })),
  );
  await bed.clock.advance("5m");
  expect(bed.dead(orders, "billing")).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
});

test("options of middleware are checked", () => {
  expect(() => middleware((_delivery, next) => next(), { name: "" })).toThrow("takes a name");
  expect(() => middleware((_delivery, next) => next(), { name: "x", atach: () => ({}) } as never)).toThrow(
    "nothing else",
  );
});
