/** The claiming inbox on the memory broker and a virtual clock. What every transport keeps is in the contract's I cases. */
import { batchConsumer, channel, consumer, DependencyDown, middleware, Release, Skip } from "@switchyard/core";
import { type Claims, claim, type ClaimStore, exactly, memoryStore, redisStore } from "@switchyard/inbox";
import { deliver, testbed } from "@switchyard/memory/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const orders = channel("orders", { messages: { placed: z.object({ orderId: z.string() }) } });
const keyed = channel("keyed", { messages: { placed: z.object({ k: z.string(), n: z.int() }) }, orderingKey: "k" });
const policy = { retry: { attempts: 3, backoff: "constant", first: "1m" } } as const;
const options = { window: "1h", accept: "shorter" } as const;

const changed = (change: (claims: Claims) => Partial<Claims>, store = memoryStore()): ClaimStore => ({
  ...store,
  open: (runtime) => {
    const claims = store.open(runtime);
    return { ...claims, ...change(claims) };
  },
});
const warnings = (bed: { events: readonly any[] }) =>
  bed.events.filter(({ type }) => type === "warning").map(({ error }) => error.code);

describe("what is refused", () => {
  test.each<[string, () => unknown, string]>([
    ["no window", () => claim(memoryStore(), {} as never), "window must be a duration above 0"],
    ["no options", () => claim(memoryStore(), undefined as never), "pass { window"],
    ["an unknown option", () => claim(memoryStore(), { ...options, windows: 1 } as never), 'unknown option "windows"'],
    ["another acceptance", () => claim(memoryStore(), { window: "1h", accept: true } as never), 'only be "shorter"'],
    ["no store", () => claim({} as never, options), "the first argument must be a store"],
    ["no pool", () => exactly({} as never, options), "must be a pool with connect()"],
    [
      "a bad table",
      () => exactly({ connect: async () => ({}) as never }, { ...options, table: "a b" }),
      "a-z, 0-9 and _",
    ],
    ["no client of Redis", () => redisStore({} as never), "a client of redis"],
    ["a prefix that would break clusters", () => redisStore({} as never, { prefix: "a{b}" }), "without { and }"],
  ])("%s", (_, make, text) => {
    expect(make).toThrow(expect.objectContaining({ code: "bad-inbox", message: expect.stringContaining(text) }));
  });

  test("a window shorter than messages are kept, with the least that is enough, unless that is accepted", async () => {
    const consumed = (window: "1h" | "400d", accept?: "shorter") =>
      consumer(
        orders,
        "billing",
        { placed: () => {} },
        { use: [claim(memoryStore(), { window, ...(accept && { accept }) })] },
      );
    const start = async (it: ReturnType<typeof consumed>) => {
      await using bed = await testbed({ channels: [orders], policy, model: "queue", broker: { profile: "sqs" } });
      bed.messaging.consume(it);
      await bed.messaging.start();
      return bed.messaging.explain().channels["orders"]!.groups["billing"]!.use;
    };
    await expect(start(consumed("1h"))).rejects.toMatchObject({
      code: "middleware-refused",
      message: expect.stringMatching(/inbox\.claim: its window is 1h.*raise it to \d+d, or pass accept: "shorter"/),
    });
    expect(await start(consumed("1h", "shorter"))).toEqual([
      expect.stringMatching(/^inbox\.claim: claims in memory \(weak\); remembers for 1h, less than the \d+d/),
    ]);
    expect(await start(consumed("400d"))).toEqual(["inbox.claim: claims in memory (weak); remembers for 400d"]);
  });

  test("batches of an ordered channel in one transaction, unless they hold one message of a key", async () => {
    const pool = { connect: () => Promise.reject(new Error("not called")) };
    const start = async (perKey?: number) => {
      await using bed = await testbed({ channels: [keyed], policy });
      const batch = perKey === undefined ? {} : { batch: { perKey } };
      bed.messaging.consume(batchConsumer(keyed, "billing", () => {}, { use: [exactly(pool, options)], ...batch }));
      await bed.messaging.start();
    };
    await expect(start()).rejects.toMatchObject({
      code: "middleware-refused",
      message: expect.stringContaining("batch: { perKey: 1 }"),
    });
    await start(1);
  });
});

