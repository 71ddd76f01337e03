import { expect, test } from "vitest";
import { gate, rig, Scripted } from "../../fixtures/scripted-receiver.ts";

test("stop lets handlers end, gives the rest back, flushes, releases, and reports", async () => {
  const slow = gate();
  const { runner, lease, message, runtime, stop } = rig({ plan: { concurrency: 2 }, handler: () => slow.promise });
  lease.push(...Array.from({ length: 5 }, (_, i) => message(i)));
  await runner.start();
  await runtime.settle();
  const stopped = stop(25_000);
  await runtime.settle();
  expect(lease.settled.map(({ action }) => action)).toEqual(["release", "release", "release"]);
  slow.open();
  expect(await stopped).toEqual({ completed: 2, drained: 2, released: 3, abandoned: 0 });
  expect(lease.settled.filter(({ action }) => action === "ack")).toHaveLength(2);
  expect(lease.released).toBe("drained");
  expect(await stop(0)).toEqual({ completed: 2, drained: 2, released: 3, abandoned: 0 });
});

test("at the deadline what still runs is told and abandoned", async () => {
  let reason: unknown;
  const { runner, lease, message, runtime, stop } = rig({
    handler: (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return gate().promise;
    },
  });
  lease.push(message(1));
  await runner.start();
  await runtime.settle();
  const stopped = stop(3_000);
  await runtime.advance("3s");
  expect(String(reason)).toContain("drain deadline");
  await runtime.advance("2s");
  expect(await stopped).toEqual({ completed: 0, drained: 0, released: 0, abandoned: 1 });
  expect(lease.settled).toEqual([]);
});

test("messages that arrive with the last receive go back", async () => {
  let handled = 0;
  const { runner, lease, message, runtime, stop } = rig({ handler: () => void handled++ });
  await runner.start();
  await runtime.settle();
  lease.receive = async () => [message(1)];
  const stopped = stop(25_000);
  lease.push(message(2));
  await runtime.settle();
  expect((await stopped).abandoned).toBe(0);
  expect(handled).toBe(0);
  expect(lease.settled.every(({ action }) => action === "release")).toBe(true);
});

test("a waiting retry goes back at stop with what is left of its delay", async () => {
  const { runner, lease, message, runtime, stop } = rig({
    ordered: true,
    policy: { retry: { attempts: 5, backoff: "constant", firstMs: 60_000, maxMs: 60_000 } },
    handler: () => {
      throw new Error("no");
    },
  });
  lease.push(message(1, { key: "k" }), message(2, { key: "k" }));
  await runner.start();
  await runtime.advance("20s");
  const stopped = stop(25_000);
  await runtime.settle();
  await stopped;
  expect(lease.settled).toContainEqual({ receipt: "r1", action: "retry", delayMs: 40_000 });
  expect(lease.settled).toContainEqual({ receipt: "r2", action: "release" });
});

test("a failed start says why at once; what may pass is tried again", async () => {
  const missing = rig({ handler: () => {}, openFaults: [new Scripted("config", "queue-not-found")] });
  await expect(missing.runner.start()).rejects.toMatchObject({ code: "queue-not-found", kind: "config" });
  const passing = rig({ handler: () => {}, openFaults: [new Scripted("retryable"), new Scripted("throttled")] });
  const started = passing.runner.start();
  await passing.runtime.advance("5s");
  await started;
  expect(passing.opens()).toBe(3);
});

test("a broker that never answers ends the start after half a minute", async () => {
  const { runner, runtime } = rig({
    handler: () => {},
    openFaults: Array(1_000).fill(new Scripted("retryable", "unreachable")),
  });
  const started = runner.start();
  const refused = expect(started).rejects.toMatchObject({ code: "start-timeout" });
  await runtime.advance("31s");
  await refused;
});

test("a wait the driver announced is told, and does not count against the start's half minute", async () => {
  const { runner, runtime, events } = rig({
    handler: () => {},
    opening: async ({ announce }) => {
      announce?.(30_000, "watching the table");
      await runtime.sleep(30_000);
    },
  });
  const started = runner.start();
  await runtime.advance("20s");
  expect(events).toMatchObject([{ type: "start-waits", waitMs: 30_000, reason: "watching the table" }]);
  expect(runner.problem).toContain("watching the table");
  await runtime.advance("15s");
  await started;
  expect(runner.problem).toBeUndefined();
  const never = rig({
    handler: () => {},
    opening: async ({ announce }) => {
      announce?.(30_000, "watching the table");
      await never.runtime.sleep(3_600_000);
    },
  });
  const refused = expect(never.runner.start()).rejects.toMatchObject({ code: "start-timeout" });
  await never.runtime.advance("61s");
  await refused;
});

