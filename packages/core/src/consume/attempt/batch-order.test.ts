import { describe, expect, test } from "vitest";
import { middleware } from "../../api/middleware.ts";
import { DeadLetter, Release, Skip, verdictKindOf } from "../../api/verdicts.ts";
import { gate, rig, type RigOptions, Scripted } from "../../fixtures/scripted-receiver.ts";

interface Item {
  readonly data: string;
  readonly attempt: number;
}
type Batch = Iterable<Item> & { readonly size: number; fail(item: Item, error: unknown): void };

const retry = { attempts: 3, backoff: "constant", firstMs: 1_000, maxMs: 60_000 } as const;

/** A batch consumer of an ordered channel, and what it was given: `a1 a2 b1`, with the attempt where it is not the first. */
function ordered(handle: (batch: Batch) => unknown, options: RigOptions = {}) {
  const batches: string[] = [];
  const made = rig({
    ordered: true,
    ...options,
    batch: (batch: Batch) => {
      batches.push([...batch].map(({ data, attempt }) => (attempt === 1 ? data : `${data}:${attempt}`)).join(" "));
      return handle(batch);
    },
  });
  const push = (...names: readonly string[]) =>
    made.lease.push(...names.map((data) => made.message(data, { key: data.slice(0, 1), receipt: data })));
  const of = (action: string) =>
    made.lease.settled.filter((one) => one.action === action).map(({ receipt }) => receipt);
  return { ...made, batches, push, of };
}

const failing = (name: string, error: unknown = new Error("no")) => {
  return (batch: Batch) => {
    for (const item of batch) if (item.data === name) batch.fail(item, error);
  };
};