describe("claims", () => {
  test("a message published twice is handled once, in each group; a failed one and a dead letter leave no mark", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    const store = memoryStore();
    const seen: string[] = [];
    const consumed = (group: string) =>
      consumer(
        orders,
        group,
        {
          placed: ({ orderId }, { attempt }) => {
            seen.push(`${group} ${orderId} ${attempt}`);
            if (orderId === "fails" && attempt === 1) throw new Error("no");
          },
        },
        { use: [claim(store, options)] },
      );
    bed.messaging.consume(consumed("billing"));
    bed.messaging.consume(consumed("audit"));
    await bed.messaging.start();
    for (const orderId of ["once", "fails"]) {
      await bed.messaging.publish(orders, "placed", { orderId }, { id: orderId });
      await bed.clock.advance("5m");
      await bed.messaging.publish(orders, "placed", { orderId }, { id: orderId });
      await bed.clock.advance("5m");
    }
    expect(seen.filter((each) => each.startsWith("audit"))).toEqual(["audit once 1", "audit fails 1", "audit fails 2"]);
    expect(seen.filter((each) => each.startsWith("billing"))).toHaveLength(3);
    const skipped = bed.events.filter(({ type }) => type === "skipped");
    expect(skipped).toHaveLength(4);
    expect(skipped[0]).toMatchObject({ reason: "handled before", level: "info" });
    // After the window it is forgotten.
    await bed.clock.advance("2h");
    await bed.messaging.publish(orders, "placed", { orderId: "once" }, { id: "once" });
    await bed.settled();
    expect(seen).toContain("billing once 1");
    expect(seen).toHaveLength(8);
  });

  test("a message costs one call of the store to begin and one to end", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    const calls: string[] = [];
    const store = changed((claims) => ({
      claim: (...of) => (calls.push("claim"), claims.claim(...of)),
      renew: (...of) => (calls.push("renew"), claims.renew(...of)),
      done: (...of) => (calls.push("done"), claims.done(...of)),
      release: (...of) => (calls.push("release"), claims.release(...of)),
    }));
    const handle = {
      placed: ({ orderId }: { orderId: string }, { attempt }: { attempt: number }) => {
        if (orderId === "fails" && attempt === 1) throw new Error("no");
      },
    };
    bed.messaging.consume(consumer(orders, "billing", handle, { use: [claim(store, options)] }));
    await bed.messaging.start();
    await bed.messaging.publish(orders, "placed", { orderId: "works" });
    await bed.settled();
    expect(calls.splice(0)).toEqual(["claim", "done"]);
    await bed.messaging.publish(orders, "placed", { orderId: "fails" });
    await bed.clock.advance("2m");
    expect(calls).toEqual(["claim", "release", "claim", "done"]);
  });

  test("a claim is renewed while its handler runs, however long, and no longer once the hold is lost", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    const renewed: number[] = [];
    const store = changed(({ renew }) => ({
      renew: (...of) => {
        renewed.push(bed.runtime.now());
        return renew(...of);
      },
    }));
    let running = 0;
    let most = 0;
    const slow = async () => {
      most = Math.max(most, ++running);
      await bed.clock.sleep("10m");
      running--;
    };
    bed.messaging.consume(consumer(orders, "billing", { placed: slow }, { use: [claim(store, options)] }));
    await bed.messaging.start();
    for (let n = 0; n < 2; n++) await bed.messaging.publish(orders, "placed", { orderId: "o" }, { id: "o" });
    await bed.clock.advance("9m");
    expect(most).toBe(1);
    // Each third of the hold of a minute.
    expect(renewed.length).toBeGreaterThanOrEqual(26);
    await bed.clock.advance("5m");
    expect(bed.events.filter(({ type }) => type === "skipped")).toHaveLength(1);
    expect(most).toBe(1);
    const before = renewed.length;
    await bed.clock.advance("10m");
    expect(renewed).toHaveLength(before);
  });

  test("a store that does not answer counts as down, and a claim that it grants too late is freed", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    const released: string[] = [];
    let answers: (() => void)[] = [];
    let stuck = true;
    const store = changed(({ claim: inner, release }) => ({
      claim: async (...of) => {
        if (stuck) await new Promise<void>((resolve) => answers.push(resolve));
        return inner(...of);
      },
      release: (key, token) => {
        released.push(key.id);
        return release(key, token);
      },
    }));
    const attempts: number[] = [];
    const handle = { placed: (_: unknown, { attempt }: { attempt: number }) => void attempts.push(attempt) };
    bed.messaging.consume(consumer(orders, "billing", handle, { use: [claim(store, options)] }));
    await bed.messaging.start();
    await bed.messaging.publish(orders, "placed", { orderId: "o" }, { id: "o" });
    await bed.clock.advance("11s");
    expect(warnings(bed)).toEqual(["inbox-unavailable"]);
    await bed.clock.advance("5m");
    // Once, although it goes on.
    expect(warnings(bed)).toEqual(["inbox-unavailable"]);
    stuck = false;
    for (const answer of answers) answer();
    answers = [];
    await bed.clock.advance("1h");
    expect(attempts).toEqual([1]);
    expect(released).toContain("o");
  });

  test("a skip of a handler is marked, also if another copy of core made the verdict", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    let runs = 0;
    const foreign = Object.assign(new Error("not ours"), { "~switchyard-verdict": "skip", reason: "not ours" });
    expect(foreign).not.toBeInstanceOf(Skip);
    const handle = {
      placed: ({ orderId }: { orderId: string }) => {
        runs++;
        throw orderId === "ours" ? new Skip("not needed") : foreign;
      },
    };
    bed.messaging.consume(consumer(orders, "billing", handle, { use: [claim(memoryStore(), options)] }));
    await bed.messaging.start();
    for (const id of ["ours", "ours", "theirs", "theirs"]) {
      await bed.messaging.publish(orders, "placed", { orderId: id }, { id });
      await bed.clock.advance("1m");
    }
    expect(runs).toBe(2);
  });

  test("a handler that gives a message back frees its claim", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    let runs = 0;
    const handle = {
      placed: () => {
        if (runs++ === 0) throw new Release({ delay: "5s" });
      },
    };
    bed.messaging.consume(consumer(orders, "billing", handle, { use: [claim(memoryStore(), options)] }));
    await bed.messaging.start();
    await bed.messaging.publish(orders, "placed", { orderId: "o" });
    await bed.clock.advance("6s");
    expect(runs).toBe(2);
  });

  test("what it has forgotten is deleted in batches, with jitter, until it is closed", async () => {
    const bed = await testbed({ channels: [orders], policy });
    const asked: number[] = [];
    let left = 2_500;
    const store = changed(() => ({
      sweep: async (most) => {
        asked.push(bed.runtime.now());
        const swept = Math.min(left, most);
        left -= swept;
        return swept;
      },
    }));
    bed.messaging.consume(consumer(orders, "billing", { placed: () => {} }, { use: [claim(store, options)] }));
    await bed.messaging.start();
    await bed.clock.advance("1h");
    // Nothing was handled, so there is nothing to delete.
    expect(asked).toEqual([]);
    const began = bed.runtime.now();
    await bed.messaging.publish(orders, "placed", { orderId: "o" });
    await bed.clock.advance("95s");
    expect(left).toBe(0);
    const pauses = asked.map((at, n) => at - (asked[n - 1] ?? began));
    expect(pauses).toHaveLength(3);
    expect(pauses[0]).toBeGreaterThanOrEqual(30_000);
    expect(pauses[0]).toBeLessThan(90_000);
    for (const pause of pauses.slice(1)) expect(pause).toBeLessThanOrEqual(1_500);
    await bed.clock.advance("1h");
    expect(asked.length).toBeLessThan(3 + 120);
    await bed.messaging.stop({ deadline: 0 });
    const ended = asked.length;
    await bed.clock.advance("1h");
    expect(asked).toHaveLength(ended);
    await bed[Symbol.asyncDispose]();
  });

  test("a clean-up that fails is reported once, and goes on", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    let asked = 0;
    const store = changed(() => ({
      sweep: async () => {
        if (++asked < 5) throw new Error("no right to delete");
        return 0;
      },
    }));
    bed.messaging.consume(consumer(orders, "billing", { placed: () => {} }, { use: [claim(store, options)] }));
    await bed.messaging.start();
    await bed.messaging.publish(orders, "placed", { orderId: "o" });
    await bed.clock.advance("20m");
    expect(asked).toBeGreaterThan(5);
    expect(warnings(bed)).toEqual(["inbox-sweep-failed"]);
  });

  test("deliver() runs a consumer with its inbox", async () => {
    const store = memoryStore();
    const billing = consumer(orders, "billing", { placed: () => {} }, { use: [claim(store, options)] });
    expect(await deliver(billing, "placed", { orderId: "o" }, { id: "o" })).toEqual({ verdict: "ack" });
    expect(await deliver(billing, "placed", { orderId: "o" }, { id: "o" })).toMatchObject({ verdict: "skip" });
  });
});

