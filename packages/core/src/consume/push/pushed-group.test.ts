/** A source like an HTTP endpoint that a broker calls: it answers with one verdict for each message, and can settle nothing before. */
import { expect, test } from "vitest";
import { DeadLetter, DependencyDown, Release, Retry } from "../../api/verdicts.ts";
import type { Adapter, Delivery, Settlement } from "../../driver/index.ts";
import { gate, rig, type RigOptions } from "../../fixtures/scripted-receiver.ts";
import { PushedGroup } from "./pushed-group.ts";

const PUSHED = { delivery: "pushed", holdExtend: false } as const;
const hook = { name: "hook", locate: () => ({ address: "hook" }) } as unknown as Adapter;

function pushed({ capabilities, ...options }: RigOptions = {}) {
  const at = rig({ ...options, capabilities: { ...PUSHED, ...capabilities } });
  const group = new PushedGroup(at.context, hook, {});
  const settled: Settlement[] = [];
  const push = (deliveries: readonly Delivery[], ms = 10_000) => {
    const event = {
      id: "event",
      deliveries,
      settle: async (batch: readonly Settlement[]) => {
        settled.push(...batch);
        return batch.map(() => undefined);
      },
    };
    return group.handle(event, at.runtime.monotonic() + ms);
  };
  return { ...at, group, push, settled };
}

const fail = () => {
  throw new Error("no");
};

test("each message has the verdict that its handler came to", async () => {
  const { push, message, dead } = pushed({
    handler: (data) => {
      if (data === "retry") throw new Retry({ delay: "7s" });
      if (data === "release") throw new Release();
      if (data === "dead") throw new DeadLetter("never");
    },
  });
  const result = await push(["fine", "retry", "release", "dead", "fine"].map((data) => message(data)));
  expect(result).toEqual({ verdicts: ["ack", "retry", "released", "dead", "ack"], abandoned: [], due: new Map() });
  expect(dead).toHaveLength(1);
});

test("an answer cannot say a delay, so the retry is settled before it", async () => {
  const { push, message, settled } = pushed({ handler: fail });
  await push([message(1)]);
  expect(settled).toEqual([{ receipt: "r1", action: "retry", delayMs: 1_000, attempt: 1 }]);
});

test("what waits for longer than its event lasts goes back with its delay", async () => {
  const { push, message, settled } = pushed({
    capabilities: { releaseDelayMs: 43_200_000 },
    policy: { retry: { attempts: 3, backoff: "constant", firstMs: 20_000, maxMs: 60_000 } },
    handler: (data) => {
      throw data === "down" ? new DependencyDown("a database") : new Release({ delay: "15s" });
    },
  });
  expect((await push([message("later"), message("down")])).verdicts).toEqual(["released", "released"]);
  expect(settled).toEqual([
    { receipt: "r1", action: "release", delayMs: 15_000 },
    { receipt: "r2", action: "release", delayMs: 20_000 },
  ]);
});

test("a shorter wait is made within the event: many brokers count what goes back as one more delivery", async () => {
  const attempts: number[] = [];
  const { push, message, runtime, settled } = pushed({
    capabilities: { releaseDelayMs: 43_200_000 },
    handler: (_, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 4) throw new Release({ delay: "2s" });
    },
  });
  const result = push([message(1)]);
  await runtime.advance("6s");
  expect((await result).verdicts).toEqual(["ack"]);
  expect(attempts).toEqual([1, 1, 1, 1]);
  expect(settled).toEqual([]);
});

test("a source without settlements of its own gets all of it in the answer", async () => {
  const { group, message, runtime } = pushed({ handler: (data) => (data === 2 ? fail() : undefined) });
  const event = { id: "event", deliveries: [message(1), message(2)] };
  expect((await group.handle(event, runtime.monotonic() + 1_000)).verdicts).toEqual(["ack", "retry"]);
});

test("nothing keeps the process busy once an event is answered", async () => {
  const { push, message, runtime } = pushed({ handler: () => {} });
  await push([message(1)]);
  await runtime.settle();
  expect(runtime.pending).toBe(0);
});

test("what has not ended in time is abandoned: its signal aborts, what it comes to does not count, and it holds no place", async () => {
  const slow = gate();
  const signals: AbortSignal[] = [];
  const { push, message, runtime, events, settled } = pushed({
    plan: { concurrency: 1, maxInFlight: 2 },
    handler: async (data, delivery) => {
      if (data !== "slow") return;
      signals.push(delivery.signal);
      await slow.promise;
    },
  });
  const first = push([message("fine"), message("slow"), message("not begun")], 5_000);
  await runtime.advance("5s");
  expect(await first).toMatchObject({ verdicts: ["ack", "released", "released"], abandoned: [{ receipt: "r2" }] });
  expect(String(signals[0]?.reason)).toContain("deadline has passed");
  expect(events).toContainEqual(expect.objectContaining({ type: "abandoned", id: "id-r2" }));
  expect(settled).toEqual([{ receipt: "r3", action: "release" }]);
  expect((await push([message("fine"), message("fine")])).verdicts).toEqual(["ack", "ack"]);
  slow.open();
  await runtime.settle();
  expect(settled).toHaveLength(1);
});

