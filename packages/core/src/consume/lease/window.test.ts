import { expect, test } from "vitest";
import type { Delivery } from "../../driver/index.ts";
import { rig, type RigOptions } from "../../fixtures/scripted-receiver.ts";

const HOLD = 10_000;
const PUSH = { holdExtend: false, attempts: "failures" } as const;

/** A broker that pushes: it holds back what is beyond the window, and takes back what is not settled in time. */
function pushing(count: number, options: RigOptions & { readonly bytes?: number }) {
  const made = rig({ ...options, capabilities: { ...PUSH, ...options.capabilities } });
  const { runner, lease, message, runtime, context } = made;
  let window = 0;
  let most = 0;
  const windows: number[] = [];
  const out = new Map<string, number>();
  const queue = Array.from({ length: count }, (_, n) => n);
  const pump = () => {
    const pushed: Delivery<string>[] = [];
    while (out.size < window && queue.length > 0) {
      const n = queue.shift() as number;
      const one = message({ n, big: "x".repeat(options.bytes ?? 0) }, { deadlineMs: HOLD });
      out.set(one.receipt, n);
      pushed.push(one);
    }
    most = Math.max(most, out.size);
    if (pushed.length > 0) lease.push(...pushed);
  };
  Object.assign(lease, {
    extend: undefined,
    limit: (to: number) => {
      window = to;
      windows.push(to);
      pump();
    },
  });
  lease.settleAnswer = ({ receipt, action }) => {
    const n = out.get(receipt) as number;
    out.delete(receipt);
    if (action !== "ack") queue.push(n);
    runtime.defer(pump);
    return undefined;
  };
  const { receiver } = context.connection;
  context.connection.receiver = async (from, given, signal) => {
    window = given.window as number;
    windows.push(window);
    return receiver.call(context.connection, from, given, signal);
  };
  return {
    ...made,
    windows,
    start: async () => {
      await runner.start();
      pump();
    },
    most: () => most,
    waiting: () => queue.length + out.size,
  };
}

test("where holds cannot be extended no more is fetched than handlers finish within a hold", async () => {
  const started: number[] = [];
  const bed = pushing(40, {
    plan: { concurrency: 1, maxInFlight: 40 },
    policy: { retry: { attempts: 1, backoff: "constant", firstMs: 0, maxMs: 0 } },
    handler: ({ n }: { n: number }) => {
      started.push(n);
      return bed.runtime.sleep(6_000);
    },
  });
  await bed.start();
  await bed.runtime.advance("5m");
  expect(started).toEqual(Array.from({ length: 40 }, (_, n) => n));
  expect([bed.most(), bed.waiting(), bed.windows]).toEqual([1, 0, [1]]);
  expect(bed.events.filter(({ type }) => type === "lost" || type === "released")).toEqual([]);
});

test("with quick handlers all that maxInFlight allows is fetched, from the first that has ended on", async () => {
  const bed = pushing(200, { plan: { concurrency: 2, maxInFlight: 20 }, handler: () => bed.runtime.sleep(10) });
  await bed.start();
  await bed.runtime.advance("5s");
  expect([bed.most(), bed.waiting(), bed.windows]).toEqual([20, 0, [2, 20]]);
});

test("when handlers become slow, what would wait too long goes back, and the window shrinks; it grows again when they are quick", async () => {
  let ms = 10;
  const bed = pushing(400, { plan: { concurrency: 1, maxInFlight: 20 }, handler: () => bed.runtime.sleep(ms) });
  await bed.start();
  await bed.runtime.advance("1s");
  ms = 4_000;
  await bed.runtime.advance("20s");
  expect(bed.windows.at(-1)).toBeLessThanOrEqual(2);
  // The one that was started before it was known.
  expect(bed.events.filter(({ type }) => type === "lost").length).toBeLessThanOrEqual(1);
  expect(bed.events.filter(({ type }) => type === "released").length).toBeGreaterThan(1);
  ms = 10;
  await bed.runtime.advance("20s");
  expect([bed.windows.at(-1), bed.waiting()]).toEqual([20, 0]);
});

test("a message that waits for its next attempt until its hold ends says nothing about handlers", async () => {
  const bed = pushing(1, {
    plan: { concurrency: 2, maxInFlight: 20 },
    policy: { retry: { attempts: 3, backoff: "constant", firstMs: 8_000, maxMs: 8_000 } },
    capabilities: { retryDelayMs: 0 },
    handler: async () => {
      await bed.runtime.sleep(100);
      throw new Error("not yet");
    },
  });
  await bed.start();
  await bed.runtime.advance("30s");
  expect(bed.windows).toEqual([2, 20]);
});

test("maxInFlightBytes is kept on a push transport, by the size of what comes", async () => {
  const bed = pushing(40, {
    bytes: 5_000,
    plan: { concurrency: 10, maxInFlight: 40, maxInFlightBytes: 12_000 },
    capabilities: { maxMessageBytes: 10_000 },
    handler: () => bed.runtime.sleep(100),
  });
  await bed.start();
  await bed.runtime.advance("10s");
  expect([bed.most(), bed.waiting()]).toEqual([2, 0]);
});

test("small messages are not held up by the limit of bytes", async () => {
  const bed = pushing(100, {
    plan: { concurrency: 10, maxInFlight: 20, maxInFlightBytes: 400_000 },
    capabilities: { maxMessageBytes: 100_000 },
    handler: () => bed.runtime.sleep(100),
  });
  await bed.start();
  await bed.runtime.advance("10s");
  expect([bed.windows.at(0), bed.windows.at(-1), bed.most(), bed.waiting()]).toEqual([4, 20, 20, 0]);
});
