import { describe, expect, test } from "vitest";
import { DeadLetter, Release, Retry } from "../../api/verdicts.ts";
import type { RetryRule } from "../../plan/plan.ts";
import { gate, rig, Scripted } from "../../fixtures/scripted-receiver.ts";

const types = (events: readonly { type: string }[]) => events.map(({ type }) => type);

test("what returns is acknowledged, in the broker's batches", async () => {
  const { runner, lease, message, runtime } = rig({ handler: () => {} });
  lease.push(...Array.from({ length: 25 }, (_, i) => message(i)));
  await runner.start();
  await runtime.settle();
  expect(lease.settled.map(({ action }) => action)).toEqual(Array(25).fill("ack"));
  expect(lease.calls.every((call) => call.length <= 10)).toBe(true);
  expect(lease.calls.length).toBeLessThanOrEqual(4);
});

test("acknowledgements wait for company while handlers run, at most 100 ms", async () => {
  const slow = gate();
  const { runner, lease, message, runtime } = rig({ handler: (data) => (data === "slow" ? slow.promise : undefined) });
  lease.push(message("slow"), message("quick"));
  await runner.start();
  await runtime.settle();
  expect(lease.settled).toEqual([]);
  await runtime.advance(100);
  expect(lease.settled).toEqual([{ receipt: "r2", action: "ack" }]);
  slow.open();
  await runtime.settle();
  expect(lease.settled).toHaveLength(2);
});

test("never more than maxInFlight is held, never more than concurrency runs", async () => {
  let running = 0;
  let most = 0;
  const gates = Array.from({ length: 30 }, gate);
  const { runner, lease, message, runtime } = rig({
    plan: { concurrency: 3, maxInFlight: 7 },
    handler: async (i: number) => {
      most = Math.max(most, ++running);
      await gates[i]?.promise;
      running--;
    },
  });
  lease.push(...gates.map((_, i) => message(i)));
  await runner.start();
  await runtime.settle();
  expect(lease.asked.reduce((sum, max) => sum + max, 0)).toBe(7);
  for (const each of gates) each.open();
  await runtime.settle();
  await runtime.advance("1s");
  expect(most).toBe(3);
  expect(lease.settled).toHaveLength(30);
});

test("bytes held bound the fetches", async () => {
  const { runner, lease, message, runtime, context } = rig({
    plan: { maxInFlight: 100, maxInFlightBytes: 2_000, concurrency: 1 },
    capabilities: { maxBatch: { count: 1, bytes: 1_000_000 } },
    handler: () => gate().promise,
  });
  lease.push(...Array.from({ length: 20 }, () => message("x".repeat(1_000))));
  await runner.start();
  await runtime.settle();
  expect(context.budget.held).toBe(2);
});

test("a failure without a key goes back to the broker with the policy's delay", async () => {
  const { runner, lease, message, runtime } = rig({
    handler: () => {
      throw new Error("no");
    },
  });
  lease.push(message(1, { attempt: 2 }));
  await runner.start();
  await runtime.settle();
  expect(lease.settled).toEqual([{ receipt: "r1", action: "retry", delayMs: 1_000 }]);
});

test("the last attempt's failure goes to the dead letters, then is acknowledged", async () => {
  const { runner, lease, message, runtime, dead, events } = rig({
    handler: () => {
      throw new TypeError("no");
    },
  });
  lease.push(message(1, { attempt: 3 }));
  await runner.start();
  await runtime.settle();
  expect(dead).toHaveLength(1);
  expect(JSON.parse(dead[0]?.headers["ce"] ?? "{}")).toMatchObject({ id: "id-r1" });
  expect(dead[0]?.dedup).toMatch(/^id-r1:1:[\w-]{22}$/);
  expect(lease.settled).toEqual([{ receipt: "r1", action: "ack" }]);
  expect(events).toContainEqual(
    expect.objectContaining({ type: "dead-letter", code: "attempts-exhausted", attempt: 3 }),
  );
});