test("a group whose resource is not what the configuration requires refuses the event with the reason", async () => {
  let handled = 0;
  const { push, message } = pushed({ plan: { atRest: "required" }, handler: () => void handled++ });
  await expect(push([message(1)])).rejects.toMatchObject({ code: "not-encrypted-at-rest" });
  expect(handled).toBe(0);
});

test("a short wait for a dependency is made within the event, too", async () => {
  let times = 0;
  const { push, message, runtime, settled } = pushed({
    capabilities: { releaseDelayMs: 43_200_000 },
    handler: () => {
      if (++times === 1) throw new DependencyDown("a database");
    },
  });
  const result = push([message(1)]);
  await runtime.advance("1s");
  expect((await result).verdicts).toEqual(["ack"]);
  expect(settled).toEqual([]);
});

test("with no time left nothing is begun", async () => {
  let handled = 0;
  const { push, message } = pushed({ handler: () => void handled++ });
  expect((await push([message(1)], 0)).verdicts).toEqual(["released"]);
  expect(handled).toBe(0);
});

test("the last attempt that is cut short by the time is no failure", async () => {
  const { push, message, runtime, dead } = pushed({
    handler: (_, delivery) =>
      new Promise((_resolve, reject) => delivery.signal.addEventListener("abort", () => reject(new Error("aborted")))),
  });
  const result = push([message(1, { attempt: 3 })], 2_000);
  await runtime.advance("3s");
  expect((await result).verdicts).toEqual(["released"]);
  expect(dead).toEqual([]);
});

test("after a failure the later messages of its key go back, and other keys go on", async () => {
  const seen: string[] = [];
  const { push, message, settled } = pushed({
    ordered: true,
    handler: (data: string) => {
      seen.push(data);
      if (data === "a1") throw new Retry({ delay: "5s" });
    },
  });
  const keyed = ["a1", "b1", "a2", "b2"].map((data) => message(data, { key: data[0]! }));
  expect((await push(keyed)).verdicts).toEqual(["retry", "ack", "released", "ack"]);
  expect(seen).toEqual(["a1", "b1", "b2"]);
  expect(settled).toContainEqual({ receipt: "r1", action: "retry", delayMs: 5_000, attempt: 1 });
});

test("the key of a handler past its time stays blocked in this process", async () => {
  const slow = gate();
  const seen: string[] = [];
  const { push, message, runtime, settled } = pushed({
    ordered: true,
    handler: async (data: string) => {
      seen.push(data);
      if (data === "a1") await slow.promise;
    },
  });
  const first = push([message("a1", { key: "a" })], 1_000);
  await runtime.advance("1s");
  await first;
  expect((await push([message("a2", { key: "a" }), message("b1", { key: "b" })])).verdicts).toEqual([
    "released",
    "ack",
  ]);
  expect(seen).toEqual(["a1", "b1"]);
  // It is not made visible at once: it would come here again and again while the handler runs.
  expect(settled).toEqual([]);
  slow.open();
  await runtime.settle();
  expect((await push([message("a2", { key: "a" })])).verdicts).toEqual(["ack"]);
});

test("a message that may have ended a process starts alone and last, after the acks before it were carried out", async () => {
  const begun: string[] = [];
  const log: string[] = [];
  let running = 0;
  const { group, message, runtime } = pushed({
    capabilities: { attempts: "approximate" },
    handler: async (data: string) => {
      begun.push(data);
      log.push(`${data}, ${++running} at once`);
      await runtime.sleep(10);
      running--;
    },
  });
  const deliveries = [
    message("twice", { attempt: 2 }),
    message("new"),
    message("often", { attempt: 9 }),
    message("also new"),
  ];
  const settle = async (batch: readonly Settlement[]) => {
    log.push(`settled ${batch.map(({ receipt, action }) => `${receipt} ${action}`).join(", ")}`);
    return batch.map(() => undefined);
  };
  const result = group.handle({ id: "event", deliveries, settle }, runtime.monotonic() + 60_000);
  await runtime.advance("1s");
  expect((await result).verdicts).toEqual(["ack", "ack", "ack", "ack"]);
  expect(log).toEqual([
    "new, 1 at once",
    "also new, 2 at once",
    "settled r2 ack, r4 ack",
    "twice, 1 at once",
    "settled r1 ack",
    "often, 1 at once",
  ]);
});

