import { expect, test } from "vitest";
import { gate, rig, Scripted } from "../../fixtures/scripted-receiver.ts";

test("holds are extended when a third is spent, those of buffered messages too", async () => {
  const slow = gate();
  const { runner, lease, message, runtime } = rig({ plan: { concurrency: 1 }, handler: () => slow.promise });
  lease.push(message(1, { deadlineMs: 60_000 }), message(2, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("19s");
  expect(lease.extended).toEqual([]);
  await runtime.advance("5m");
  expect(lease.extended.length).toBeGreaterThan(10);
  expect(lease.extended[0]).toEqual({ receipts: ["r1", "r2"], forMs: 60_000 });
  slow.open();
  await runtime.settle();
  expect(lease.settled).toHaveLength(2);
  const beats = lease.extended.length;
  await runtime.advance("5m");
  expect(lease.extended).toHaveLength(beats);
});

test("a hold found lost aborts the signal; settling is then a no-op, and followers of its key go back", async () => {
  const slow = gate();
  let signal: AbortSignal | undefined;
  const { runner, lease, message, runtime, events } = rig({
    ordered: true,
    handler: (_: unknown, delivery: { signal: AbortSignal }) => {
      signal = delivery.signal;
      return slow.promise;
    },
  });
  lease.extendAnswer = (receipt) => (receipt === "r1" ? { cause: new Scripted("lost") } : undefined);
  lease.push(message(1, { key: "k", deadlineMs: 60_000 }), message(2, { key: "k", deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("30s");
  expect(signal?.aborted).toBe(true);
  expect(lease.settled).toEqual([{ receipt: "r2", action: "release" }]);
  expect(events).toContainEqual(expect.objectContaining({ type: "lost", during: "handling", id: "id-r1" }));
  slow.open();
  await runtime.settle();
  expect(lease.settled).toHaveLength(1);
});

test("messages of a key that all come again, while one of them is still on its way back, start with the first", async () => {
  const slow = gate();
  const back = gate();
  const seen: string[] = [];
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    handler: (_: unknown, { id }: { id: string }) => {
      seen.push(id);
      return seen.length === 1 ? slow.promise : undefined;
    },
  });
  const pair = [message(1, { key: "k" }), message(2, { key: "k" })];
  const both = (receipt: string) =>
    pair.map((one, at) => ({ ...one, receipt: `${receipt}${at}`, deadline: runtime.monotonic() + 60_000 }));
  lease.extendAnswer = () => ({ cause: new Scripted("lost") });
  lease.settle = async (batch) => {
    await back.promise;
    return batch.map(() => undefined);
  };
  lease.push(...both("first"));
  await runner.start();
  // The second goes back, as the first is lost. Its hold is over as well, so both come again before the broker has had it.
  await runtime.advance("30s");
  lease.push(...both("second"));
  await runtime.settle();
  slow.open();
  await runtime.settle();
  expect(seen).toEqual(["id-r1"]);
  back.open();
  await runtime.advance("1s");
  lease.push(...both("third"));
  await runtime.settle();
  expect(seen).toEqual(["id-r1", "id-r1", "id-r2"]);
});

test("a passing failure to extend is tried again; only the margin ends it", async () => {
  let refuse = true;
  let aborted = false;
  const { runner, lease, message, runtime } = rig({
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return gate().promise;
    },
  });
  lease.extendAnswer = () => (refuse ? { cause: new Scripted("retryable") } : undefined);
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("40s");
  expect(lease.extended.length).toBeGreaterThan(1);
  refuse = false;
  await runtime.advance("60s");
  expect(aborted).toBe(false);
  refuse = true;
  await runtime.advance("60s");
  expect(aborted).toBe(true);
});

test("without extension the signal aborts a tenth of the hold before its end", async () => {
  let abortedAt = 0;
  const { runner, lease, message, runtime } = rig({
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        abortedAt = runtime.elapsed;
      });
      return gate().promise;
    },
  });
  Object.assign(lease, { extend: undefined });
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("2m");
  expect(abortedAt).toBe(54_000);
});