test("a dead letter that finds no place blocks: alarm, no ack, and the copy is tried again without the handler", async () => {
  let handled = 0;
  let refuse = true;
  const { runner, lease, message, runtime, dead, events } = rig({
    ordered: true,
    handler: () => {
      handled++;
      throw new DeadLetter("never");
    },
    deadAnswer: () => (refuse ? new Scripted("auth") : undefined),
  });
  lease.push(message(1, { key: "k", deadlineMs: 60_000 }), message(2, { key: "k", deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("10s");
  expect(types(events)).toContain("blocked-message");
  expect(lease.settled).toEqual([]);
  refuse = false;
  await runtime.advance("2m");
  expect(dead).toHaveLength(2);
  expect(handled).toBe(2);
  expect(lease.settled.map(({ action }) => action)).toEqual(["ack", "ack"]);
});

test("a copy that fails for a moment is made soon after, however long the longest retry delay is", async () => {
  let failing = true;
  const { runner, lease, message, runtime, dead, events } = rig({
    ordered: true,
    policy: { retry: { attempts: 3, backoff: "constant", firstMs: 1_000, maxMs: 3_600_000 } },
    handler: () => {
      throw new DeadLetter("never");
    },
    deadAnswer: () => (failing ? new Scripted("auth") : undefined),
  });
  lease.push(message(1, { key: "k", deadlineMs: 600_000 }));
  await runner.start();
  // After 0, 1, 2 and 4 seconds: the longer it has failed, the later.
  await runtime.advance("7s");
  expect(types(events).filter((type) => type === "blocked-message")).toHaveLength(4);
  failing = false;
  await runtime.advance("1s");
  expect(dead).toHaveLength(1);
  expect(lease.settled.map(({ action }) => action)).toEqual(["ack"]);
});

test("a dead letter too large with our fields is copied verbatim", async () => {
  const { runner, lease, message, runtime, dead } = rig({
    handler: () => {
      throw new DeadLetter("no");
    },
    deadAnswer: (wire) => (wire.headers["ce"]?.includes("dead") ? new Scripted("permanent", "too-large") : undefined),
  });
  lease.push(message("body"));
  await runner.start();
  await runtime.settle();
  expect(dead).toHaveLength(1);
  expect(dead[0]?.body).toBe('"body"');
  expect(lease.settled).toEqual([{ receipt: "r1", action: "ack" }]);
});

test("a keyed failure is retried in place: its key waits, others go on, the broker sees nothing", async () => {
  const seen: string[] = [];
  let fail = true;
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    handler: (data: string) => {
      seen.push(data);
      if (data === "a1" && fail) {
        fail = false;
        throw new Error("no");
      }
    },
  });
  lease.push(message("a1", { key: "a" }), message("a2", { key: "a" }), message("b1", { key: "b" }));
  await runner.start();
  await runtime.settle();
  expect(seen).toEqual(["a1", "b1"]);
  expect(lease.settled.map(({ receipt }) => receipt)).toEqual(["r3"]);
  await runtime.advance("1s");
  expect(seen).toEqual(["a1", "b1", "a1", "a2"]);
});

test("attempts made in place count on, also after it went back", async () => {
  const attempts: number[] = [];
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    policy: { retry: { attempts: 5, backoff: "constant", firstMs: 1_000, maxMs: 60_000 } },
    handler: (_: unknown, delivery: { attempt: number }) => {
      attempts.push(delivery.attempt);
      throw new Error("no");
    },
  });
  lease.push(message(1, { key: "k", deadlineMs: 60_000, lastMs: 9_000, receipt: "first" }));
  await runner.start();
  await runtime.advance("2500ms");
  expect(attempts).toEqual([1, 2, 3]);
  expect(lease.settled).toEqual([{ receipt: "first", action: "retry", delayMs: 1_000 }]);
  lease.push({ ...message(1, { key: "k", attempt: 2, deadlineMs: 60_000 }), id: "broker-first" });
  await runtime.settle();
  expect(attempts).toEqual([1, 2, 3, 4]);
});