test("one that joins while others run is tried for as long as it takes, whatever keeps it away", async () => {
  let handled = 0;
  const faults = [
    new Scripted("config", "queue-not-found"),
    ...Array(20).fill(new Scripted("retryable", "unreachable")),
  ];
  const { runner, lease, message, runtime, opens, events } = rig({ handler: () => void handled++, openFaults: faults });
  runner.join();
  await runtime.advance("20s");
  expect(runner.problem).toBeDefined();
  expect(events).toContainEqual(expect.objectContaining({ type: "receive-failed", level: "error" }));
  await runtime.advance("30m");
  expect(opens()).toBe(faults.length + 1);
  lease.push(message(1));
  await runtime.settle();
  expect(handled).toBe(1);
  expect(runner.problem).toBeUndefined();
});

test("a receive that fails for a while is called again; one that fails for good reopens the receiver", async () => {
  let handled = 0;
  const { runner, lease, message, runtime, opens, events } = rig({ handler: () => void handled++ });
  await runner.start();
  lease.fail(new Scripted("throttled"));
  lease.push(message(1));
  await runtime.advance("2s");
  expect(handled).toBe(1);
  expect(opens()).toBe(1);
  lease.fail(new Scripted("config", "queue-not-found"));
  await runtime.settle();
  expect(runner.problem).toContain("queue-not-found");
  expect(events).toContainEqual(expect.objectContaining({ type: "receive-failed", level: "error" }));
  lease.push(message(2));
  await runtime.advance("20s");
  expect(opens()).toBe(2);
  expect(handled).toBe(2);
  expect(runner.problem).toBeUndefined();
});

test("the report counts all that was handled since the start, and what of it ended after the stop was asked for", async () => {
  const slow = gate();
  const { runner, lease, message, runtime, stop } = rig({
    handler: (i: number) => (i === 9 ? slow.promise : undefined),
  });
  lease.push(...[1, 2, 3, 9].map((i) => message(i)));
  await runner.start();
  await runtime.settle();
  const stopped = stop(25_000);
  slow.open();
  expect(await stopped).toEqual({ completed: 4, drained: 1, released: 0, abandoned: 0 });
});

test("a start that fails for want of time carries the last error as its cause", async () => {
  const { runner, runtime } = rig({
    handler: () => {},
    openFaults: Array(1_000).fill(new Scripted("retryable", "unreachable")),
  });
  const refused = expect(runner.start()).rejects.toMatchObject({
    code: "start-timeout",
    message: expect.stringContaining("unreachable"),
    cause: expect.objectContaining({ code: "unreachable" }),
  });
  await runtime.advance("31s");
  await refused;
});

test("a call that is given as long as the start may still say why it failed", async () => {
  const { runner, runtime } = rig({
    handler: () => {},
    opening: async () => {
      await runtime.sleep(30_000);
      throw new Scripted("retryable", "timeout");
    },
  });
  const refused = expect(runner.start()).rejects.toMatchObject({
    code: "start-timeout",
    cause: expect.objectContaining({ code: "timeout" }),
  });
  await runtime.advance("30001ms");
  await refused;
});

test("what keeps a consumer from working is told in each of its states", async () => {
  const texts = (at: ReturnType<typeof rig>) =>
    at.runner.troubles().map(({ text, needsPerson }) => `${needsPerson ? "red" : "yellow"}: ${text}`);
  const at = rig({ handler: () => {}, openFaults: [new Scripted("retryable", "unreachable")] });
  expect(texts(at)).toEqual([expect.stringMatching(/^red: .*call start\(\)/)]);
  const started = at.runner.start();
  expect(texts(at)).toEqual([expect.stringMatching(/^yellow: .*being opened/)]);
  await at.runtime.settle();
  expect(texts(at)).toEqual([expect.stringMatching(/^yellow: .*unreachable/)]);
  await at.runtime.advance("1s");
  await started;
  expect(texts(at)).toEqual([]);
  at.lease.fail(new Scripted("throttled", "slow-down"));
  await at.runtime.settle();
  expect(texts(at)).toEqual([expect.stringMatching(/^yellow: .*slow-down/)]);
  at.lease.push(at.message(1));
  await at.runtime.advance("1s");
  expect(texts(at)).toEqual([]);
  at.lease.fail(new Scripted("auth", "access-denied"));
  await at.runtime.settle();
  expect(texts(at)).toEqual([expect.stringMatching(/^red: .*access-denied/)]);
});