test("without extension what is lost goes back at once, and health says that handlers take too long", async () => {
  const slow = gate();
  const { runner, lease, message, runtime, context } = rig({ handler: () => slow.promise, plan: { holdMs: 1_000 } });
  Object.assign(lease, { extend: undefined });
  lease.push(message(1, { deadlineMs: 60_000 }), message(2, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("53s");
  expect(lease.settled).toEqual([]);
  expect(context.troubles.list()).toEqual([]);
  await runtime.advance("2s");
  expect(lease.settled).toEqual([
    { receipt: "r1", action: "release" },
    { receipt: "r2", action: "release" },
  ]);
  expect(context.troubles.list()).toMatchObject([{ text: expect.stringContaining("make the handler shorter") }]);
  slow.open();
  await runtime.settle();
  expect(lease.settled).toHaveLength(2);
  expect(context.budget.held).toBe(0);
});

test("without extension what no handler took in time goes back before its hold ends; it is neither lost nor failed", async () => {
  const started: unknown[] = [];
  const { runner, lease, message, runtime, events, dead } = rig({
    plan: { concurrency: 1, maxInFlight: 40 },
    policy: { retry: { attempts: 1, backoff: "constant", firstMs: 0, maxMs: 0 } },
    handler: (data: unknown) => {
      started.push(data);
      return runtime.sleep(6_000);
    },
  });
  Object.assign(lease, { extend: undefined });
  lease.push(...Array.from({ length: 4 }, (_, n) => message(n, { deadlineMs: 10_000 })));
  await runner.start();
  await runtime.advance("30s");
  // The second was started in time, and not handled in time.
  expect(started).toEqual([0, 1]);
  expect(lease.settled).toEqual([
    { receipt: "r1", action: "ack" },
    { receipt: "r2", action: "release" },
    { receipt: "r3", action: "release" },
    { receipt: "r4", action: "release" },
  ]);
  expect(events.filter(({ type }) => type === "lost")).toHaveLength(1);
  expect(events.filter((event) => event.type === "released" && event.reason === "hold")).toHaveLength(2);
  expect(dead).toEqual([]);
});

test("without extension what comes too late to be handled goes back unstarted", async () => {
  const started: unknown[] = [];
  const { runner, lease, message, runtime } = rig({ handler: (data: unknown) => void started.push(data) });
  Object.assign(lease, { extend: undefined });
  lease.push(message(1, { deadlineMs: 60_000 }), message(2, { deadlineMs: 5_000 }));
  await runner.start();
  await runtime.advance("1s");
  expect(started).toEqual([1]);
  expect(lease.settled).toEqual(
    expect.arrayContaining([
      { receipt: "r1", action: "ack" },
      { receipt: "r2", action: "release" },
    ]),
  );
});

test("no extension passes the last deadline", async () => {
  let abortedAt = 0;
  const { runner, lease, message, runtime } = rig({
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        abortedAt = runtime.elapsed;
      });
      return gate().promise;
    },
  });
  lease.push(message(1, { deadlineMs: 60_000, lastMs: 100_000 }));
  await runner.start();
  await runtime.advance("5m");
  let at = 0;
  for (const { forMs } of lease.extended) {
    at += 1;
    expect(forMs).toBeLessThanOrEqual(60_000);
  }
  expect(at).toBeGreaterThan(1);
  expect(abortedAt).toBe(94_000);
});

test("a lost lease settles nothing more and aborts what runs; what waits is dropped", async () => {
  const slow = gate();
  let aborted = false;
  let started = 0;
  const { runner, lease, message, runtime, context } = rig({
    plan: { concurrency: 1 },
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      started++;
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return slow.promise;
    },
  });
  lease.push(message(1), message(2), message(3));
  await runner.start();
  await runtime.settle();
  lease.lose();
  await runtime.settle();
  expect(aborted).toBe(true);
  expect(context.budget.held).toBe(1);
  slow.open();
  await runtime.settle();
  expect(lease.settled).toEqual([]);
  expect(started).toBe(1);
  expect(context.budget.held).toBe(0);
});

test("a hold that could not be extended says why, in the event, the abort reason and health", async () => {
  let reason: unknown;
  const { runner, lease, message, runtime, events, context } = rig({
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return gate().promise;
    },
  });
  lease.extendAnswer = () => ({ cause: new Scripted("auth", "access-denied") });
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("30s");
  expect(reason).toBeUndefined();
  expect(context.troubles.list()).toMatchObject([
    { needsPerson: true, text: expect.stringContaining("access-denied") },
  ]);
  await runtime.advance("30s");
  const error = expect.objectContaining({ code: "access-denied", kind: "auth" });
  expect(reason).toMatchObject({ message: expect.stringContaining("access-denied"), cause: error });
  expect(events).toContainEqual(expect.objectContaining({ type: "lost", during: "handling", error }));
  expect(context.troubles.list()).toHaveLength(1);
});

test("an extension refused as permanent is tried again until the margin", async () => {
  let refusals = 2;
  const { runner, lease, message, runtime, events, context } = rig({ handler: () => gate().promise });
  lease.extendAnswer = () => (refusals-- > 0 ? { cause: new Scripted("permanent", "refused") } : undefined);
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("5m");
  expect(events.filter(({ type }) => type === "lost")).toEqual([]);
  expect(context.troubles.list()).toEqual([]);
});

test.each([
  ["hold-over", "raise the transport's own limit", { extend: undefined }],
  ["no-answer", "no answer", { extend: () => new Promise(() => {}) }],
])("a hold that ends without a refusal says %s", async (code, text, change) => {
  const { runner, lease, message, runtime, events } = rig({ handler: () => gate().promise });
  Object.assign(lease, change);
  lease.push(message(1, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("2m");
  const error = expect.objectContaining({ code, message: expect.stringContaining(text) });
  expect(events).toContainEqual(expect.objectContaining({ type: "lost", error }));
});