test("when waiting keys use up the budget, the longest wait goes back, and its followers with it", async () => {
  const seen: string[] = [];
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    plan: { maxInFlight: 3, concurrency: 3 },
    handler: (data: string) => {
      seen.push(data);
      if (data === "a1") throw new Retry({ delay: "10m" });
      if (data === "b1") throw new Retry({ delay: "5m" });
    },
  });
  lease.push(
    message("a1", { key: "a" }),
    message("a2", { key: "a" }),
    message("b1", { key: "b" }),
    message("c1", { key: "c" }),
  );
  await runner.start();
  await runtime.settle();
  expect(seen).toEqual(["a1", "b1", "c1"]);
  expect(lease.settled).toContainEqual({ receipt: "r1", action: "retry", delayMs: 600_000 });
  expect(lease.settled).toContainEqual({ receipt: "r2", action: "release" });
});

test("a retry the transport cannot hold back that long is never shortened: it dies with its reason", async () => {
  const { runner, lease, message, runtime, events } = rig({
    handler: () => {
      throw new Retry({ delay: "24h" });
    },
  });
  lease.push(message(1, { deadlineMs: 60_000, lastMs: 43_200_000 }));
  await runner.start();
  await runtime.settle();
  expect(events).toContainEqual(expect.objectContaining({ type: "dead-letter", code: "retry-delay-unsupported" }));
});

test("Release gives back without an attempt, and what is behind it of its key too", async () => {
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    plan: { concurrency: 1 },
    handler: () => {
      throw new Release();
    },
  });
  lease.push(message(1, { key: "k" }), message(2, { key: "k" }));
  await runner.start();
  await runtime.settle();
  expect(lease.settled.map(({ action }) => action)).toEqual(["release", "release"]);
});

test("a release with a delay that nothing can keep is a dead letter, as such a retry is", async () => {
  const { runner, lease, message, runtime, events } = rig({
    handler: () => {
      throw new Release({ delay: "13h" });
    },
  });
  lease.push(message(1, { deadlineMs: 60_000, lastMs: 43_200_000 }));
  await runner.start();
  await runtime.settle();
  expect(events).toContainEqual(expect.objectContaining({ type: "dead-letter", code: "release-delay-unsupported" }));
});

test("a release that may come sooner is no dead letter, whatever the delay: it goes back at once", async () => {
  const { runner, lease, message, runtime, events } = rig({
    handler: () => {
      throw new Release({ delay: "13h", orSooner: true });
    },
  });
  lease.push(message(1, { deadlineMs: 60_000, lastMs: 43_200_000 }));
  await runner.start();
  await runtime.settle();
  expect(events.filter(({ type }) => type === "dead-letter")).toEqual([]);
  expect(lease.settled).toMatchObject([{ action: "release" }]);
});