describe("batches", () => {
  test("what follows a failed message of its key is not marked: its middleware is told that it was taken back", async () => {
    await using bed = await testbed({ channels: [keyed], policy, model: "stream" });
    const store = memoryStore();
    const handled: number[] = [];
    const ended: string[] = [];
    const watching = middleware(async (delivery, next) => {
      const { n } = delivery.data as { n: number };
      try {
        return await next();
      } catch (error) {
        ended.push(`${n} ${(error as Error).name}`);
        throw error;
      }
    });
    let failed = false;
    bed.messaging.consume(
      batchConsumer(
        keyed,
        "billing",
        (batch) => {
          // As a handler should: after a failure, it does not touch what follows of the key.
          let stopped = false;
          for (const delivery of batch) {
            if (stopped) continue;
            if (delivery.data.n === 2 && !failed) {
              failed = stopped = true;
              batch.fail(delivery, new Error("no"));
            } else handled.push(delivery.data.n);
          }
        },
        { use: [watching, claim(store, options)], batch: { size: 10, wait: "1s" } },
      ),
    );
    for (const n of [1, 2, 3, 4]) await bed.messaging.publish(keyed, "placed", { k: "a", n });
    await bed.messaging.start();
    await bed.clock.advance("5m");
    expect(handled).toEqual([1, 2, 3, 4]);
    expect(ended).toEqual(["2 Error", "3 Release", "4 Release"]);
  });

  test("what follows a message that waits for another holder does not overtake it", async () => {
    await using bed = await testbed({ channels: [keyed], policy, model: "stream" });
    let held = 2;
    const store = changed(({ claim: inner }) => ({
      claim: async (...of) => (of[0].id === "1" && held-- > 0 ? { got: "held", leftMs: 1_000 } : inner(...of)),
    }));
    const batches: string[] = [];
    bed.messaging.consume(
      batchConsumer(keyed, "billing", (batch) => void batches.push([...batch].map(({ data }) => data.n).join()), {
        use: [claim(store, options)],
        batch: { size: 10, wait: "1s" },
      }),
    );
    for (const n of [1, 2, 3]) await bed.messaging.publish(keyed, "placed", { k: "a", n }, { id: String(n) });
    await bed.messaging.publish(keyed, "placed", { k: "b", n: 9 });
    await bed.messaging.start();
    await bed.clock.advance("5m");
    expect(batches.join().split(",").map(Number)).toEqual([9, 1, 2, 3]);
  });

  test("a batch middleware can fail what it does not pass on", async () => {
    await using bed = await testbed({ channels: [orders], policy });
    const seen: string[] = [];
    const first = middleware((_delivery, next) => next(), {
      name: "first-only",
      runBatch: async (deliveries, next, fail) => {
        await next(deliveries.slice(0, 1));
        for (const delivery of deliveries.slice(1)) fail(delivery, new Release({ delay: "5s" }));
      },
    });
    bed.messaging.consume(
      batchConsumer(orders, "billing", (batch) => void seen.push([...batch].map(({ data }) => data.orderId).join()), {
        use: [first],
        batch: { size: 3, wait: "1s" },
      }),
    );
    for (const orderId of ["a", "b", "c"]) await bed.messaging.publish(orders, "placed", { orderId });
    await bed.messaging.start();
    await bed.clock.advance("1m");
    expect(seen.join().split(",").sort()).toEqual(["a", "b", "c"]);
    expect(seen.every((each) => each.length === 1)).toBe(true);
    expect(bed.events.filter(({ type }) => type === "retry")).toEqual([]);
  });
});