describe("a batch of an ordered channel", () => {
  test("holds several of a key in order, and as many as its size", async () => {
    const { runner, runtime, batches, push, of } = ordered(() => {}, { plan: { batch: { size: 4, waitMs: 0 } } });
    push("a1", "a2", "b1", "a3", "b2", "a4", "a5");
    await runner.start();
    await runtime.settle();
    expect(batches).toEqual(["a1 a2 a3 a4", "b1 b2 a5"]);
    expect(of("ack")).toHaveLength(7);
  });

  test("holds at most `perKey` of one", async () => {
    const plan = { batch: { size: 10, waitMs: 0, perKey: 1 } };
    const { runner, runtime, batches, push } = ordered(() => {}, { plan });
    push("a1", "a2", "b1", "a3", "b2");
    await runner.start();
    await runtime.settle();
    expect(batches).toEqual(["a1 b1", "a2 b2", "a3"]);
  });

  test("that waits for company is full with what follows of its keys", async () => {
    const plan = { batch: { size: 3, waitMs: 60_000 } };
    const { runner, runtime, batches, push } = ordered(() => {}, { plan });
    await runner.start();
    push("a1", "a2");
    await runtime.advance("1s");
    expect(batches).toEqual([]);
    push("a3");
    await runtime.settle();
    expect(batches).toEqual(["a1 a2 a3"]);
  });

  test("two at once never have the same key", async () => {
    const slow = gate();
    const plan = { batch: { size: 2, waitMs: 0 } };
    const { runner, runtime, batches, push } = ordered(() => slow.promise, { plan });
    push("a1", "a2", "a3", "b1");
    await runner.start();
    await runtime.settle();
    expect(batches).toEqual(["a1 a2", "b1"]);
    slow.open();
    await runtime.settle();
    expect(batches).toEqual(["a1 a2", "b1", "a3"]);
  });

  test("a failure in the middle: what is before it is settled, what follows comes again behind it, uncounted", async () => {
    let fails = 2;
    const { runner, runtime, batches, push, of, dead } = ordered(
      (batch) => {
        for (const item of batch) if (item.data === "a2" && fails-- > 0) batch.fail(item, new Error("no"));
      },
      { policy: { retry } },
    );
    push("a1", "a2", "a3", "a4", "b1");
    await runner.start();
    await runtime.settle();
    expect(of("ack")).toEqual(["a1", "b1"]);
    await runtime.advance("5s");
    // Alone when it is tried again; the others when it is done.
    expect(batches).toEqual(["a1 a2 a3 a4 b1", "a2:2", "a2:3", "a3 a4"]);
    expect(of("ack")).toEqual(["a1", "b1", "a2", "a3", "a4"]);
    expect(dead).toEqual([]);
  });

  test("middleware is told of what is taken back, and what it fails is not overtaken", async () => {
    const ends: string[] = [];
    let gives = true;
    const noting = middleware(async (delivery, next) => {
      const data = delivery.data as string;
      if (data === "b1" && gives) {
        gives = false;
        throw new Release({ delay: "1s" });
      }
      try {
        await next();
        ends.push(`${data} done`);
      } catch (error) {
        ends.push(`${data} ${verdictKindOf(error) ?? "failed"}`);
        throw error;
      }
    });
    let fails = true;
    const { runner, runtime, batches, push, of } = ordered(
      (batch) => {
        for (const item of batch) if (item.data === "a2" && fails) batch.fail(item, new Error("no"));
        fails = false;
      },
      { policy: { retry }, options: { use: [noting] } },
    );
    push("a1", "a2", "a3", "b1", "b2");
    await runner.start();
    await runtime.advance("5s");
    expect(batches[0]).toBe("a1 a2 a3");
    expect(ends.slice(0, 4).sort()).toEqual(["a1 done", "a2 failed", "a3 release", "b2 release"]);
    expect(ends.slice(4).sort()).toEqual(["a2 done", "a3 done", "b1 done", "b2 done"]);
    expect(batches.join(" ").indexOf("b1")).toBeLessThan(batches.join(" ").indexOf("b2"));
    expect(of("ack")).toHaveLength(5);
  });

  test("a poison message takes nobody with it to the dead letters", async () => {
    const { runner, runtime, batches, push, of, dead, events } = ordered(failing("a2"), { policy: { retry } });
    push("a1", "a2", "a3");
    await runner.start();
    await runtime.advance("5s");
    expect(batches).toEqual(["a1 a2 a3", "a2:2", "a2:3", "a3"]);
    expect(dead).toHaveLength(1);
    expect(of("ack")).toEqual(["a1", "a2", "a3"]);
    expect(events.filter(({ type }) => type === "order-gap")).toMatchObject([{ id: "id-a2" }]);
  });

  test("a handler that throws has failed the first of each key only", async () => {
    let throws = true;
    const { runner, runtime, batches, push, events } = ordered(
      () => {
        if (throws) throw new Error("no");
      },
      { policy: { retry } },
    );
    push("a1", "a2", "b1", "b2");
    await runner.start();
    await runtime.settle();
    throws = false;
    await runtime.advance("5s");
    expect(batches).toEqual(["a1 a2 b1 b2", "a1:2", "a2", "b1:2", "b2"]);
    expect(events.filter(({ type }) => type === "retry").map(({ id }) => id)).toEqual(["id-a1", "id-b1"]);
  });

  test("DeadLetter stops its key as well; Skip does not", async () => {
    const { runner, runtime, batches, push, of } = ordered((batch) => {
      failing("a1", new DeadLetter("never"))(batch);
      failing("b1", new Skip("a duplicate"))(batch);
    });
    push("a1", "a2", "b1", "b2");
    await runner.start();
    await runtime.settle();
    expect(batches).toEqual(["a1 a2 b1 b2", "a2"]);
    expect(of("ack")).toEqual(["b1", "b2", "a1", "a2"]);
  });

  test("what needs no handler is settled in its turn: an expired one in the middle waits for those before it", async () => {
    const slow = gate();
    const { runner, runtime, lease, message, batches, of, events } = ordered(() => slow.promise);
    lease.push(
      message("a1", { key: "a", receipt: "a1" }),
      message("a2", { key: "a", receipt: "a2", expiresAt: runtime.now() }),
      message("a3", { key: "a", receipt: "a3" }),
    );
    await runner.start();
    await runtime.settle();
    expect(batches).toEqual(["a1"]);
    expect(events).toEqual([]);
    slow.open();
    await runtime.settle();
    expect(events.map(({ type }) => type)).toEqual(["expired", "order-gap"]);
    expect(batches).toEqual(["a1", "a3"]);
    expect(of("ack")).toEqual(["a1", "a2", "a3"]);
  });

  test("a hold that is lost in the middle: what follows it is not settled either, and nothing of the key starts meanwhile", async () => {
    const slow = gate();
    const { runner, runtime, lease, batches, push, of, message, events } = ordered(() => slow.promise, {
      plan: { holdMs: 10_000 },
    });
    lease.extendAnswer = (receipt) => (receipt === "a2" ? { cause: new Scripted("lost") } : undefined);
    lease.push(...["a1", "a2", "a3"].map((name) => message(name, { key: "a", receipt: name, deadlineMs: 10_000 })));
    await runner.start();
    await runtime.settle();
    expect(batches).toEqual(["a1 a2 a3"]);
    await runtime.advance("9s");
    push("a4");
    await runtime.settle();
    expect(events.filter(({ type }) => type === "lost").map(({ id }) => id)).toEqual(["id-a2", "id-a3"]);
    expect(batches).toEqual(["a1 a2 a3"]);
    slow.open();
    await runtime.settle();
    expect(of("ack").slice(0, 1)).toEqual(["a1"]);
    expect(of("ack")).not.toContain("a2");
    expect(of("ack")).not.toContain("a3");
  });

  test("a stop in the middle: what is taken back goes back to the broker behind what failed, and nothing is left out", async () => {
    const slow = gate();
    const { runner, runtime, push, of, stop, lease, context } = ordered(
      async (batch) => {
        await slow.promise;
        failing("a2")(batch);
      },
      { plan: { batch: { size: 3, waitMs: 0 } } },
    );
    push("a1", "a2", "a3", "a4");
    await runner.start();
    await runtime.settle();
    const stopped = stop(25_000);
    await runtime.settle();
    slow.open();
    expect(await stopped).toMatchObject({ completed: 2, abandoned: 0 });
    expect(of("ack")).toEqual(["a1"]);
    expect(of("retry")).toEqual(["a2"]);
    expect(of("release").sort()).toEqual(["a3", "a4"]);
    expect(lease.settled).toHaveLength(4);
    expect(context.budget.held).toBe(0);
  });

  test("on a log the position stays before what failed, and what follows is handled behind it", async () => {
    let fails = 1;
    const log = { settleResult: "checkpoint", retryDelayMs: 0, holdExtend: false, attempts: "local" } as const;
    const { runner, runtime, batches, push, lease } = ordered(
      (batch) => {
        for (const item of batch) if (item.data === "a2" && fails-- > 0) batch.fail(item, new Error("no"));
      },
      { capabilities: { ...log, groupMembership: "leases" }, policy: { retry } },
    );
    await runner.start();
    push("z0");
    await runtime.settle();
    push("a1", "a2", "a3", "b1");
    await runtime.advance("900ms");
    expect(lease.settled.at(-1)).toMatchObject({ receipt: "a1" });
    await runtime.advance("5s");
    expect(batches).toEqual(["z0", "a1 a2 a3 b1", "a2:2", "a3"]);
    expect(lease.settled.at(-1)).toMatchObject({ receipt: "b1" });
  });
});