describe("a release with a delay", () => {
  const later = () => {
    throw new Release({ delay: "2h" });
  };

  test("that cannot be waited for here goes back with its delay, as a release where the driver can", async () => {
    for (const [releaseDelayMs, expected] of [
      [43_200_000, { receipt: "r1", action: "release", delayMs: 7_200_000 }],
      [0, { receipt: "r1", action: "retry", delayMs: 7_200_000 }],
    ] as const) {
      const { runner, lease, message, runtime, events } = rig({
        capabilities: { releaseDelayMs, holdExtend: false },
        handler: later,
      });
      Object.assign(lease, { extend: undefined });
      lease.push(message(1, { deadlineMs: 1_800_000 }));
      await runner.start();
      await runtime.settle();
      expect(lease.settled).toEqual([expected]);
      expect(events).toContainEqual(expect.objectContaining({ type: "released", reason: "asked" }));
    }
  });

  test("of a message that failed before during its hold goes back as a retry, which carries the failures", async () => {
    let calls = 0;
    const { runner, lease, message, runtime } = rig({
      ordered: true,
      capabilities: { releaseDelayMs: 43_200_000 },
      handler: () => {
        if (++calls === 1) throw new Error("no");
        later();
      },
    });
    const settlements: unknown[] = [];
    const settle = lease.settle.bind(lease);
    lease.settle = (batch) => {
      settlements.push(...batch);
      return settle(batch);
    };
    lease.push(message(1, { key: "k" }));
    await runner.start();
    await runtime.advance("2s");
    await runner.stop(AbortSignal.timeout(1_000));
    expect(settlements).toEqual([{ receipt: "r1", action: "retry", delayMs: 7_199_000, attempt: 1 }]);
  });

  test("costs no attempt in this process though the broker counts it, and goes back at most half as often as the broker allows", async () => {
    const attempts: number[] = [];
    const { runner, lease, message, runtime, events, context } = rig({
      plan: { concurrency: 1, maxInFlight: 1 },
      capabilities: { releaseWithoutPenalty: false, attempts: "approximate", releaseDelayMs: 43_200_000 },
      handler: (_data, { attempt }) => {
        attempts.push(attempt);
        throw new Release({ delay: "1m" });
      },
    });
    Object.assign(context.plan.from, { nativeAttempts: 10 });
    const first = message(1);
    await runner.start();
    for (let receives = 1; receives <= 10; receives++) {
      lease.push({ ...first, receipt: `r${receives}`, attempt: receives });
      await runtime.settle();
    }
    expect(attempts).toEqual([1, 1, 1, 1, 1]);
    expect(lease.settled.map(({ receipt, action }) => `${receipt} ${action}`)).toEqual([
      "r1 release",
      "r2 release",
      "r3 release",
      "r4 release",
    ]);
    const rooms = events.filter((event) => event.type === "released");
    expect(rooms).toHaveLength(4);
    for (const room of rooms) expect(room).toMatchObject({ reason: "room", counted: true });
  });
});

test("what was handed out before the driver knew of a message given back follows it, and is not handled before it", async () => {
  const seen: string[] = [];
  const busy = gate();
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    handler: (data: string) => {
      seen.push(data);
      if (data === "b1") return busy.promise; // while it runs, settlements wait for company
      if (data === "a1" && seen.indexOf(data) === seen.length - 1) throw new Release();
    },
  });
  const [a1, a2] = [message("a1", { key: "a" }), message("a2", { key: "a" })];
  lease.push(message("b1", { key: "b" }), a1);
  await runner.start();
  await runtime.settle();
  expect(lease.settled).toEqual([]);
  lease.push(a2);
  await runtime.advance("1s");
  expect(seen).toEqual(["b1", "a1"]);
  expect(lease.settled.map(({ receipt, action }) => `${receipt} ${action}`)).toEqual(["r1 release", "r2 release"]);
  lease.push({ ...a1, receipt: "a1 again" }, { ...a2, receipt: "a2 again" });
  await runtime.settle();
  expect(seen).toEqual(["b1", "a1", "a1", "a2"]);
  busy.open();
});

test("a message that is there again before the broker has answered is handled, and what follows it too", async () => {
  const seen: string[] = [];
  const answer = gate();
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    handler: (data: string) => {
      seen.push(data);
      if (seen.length === 1) throw new Release();
    },
  });
  const settle = lease.settle.bind(lease);
  lease.settle = async (batch) => {
    await answer.promise;
    return settle(batch);
  };
  const a1 = message("a1", { key: "a" });
  lease.push(a1);
  await runner.start();
  await runtime.settle();
  lease.push({ ...a1, receipt: "a1 again" }, message("a2", { key: "a" }));
  await runtime.settle();
  expect(seen).toEqual(["a1", "a1", "a2"]);
  answer.open();
});