describe("operators", () => {
  test("forgetting needs a consumer of the group in this process, which need not be started", async () => {
    const stream = { model: "stream" } as const;
    await using bed = await testbed({ channels: [keyed], policy, ...stream });
    const billing = consumer(keyed, "billing", { placed: () => {} }, { use: [claim(memoryStore(), options)] });
    const audit = consumer(keyed, "audit", { placed: () => {} });
    bed.messaging.consume(billing);
    bed.messaging.consume(audit);
    await bed.messaging.start();
    const replay = (group: string, inbox?: string) =>
      bed.messaging.replay(keyed, group, "earliest", (inbox === undefined ? undefined : { inbox }) as never);
    await expect(replay("billing")).rejects.toMatchObject({ code: "inbox-undecided", kind: "config" });
    await expect(replay("billing", "drop")).rejects.toMatchObject({ code: "bad-option" });
    await expect(replay("audit", "forget")).rejects.toMatchObject({ code: "inbox-unknown" });
    await replay("audit");
    await replay("audit", "keep");
    await replay("billing", "forget");
  });

  test("a redrive warns once of a message that is older than the window", async () => {
    await using bed = await testbed({ channels: [orders], policy: { retry: { attempts: 1 } } });
    let healthy = false;
    const handle = {
      placed: () => {
        if (!healthy) throw new Error("no");
      },
    };
    bed.messaging.consume(consumer(orders, "billing", handle, { use: [claim(memoryStore(), options)] }));
    await bed.messaging.start();
    for (const orderId of ["a", "b"]) await bed.messaging.publish(orders, "placed", { orderId });
    await bed.clock.advance("30m");
    healthy = true;
    const letters = bed.messaging.deadLetters(orders, "billing");
    expect(await letters.redrive({ max: 1 })).toMatchObject({ moved: 1 });
    expect(warnings(bed)).toEqual([]);
    healthy = false;
    for (const orderId of ["c", "d"]) await bed.messaging.publish(orders, "placed", { orderId });
    await bed.clock.advance("90m");
    healthy = true;
    expect((await letters.redrive()).moved).toBeGreaterThan(1);
    expect(warnings(bed)).toEqual(["redrive-beyond-window"]);
  });
});

