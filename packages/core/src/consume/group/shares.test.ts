/** Leases of one group share its budget: one that is idle holds no room that another wants to read with (C12). */
import { expect, test } from "vitest";
import { gate, type RigOptions, rig } from "../../fixtures/scripted-receiver.ts";

/** One call may bring all a group may hold. */
const maxBatch = { count: 1_000, bytes: 1_000_000 };
const log = { settleResult: "checkpoint", ordering: "partition", maxBatch } as const;

async function started(options: RigOptions = {}) {
  const handled: unknown[] = [];
  const at = rig({ handler: (data) => void handled.push(data), capabilities: { maxBatch }, ...options });
  await at.runner.start();
  await at.runtime.settle();
  const calls = () => at.leases.reduce((sum, { asked }) => sum + asked.length, 0);
  return { ...at, handled, calls };
}

test("a lease that comes while another polls with the whole budget reads at once", async () => {
  const { runtime, lease, join, message, handled } = await started();
  expect(lease.asked).toEqual([20]);
  const second = await Promise.resolve(join());
  await runtime.settle();
  second.push(message("late"));
  await runtime.advance(0);
  expect(handled).toEqual(["late"]);
});

test.each([
  [2, 20],
  [3, 10],
  [6, 10],
  [10, 10],
  [11, 10],
  [64, 10],
  [100, 10],
])(
  "of %i leases with %i places each has its message handled within a second, and idle ones do not spin",
  async (count, maxInFlight) => {
    const { runtime, leases, join, message, handled, calls } = await started({ plan: { maxInFlight } });
    while (leases.length < count) {
      join();
      await runtime.settle();
    }
    for (const lease of leases.toReversed()) {
      lease.push(message(lease.id));
      await runtime.advance("1s");
      expect(handled.at(-1)).toBe(lease.id);
    }
    const before = calls();
    await runtime.advance("10s");
    // Crowded leases take turns; the others wait out their polls.
    expect(calls() - before).toBeLessThan(count > maxInFlight ? 41 * count : 4 * count);
  },
);

test("while handlers keep places, the idle leases settle on what is left, without spinning", async () => {
  const stuck = gate();
  const { runtime, lease, join, message, calls } = await started({
    plan: { maxInFlight: 10, concurrency: 3 },
    handler: () => stuck.promise,
  });
  const second = join();
  await runtime.settle();
  lease.push(message(1));
  second.push(message(2));
  await runtime.settle();
  second.push(message(3));
  await runtime.settle();
  const before = calls();
  await runtime.advance("30s");
  expect(calls() - before).toBeLessThan(30);
  stuck.open();
  await runtime.settle();
});

test("what an interrupted poll had read is handled, not lost", async () => {
  const { runtime, lease, join, message, handled } = await started();
  const receive = lease.receive.bind(lease);
  // As a driver whose call is under way: it comes back with what it read.
  lease.receive = async (max, waitMs, signal) => {
    const got = await receive(max, waitMs, signal);
    return signal.aborted && got !== null && got.length === 0 ? [message("read")] : got;
  };
  lease.push(message("first"));
  await runtime.settle();
  join();
  await runtime.settle();
  expect(handled).toEqual(["first", "read"]);
});

test("a poll that rejects when it is interrupted is polled again, and told of by nobody", async () => {
  const { runtime, lease, join, message, handled, events } = await started();
  const receive = lease.receive.bind(lease);
  lease.receive = async (max, waitMs, signal) => {
    const got = await receive(max, waitMs, signal);
    if (signal.aborted) throw new Error("aborted");
    return got;
  };
  lease.push(message("first"));
  await runtime.settle();
  join();
  await runtime.settle();
  lease.push(message("second"));
  await runtime.settle();
  expect(handled).toEqual(["first", "second"]);
  expect(events).toEqual([]);
});

test("on a log too: a lease taken over from another worker is read at once", async () => {
  const { runtime, lease, join, message, handled } = await started({ capabilities: log });
  lease.push(message("first"));
  await runtime.advance("2s");
  const second = join();
  await runtime.settle();
  second.push(message("taken over"));
  await runtime.advance(0);
  expect(handled).toEqual(["first", "taken over"]);
});

test("an answer with something in it that is no delivery ends the lease: all of it comes again, and no room is lost", async () => {
  const { runtime, lease, message, handled, events, opens, context } = await started();
  const good = message("good");
  lease.push(good, { ...message("broken"), message: undefined as never }, message("after"));
  await runtime.settle();
  expect(handled).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(["released", "receive-failed"]);
  await runtime.advance("5s");
  expect(opens()).toBe(2);
  lease.push(good, message("mended"), message("after"));
  await runtime.settle();
  expect(handled).toEqual(["good", "mended", "after"]);
  expect(context.budget.held).toBe(0);
  expect(lease.asked.at(-1)).toBe(20);
});