test("a message whose next attempt is due keeps its place, also where the budget is full", async () => {
  const seen: string[] = [];
  const { runner, lease, message, runtime } = rig({
    ordered: true,
    capabilities: { retryDelayMs: 0 },
    plan: { maxInFlight: 2, concurrency: 2 },
    handler: async (data: string) => {
      seen.push(data);
      if (seen.length > 2) return;
      if (data === "b1") await runtime.sleep(1_000); // ends as the other's wait does
      throw new Error("not yet");
    },
  });
  lease.push(message("b1", { key: "b" }), message("a1", { key: "a" }));
  await runner.start();
  await runtime.advance("5s");
  expect(seen).toEqual(["b1", "a1", "a1", "b1"]);
  expect(lease.settled.map(({ action }) => action)).toEqual(["ack", "ack"]);
});

test("an expired message is settled unhandled and counted", async () => {
  let handled = 0;
  const { runner, lease, message, runtime, events } = rig({ handler: () => void handled++ });
  lease.push(message(1, { expiresAt: runtime.now() - 1 }), message(2, { expiresAt: runtime.now() + 1_000 }));
  await runner.start();
  await runtime.settle();
  expect(handled).toBe(1);
  expect(types(events)).toContain("expired");
  expect(lease.settled).toHaveLength(2);
});

test("a failed settlement is tried again within the hold, then reported as lost", async () => {
  const { runner, lease, message, runtime, events } = rig({ handler: () => {} });
  let failures = 3;
  lease.settleAnswer = ({ receipt }) =>
    receipt === "r1" && failures-- > 0
      ? { cause: new Scripted("throttled") }
      : receipt === "r2"
        ? { cause: new Scripted("lost") }
        : undefined;
  lease.push(message(1, { deadlineMs: 60_000 }), message(2, { deadlineMs: 60_000 }));
  await runner.start();
  await runtime.advance("10s");
  expect(lease.settled.filter(({ receipt }) => receipt === "r1")).toHaveLength(4);
  expect(events.filter(({ type }) => type === "lost")).toEqual([
    expect.objectContaining({ during: "settling", id: "id-r2" }),
  ]);
});

test("a receive that never answers makes the group stuck two minutes after its wait is over; one that waits does not", async () => {
  const { runner, lease, runtime } = rig({ handler: () => {} });
  await runner.start();
  await runtime.advance("10m");
  expect(runner.stuck).toBe(false);
  const waits: number[] = [];
  lease.receive = (_max, waitMs) => {
    waits.push(waitMs);
    return new Promise(() => {});
  };
  await runtime.advance("1m");
  expect([runner.stuck, waits.length]).toEqual([false, 1]);
  await runtime.advance("2m");
  expect(runner.stuck).toBe(true);
});

test("a consumer that is stopped while what it needs is loaded opens nothing", async () => {
  const { runner, stop, opens } = rig({ batch: () => {}, ordered: true });
  const refused = runner.start().catch((error: unknown) => error);
  expect(await stop(0)).toEqual({ completed: 0, drained: 0, released: 0, abandoned: 0 });
  expect(await refused).toMatchObject({ code: "closed" });
  expect(opens()).toBe(0);
});

test("a consumer that starts makes no queue for its dead letters: most never have one", async () => {
  const { runner, context, lease, message, runtime, dead } = rig({ policy: { retry: ONCE }, handler: refuse });
  const { deadLetters } = context;
  let asked = 0;
  const get = () => {
    asked++;
    return deadLetters;
  };
  Object.defineProperty(context, "deadLetters", { get });
  await runner.start();
  await runtime.settle();
  expect(asked).toBe(0);
  lease.push(message(1));
  await runtime.settle();
  expect(dead).toHaveLength(1);
});

const ONCE: RetryRule = { attempts: 1, backoff: "constant", firstMs: 1_000, maxMs: 1_000 };
const refuse = (): never => {
  throw new Error("no");
};