describe.each(["one by one", "in batches"] as const)("behind a breaker, %s", (way) => {
  test("twenty times open, with copies, retries and waits: each message once, no attempt used up, no dead letter", async () => {
    await using bed = await testbed({
      channels: [orders],
      config: {
        connections: { memory: { profile: "sqs" } },
        channels: {
          orders: {
            model: "queue",
            on: "memory",
            groups: { billing: { breaker: { window: "10m", failures: 0.5, minimum: 3, pause: "10s..1m" } } },
          },
        },
        policies: { default: { retry: { attempts: 3, backoff: "constant", first: "1s" } } },
      } as never,
      broker: { profile: "sqs" },
    });
    let down = true;
    const done: string[] = [];
    const attempts = new Set<number>();
    const handleOne = (id: string, attempt: number): void => {
      attempts.add(attempt);
      if (down) throw new DependencyDown("the bank");
      done.push(id);
    };
    const use = { use: [claim(memoryStore(), { window: "8d", accept: "shorter" })] };
    bed.messaging.consume(
      way === "one by one"
        ? consumer(orders, "billing", { placed: ({ orderId }, { attempt }) => handleOne(orderId, attempt) }, use)
        : batchConsumer(
            orders,
            "billing",
            (batch) => {
              for (const each of batch)
                try {
                  handleOne(each.data.orderId, each.attempt);
                } catch (error) {
                  batch.fail(each, error);
                }
            },
            { ...use, batch: { size: 10 } },
          ),
    );
    await bed.messaging.start();
    const ids = Array.from({ length: 30 }, (_, n) => `o-${n}`);
    for (const orderId of [...ids, ...ids]) await bed.messaging.publish(orders, "placed", { orderId }, { id: orderId });
    for (let flaps = 0; flaps < 20; flaps++) {
      down = true;
      await bed.clock.advance("3m");
      down = false;
      // Once it closes, some are handled.
      await bed.clock.advance(flaps === 19 ? "2h" : "1s");
    }
    const opened = bed.events.filter((event) => event.type === "breaker" && event.state === "open");
    expect(opened.length).toBeGreaterThanOrEqual(20);
    expect(done.toSorted()).toEqual(ids.toSorted());
    expect([...attempts]).toEqual([1]);
    expect(bed.events.filter(({ type }) => type === "dead-letter")).toEqual([]);
    expect((await bed.messaging.deadLetters(orders, "billing").count()).ready).toBe(0);
  });
});
