import { expect, test, vi } from "vitest";
import type { MessagingEvent } from "../../api/events.ts";
import { rig } from "../../fixtures/scripted-receiver.ts";

const handled = (events: readonly MessagingEvent[]) => events.filter(({ type }) => type === "handled");

test("an observer is told of each success with its duration, its type and its attempt, and of no failure", async () => {
  const { runner, lease, message, runtime, events } = rig({
    observed: true,
    handler: async (ms: number) => {
      await runtime.sleep(ms, new AbortController().signal);
      if (ms === 30) throw new Error("no");
    },
  });
  lease.push(message(0), message(20, { attempt: 2 }), message(30));
  await runner.start();
  await runtime.advance("1s");
  const common = { type: "handled", level: "info", messageType: "m", lease: "lease" };
  expect(handled(events)).toEqual([
    { ...common, id: "id-r1", attempt: 1, durationMs: 0 },
    { ...common, id: "id-r2", attempt: 2, durationMs: 20 },
  ]);
});

test("of a batch each delivery is reported, with the time of the batch and its size", async () => {
  const { runner, lease, message, runtime, events } = rig({
    observed: true,
    batch: async (batch: Iterable<{ data: number }> & { fail: (one: object, error: unknown) => void }) => {
      await runtime.sleep(50, new AbortController().signal);
      for (const one of batch) if (one.data === 2) batch.fail(one, new Error("no"));
    },
  });
  lease.push(message(1), message(2), message(3));
  await runner.start();
  await runtime.advance("1s");
  expect(handled(events)).toMatchObject([
    { id: "id-r1", durationMs: 50, batch: 3 },
    { id: "id-r3", durationMs: 50, batch: 3 },
  ]);
});

test("without an observer nothing is timed and nothing reported", async () => {
  const { runner, lease, message, runtime, events, context } = rig({ handler: () => {} });
  await runner.start();
  await runtime.settle();
  const clock = vi.spyOn(runtime, "monotonic");
  const emitted = vi.spyOn(context, "emit");
  lease.push(message(1));
  await runtime.settle();
  expect(lease.settled).toHaveLength(1);
  expect(emitted).not.toHaveBeenCalled();
  expect(events).toEqual([]);
  const once = clock.mock.calls.length;
  clock.mockClear();
  lease.push(...Array.from({ length: 5 }, (_, i) => message(i)));
  await runtime.settle();
  expect(lease.settled).toHaveLength(6);
  // What is read is read for the receive, not for each message.
  expect(clock.mock.calls.length).toBe(once);
});