test("a message that went back from here starts with the others when it comes again", async () => {
  let most = 0;
  let running = 0;
  const { push, message, runtime } = pushed({
    capabilities: { attempts: "approximate" },
    handler: async (data, { attempt }) => {
      most = Math.max(most, ++running);
      await runtime.sleep(10);
      running--;
      if (data === "fails" && attempt === 1) throw new Error("no");
    },
  });
  const first = push([message("fails", { receipt: "one" })]);
  await runtime.advance("20ms");
  await first;
  await runtime.advance("5s");
  const second = push([message("fails", { receipt: "one", attempt: 2 }), message("other")]);
  await runtime.advance("20ms");
  expect((await second).verdicts).toEqual(["ack", "ack"]);
  expect(most).toBe(2);
});

test("a message that comes before its time is handled when its time has come, if the event lasts as long", async () => {
  const seen: number[] = [];
  const { push, message, runtime } = pushed({
    handler: (_, { attempt }) => {
      seen.push(runtime.monotonic());
      if (attempt === 1) throw new Retry({ delay: "5s" });
    },
  });
  await push([message(1, { receipt: "one" })]);
  const again = push([message(1, { receipt: "one", attempt: 2 }), message("other", { attempt: 2 })], 60_000);
  await runtime.advance("10s");
  expect((await again).verdicts).toEqual(["ack", "ack"]);
  expect(seen.map((at) => at - seen[0]!)).toEqual([0, 0, 5_000]);
});

test("a message that comes long before its time goes back unhandled, with the rest of its delay", async () => {
  let handled = 0;
  const { push, message, runtime, settled } = pushed({
    handler: () => {
      handled++;
      throw new Retry({ delay: "60s" });
    },
  });
  await push([message(1, { receipt: "one" })]);
  await runtime.advance("20s");
  const early = push([message(1, { receipt: "one", attempt: 2 })]);
  await runtime.advance("10s");
  expect((await early).verdicts).toEqual(["released"]);
  expect(handled).toBe(1);
  expect(settled[1]).toMatchObject({ action: "retry", delayMs: 40_000 });
});

test("a message that stands twice in an event is handled once, and both have its verdict", async () => {
  let handled = 0;
  const { push, message } = pushed({
    handler: () => {
      handled++;
      throw new Error("no");
    },
  });
  const once = message(1, { receipt: "first" });
  const result = await push([once, { ...once, receipt: "second" }, message(2)]);
  expect(result.verdicts).toEqual(["retry", "retry", "retry"]);
  expect(handled).toBe(2);
});

test("a settlement that the broker refuses is reported and changes no verdict", async () => {
  const { group, message, runtime, events } = pushed({ handler: fail });
  const refuse = () => Promise.reject(new Error("no right"));
  const event = { id: "event", deliveries: [message(1)], settle: refuse };
  expect((await group.handle(event, runtime.monotonic() + 1_000)).verdicts).toEqual(["retry"]);
  expect(events).toContainEqual(expect.objectContaining({ type: "warning", lease: "event" }));
});

test("on a log the answer is a position: what follows a failed message comes again", async () => {
  const { push, message, runtime } = pushed({
    ordered: true,
    capabilities: { settleResult: "checkpoint", retryDelayMs: 0, attempts: "local" },
    policy: { retry: { attempts: 5, backoff: "constant", firstMs: 60_000, maxMs: 60_000 } },
    handler: (data: string) => {
      if (data === "b1") throw new Error("no");
    },
  });
  const deliveries = ["a1", "b1", "a2", "b2"].map((data) => message(data, { key: data[0]! }));
  const result = await push(deliveries);
  expect(result.verdicts).toEqual(["ack", "released", "released", "released"]);
  expect(result.due).toEqual(new Map([[deliveries[1]!.id, runtime.now() + 60_000]]));
});

test("a log starts one message at a time where one of them may have ended a process", async () => {
  const log: string[] = [];
  const { group, message, runtime } = pushed({
    capabilities: { settleResult: "checkpoint", retryDelayMs: 0, attempts: "local" },
    handler: (data: string) => void log.push(data),
  });
  const settle = async (batch: readonly Settlement[]) => {
    log.push(...batch.map(({ receipt }) => `settled ${receipt}`));
    return batch.map(() => undefined);
  };
  const deliveries = ["one", "two", "three"].map((data) => message(data));
  const result = await group.handle({ id: "shard", deliveries, settle, alone: true }, runtime.monotonic() + 1_000);
  expect(result.verdicts).toEqual(["ack", "ack", "ack"]);
  expect(log).toEqual(["one", "settled r1", "two", "settled r2", "three"]);
});

test("events overlap, each with its own time", async () => {
  const slow = gate();
  const { push, message, runtime } = pushed({ handler: (data) => (data === "slow" ? slow.promise : undefined) });
  const first = push([message("slow")], 5_000);
  await runtime.settle();
  expect((await push([message("quick")], 1_000)).verdicts).toEqual(["ack"]);
  slow.open();
  expect((await first).verdicts).toEqual(["ack"]);
});
