import { expect, test } from "vitest";
import type { MiddlewareShape } from "../../api/shapes.ts";
import { DeadLetter } from "../../api/verdicts.ts";
import { gate, rig } from "../../fixtures/scripted-receiver.ts";

interface Item {
  readonly data: number;
  readonly id: string;
}

test("a verdict per item; the rest is acknowledged", async () => {
  const { runner, lease, message, runtime, dead } = rig({
    batch: (batch: Iterable<Item> & { fail: (item: Item, error: unknown) => void }) => {
      for (const item of batch) {
        if (item.data === 1) batch.fail(item, new Error("later"));
        if (item.data === 2) batch.fail(item, new DeadLetter("never"));
      }
    },
  });
  lease.push(message(0), message(1), message(2), message(3));
  await runner.start();
  await runtime.settle();
  const by = Object.fromEntries(lease.settled.map(({ receipt, action }) => [receipt, action]));
  expect(by).toEqual({ r1: "ack", r2: "retry", r3: "ack", r4: "ack" });
  expect(dead).toHaveLength(1);
});

test("a batch that throws has failed as a whole, but for what it failed by itself", async () => {
  const { runner, lease, message, runtime, dead } = rig({
    batch: async (batch: Iterable<Item> & { fail: (item: Item, error: unknown) => void }) => {
      for (const item of batch) if (item.data === 0) batch.fail(item, new DeadLetter("never"));
      throw new Error("no");
    },
  });
  lease.push(message(0), message(1));
  await runner.start();
  await runtime.settle();
  expect(dead).toHaveLength(1);
  expect(lease.settled).toContainEqual({ receipt: "r2", action: "retry", delayMs: 1_000 });
});

test("size and wait shape a batch", async () => {
  const sizes: number[] = [];
  const { runner, lease, message, runtime } = rig({
    plan: { batch: { size: 4, waitMs: 2_000 } },
    batch: (batch: { size: number }) => void sizes.push(batch.size),
  });
  await runner.start();
  lease.push(message(0));
  await runtime.advance("1s");
  expect(sizes).toEqual([]);
  lease.push(message(1));
  await runtime.advance("1s");
  expect(sizes).toEqual([2]);
  lease.push(...Array.from({ length: 8 }, (_, i) => message(i)));
  await runtime.settle();
  expect(sizes).toEqual([2, 4, 4]);
});

test("middleware runs around each item; what it adds is there, what it refuses is not", async () => {
  const use: MiddlewareShape = {
    run: async (delivery, next) => {
      if (delivery.data === 1) throw new Error("refused");
      await next({ tx: delivery.data * 10 });
    },
  };
  const seen: unknown[] = [];
  const { runner, lease, message, runtime } = rig({
    options: { use: [use] },
    batch: (batch: Iterable<{ tx: number }>) => void seen.push(...[...batch].map(({ tx }) => tx)),
  });
  lease.push(message(0), message(1), message(2));
  await runner.start();
  await runtime.settle();
  expect(seen).toEqual([0, 20]);
  const by = Object.fromEntries(lease.settled.map(({ receipt, action }) => [receipt, action]));
  expect(by).toEqual({ r1: "ack", r2: "retry", r3: "ack" });
});

test("batch.fail refuses a delivery of another batch", async () => {
  let thrown: unknown;
  const { runner, lease, message, runtime } = rig({
    batch: (batch: { fail: (item: object, error: unknown) => void }) => {
      try {
        batch.fail({}, new Error("x"));
      } catch (error) {
        thrown = error;
      }
    },
  });
  lease.push(message(0));
  await runner.start();
  await runtime.settle();
  expect(String(thrown)).toContain("not of this batch");
});

test("the batch's signal aborts when one of its holds is lost", async () => {
  const slow = gate();
  let signal: AbortSignal | undefined;
  const { runner, lease, message, runtime } = rig({
    batch: (batch: { signal: AbortSignal }) => {
      signal = batch.signal;
      return slow.promise;
    },
  });
  lease.push(message(0), message(1));
  await runner.start();
  await runtime.settle();
  expect(signal?.aborted).toBe(false);
  lease.lose();
  expect(signal?.aborted).toBe(true);
  slow.open();
});
