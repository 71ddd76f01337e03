/** `retry.total`: since when it is counted, and what it may end. */
import { batchConsumer, channel, consumer, DependencyDown, middleware } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { type Testbed, testbed } from "./index.ts";

const orders = channel("orders", { messages: { placed: z.object({ n: z.number() }) }, needs: { delay: "1h" } });
const retry = { attempts: 1, first: "1s", max: "10s", total: "1m" } as const;
const queue = { model: "queue", policy: { retry } } as const;

const deadOf = (bed: Testbed<typeof orders>) => bed.dead(orders, "billing");

/** A middleware that reports its store down, as an inbox does, until `up()` is called. */
function store() {
  let down = true;
  const use = middleware(async (_delivery, next) => {
    if (down) throw new DependencyDown("the inbox's store");
    return next();
  });
  return { use, up: () => void (down = false), fail: () => void (down = true) };
}

test.each(["one by one", "in batches"] as const)(
  "%s, a message whose handler never began is no dead letter when total is over: it gets its one attempt",
  async (way) => {
    await using bed = await testbed({ channels: [orders], ...queue });
    const claims = store();
    let handled = 0;
    const one = () => {
      handled++;
      throw new DependencyDown("the bank");
    };
    const options = { use: [claims.use] };
    bed.messaging.consume(
      way === "one by one"
        ? consumer(orders, "billing", { placed: one }, options)
        : batchConsumer(orders, "billing", one, options),
    );
    await bed.messaging.start();
    await bed.messaging.publish(orders, "placed", { n: 1 });
    await bed.clock.advance("10m");
    expect([handled, deadOf(bed).length]).toEqual([0, 0]);
    claims.up();
    await bed.clock.advance("1m");
    // The handler began once, and the time was over by then.
    expect(handled).toBe(1);
    expect(deadOf(bed)).toMatchObject([{ code: "retry-time-over", attempts: 1 }]);
  },
);

test("a handler that has begun was the attempt: a store that fails later does not prolong the time", async () => {
  await using bed = await testbed({ channels: [orders], ...queue });
  const claims = store();
  claims.up();
  bed.messaging.consume(
    consumer(
      orders,
      "billing",
      {
        placed: () => {
          claims.fail();
          throw new DependencyDown("the bank");
        },
      },
      { use: [claims.use] },
    ),
  );
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { n: 1 });
  await bed.clock.advance("90s");
  expect(deadOf(bed)).toMatchObject([{ code: "retry-time-over" }]);
});

test("what the handler needs is down, and time is over: the first attempt is the last", async () => {
  await using bed = await testbed({ channels: [orders], groups: { orders: ["billing"] }, ...queue });
  let tries = 0;
  await bed.messaging.publish(orders, "placed", { n: 1 });
  await bed.clock.advance("5m");
  bed.messaging.consume(
    consumer(orders, "billing", {
      placed: () => {
        tries++;
        throw new DependencyDown("the bank");
      },
    }),
  );
  await bed.messaging.start();
  await bed.clock.advance("1s");
  expect(tries).toBe(1);
  expect(deadOf(bed)).toMatchObject([{ code: "retry-time-over" }]);
});

test("an error that a middleware lets through is an attempt, which total ends", async () => {
  await using bed = await testbed({
    channels: [orders],
    model: "queue",
    policy: { retry: { ...retry, attempts: 1_000 } },
  });
  const use = middleware(async () => {
    throw new Error("a mistake of its own");
  });
  bed.messaging.consume(consumer(orders, "billing", { placed: () => {} }, { use: [use] }));
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { n: 1 });
  await bed.clock.advance("2m");
  expect(deadOf(bed)).toMatchObject([{ code: "retry-time-over" }]);
});

test("an error of the breaker's, thrown before the handler began, ends nothing either", async () => {
  await using bed = await testbed({
    channels: [orders],
    config: {
      policies: { default: { retry } },
      channels: {
        orders: {
          model: "queue",
          on: "memory",
          groups: { billing: { breaker: { on: ["PoolTimeout"], pause: "1s..4s" } } },
        },
      },
    },
  });
  let healthy = false;
  let handled = 0;
  const use = middleware(async (_delivery, next) => {
    if (!healthy) throw Object.assign(new Error("no connection"), { name: "PoolTimeout" });
    return next();
  });
  bed.messaging.consume(consumer(orders, "billing", { placed: () => void handled++ }, { use: [use] }));
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { n: 1 });
  await bed.clock.advance("10m");
  expect(deadOf(bed)).toEqual([]);
  healthy = true;
  await bed.clock.advance("1m");
  expect([handled, deadOf(bed).length]).toEqual([1, 0]);
});

test("a message whose time is over and whose dependency is down opens the breaker again: the others wait", async () => {
  await using bed = await testbed({
    channels: [orders],
    config: {
      policies: { default: { retry } },
      channels: {
        orders: {
          model: "queue",
          on: "memory",
          groups: { billing: { concurrency: 2, breaker: { minimum: 2, pause: "5m..10m" } } },
        },
      },
    },
  });
  let tries = 0;
  bed.messaging.consume(
    consumer(orders, "billing", {
      placed: () => {
        tries++;
        throw new DependencyDown("the bank");
      },
    }),
  );
  await bed.messaging.start();
  await bed.messaging.publishMany(
    orders,
    Array.from({ length: 30 }, (_, n) => ({ type: "placed", data: { n } }) as const),
  );
  await bed.clock.advance("4m");
  const before = tries;
  // Open for longer than total: one message is tried, dies, and the next pause begins.
  await bed.clock.advance("2m");
  expect([tries - before, deadOf(bed).length]).toEqual([1, 1]);
  await bed.clock.advance("10m");
  expect([tries - before, deadOf(bed).length]).toEqual([2, 2]);
});

test("a delay that the publisher asked for does not count: the message has all its time after it", async () => {
  await using bed = await testbed({ channels: [orders], ...queue });
  let tries = 0;
  bed.messaging.consume(
    consumer(orders, "billing", {
      placed: () => {
        tries++;
        throw new DependencyDown("the bank");
      },
    }),
  );
  await bed.messaging.start();
  await bed.messaging.publish(orders, "placed", { n: 1 }, { delay: "15m" });
  await bed.clock.advance("15m");
  await bed.clock.advance("50s");
  expect(tries).toBeGreaterThan(5);
  expect(deadOf(bed)).toEqual([]);
  await bed.clock.advance("30s");
  expect(deadOf(bed)).toMatchObject([{ code: "retry-time-over" }]);
});
