import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { batchConsumer, channel, consumer, DeadLetter, middleware } from "@switchyard/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ALL_FAULTS } from "./faults.ts";
import { explore, type Facts, type Faults, type Scenario } from "./index.ts";

const orders = channel("orders", { messages: { placed: z.object({ order: z.string(), n: z.number() }) } });
const keyed = channel("orders", {
  messages: { placed: z.object({ order: z.string(), n: z.number() }) },
  orderingKey: ({ data }: { data: { order: string } }) => data.order,
});
const shipping = channel("shipping", { messages: { packed: z.object({ order: z.string() }) } });

/** A shop that stores what it is told, by id: correct whatever happens. */
function shop() {
  const rows = new Map<string, number>();
  return { rows, db: { save: (id: string, n: number) => void rows.set(id, n) } };
}
const saving = (on: typeof orders) => (tools: { world: { db: { save(id: string, n: number): Promise<void> } } }) =>
  consumer(on, "store", { placed: (data, { id }) => tools.world.db.save(id, data.n) });
const twenty = async ({ publish }: { publish: (...given: any[]) => Promise<void> }, on: unknown = orders) => {
  for (let n = 0; n < 20; n++) await publish(on, "placed", { order: `o-${n % 4}`, n });
};
const stored = {
  "all stored": ({ rows }: { rows: Map<string, number> }, { accepted }: { accepted: readonly { id: string }[] }) =>
    accepted.every(({ id }) => rows.has(id)),
};

const FAULTS = Object.keys(ALL_FAULTS) as (keyof Faults)[];
const NO_FAULTS = Object.fromEntries(FAULTS.map((fault) => [fault, false])) as unknown as Faults;

describe("a correct service raises no alarm, on every kind of broker", () => {
  const places: readonly (readonly [string, object, typeof orders])[] = [
    ["queue", {}, orders],
    ["queue with keys", {}, keyed as never],
    ["pubsub", { model: "pubsub" }, orders],
    ["stream", { model: "stream" }, orders],
    ["stream with keys", { model: "stream" }, keyed as never],
    ["sqs", { on: "sqs" }, orders],
    ["sqs with keys", { on: "sqs" }, keyed as never],
    ["sqs-fifo", { on: "sqs-fifo" }, keyed as never],
    ["sns", { on: "sns", model: "pubsub" }, orders],
    ["sns with keys", { on: "sns", model: "pubsub" }, keyed as never],
    ["kinesis", { on: "kinesis", model: "stream" }, keyed as never],
    ["rabbitmq-queue", { on: "rabbitmq-queue" }, orders],
    ["rabbitmq-queue with keys", { on: "rabbitmq-queue" }, keyed as never],
    ["rabbitmq-queue pub/sub", { on: "rabbitmq-queue", model: "pubsub" }, orders],
    ["rabbitmq-stream", { on: "rabbitmq-stream", model: "stream" }, keyed as never],
  ];
  test.each(places)("%s", async (_name, place, on) => {
    const scenario = {
      channels: [on],
      ...place,
      world: shop,
      services: { store: saving(on) },
      play: (tools: any) => twenty(tools, on),
      eventually: stored,
    } as unknown as Scenario<readonly [typeof orders], ReturnType<typeof shop>>;
    const { failure, runs } = await explore(scenario, { seeds: 60, budget: "5m", onFailure: "return" });
    expect(failure?.text).toBeUndefined();
    expect(runs).toBe(61);
  });
});

/** Two services, each a `connect()` of its own on one broker: the second counts what the first passes on. */
const chain = (stable: boolean) =>
  ({
    channels: [orders, shipping],
    world: () => {
      const packed = new Map<string, number>();
      const count = (id: string) => void packed.set(id, (packed.get(id) ?? 0) + 1);
      return { packed, floor: { count } };
    },
    services: {
      packer: ({ messaging }) =>
        consumer(orders, "packer", {
          placed: async ({ order }, { id }) => {
            await messaging.publish(shipping, "packed", { order }, stable ? { id: `${id}-packed` } : {});
          },
        }),
      floor: ({ world: { floor } }) => consumer(shipping, "floor", { packed: (_data, { id }) => floor.count(id) }),
    },
    play: ({ publish }) => publish(orders, "placed", { order: "o-1", n: 1 }),
    never: { "packed under two ids": ({ packed }) => packed.size > 1 },
    eventually: { packed: ({ packed }) => packed.size > 0 },
  }) satisfies Scenario<
    readonly [typeof orders, typeof shipping],
    { packed: Map<string, number>; floor: { count(id: string): void } }
  >;

test("two services share a broker: an id made anew at each attempt is found, one from the delivery's is right", async () => {
  const { failure } = await explore(chain(false), { seeds: 300, onFailure: "return" });
  expect(failure?.name).toBe("never packed under two ids");
  expect(failure?.steps).toHaveLength(1);
  expect((await explore(chain(true), { seeds: 100 })).failure).toBeUndefined();
});

test("a batch consumer that dies between its messages has handled some of them twice", async () => {
  const scenario = {
    channels: [orders],
    group: { batch: { size: 3, wait: "10ms" } },
    processes: 1,
    world: () => {
      const sent: string[] = [];
      return { sent, mail: { send: (order: string) => void sent.push(order) } };
    },
    services: {
      mailer: ({ world }) =>
        batchConsumer(orders, "mailer", async (batch) => {
          for (const delivery of batch) {
            await world.mail.send(delivery.data.order);
            if (delivery.data.n < 0) batch.fail(delivery, new Error("no"));
          }
        }),
    },
    play: async ({ publish }) => {
      for (const order of ["o-1", "o-2", "o-3"]) await publish(orders, "placed", { order, n: 1 });
    },
    faults: { effect: false, ack: false, duplicate: false, pause: false, publish: false, cut: false, restart: false },
    never: { "mailed twice": ({ sent }) => new Set(sent).size < sent.length },
  } satisfies Scenario<readonly [typeof orders], { sent: string[]; mail: { send(order: string): void } }>;
  const { failure } = await explore(scenario, { seeds: 500, onFailure: "return" });
  expect(failure?.steps).toEqual([expect.stringMatching(/^mailer 1 dies (?:after mail\.send|before it acknowledges)/)]);
});

test("a process that dies in the middle of the verdicts on a batch is given back only those that had not arrived", async () => {
  const begun: string[][] = [];
  const scenario: Scenario<readonly [typeof orders], { mail: { send(order: string): void } }> = {
    channels: [orders],
    group: { batch: { size: 3, wait: "10ms" } },
    processes: 1,
    world: () => {
      begun.push([]);
      return { mail: { send: (order) => void begun.at(-1)!.push(order) } };
    },
    services: {
      mailer: ({ world: { mail } }) =>
        batchConsumer(orders, "mailer", async (batch) => {
          for (const { data } of batch) await mail.send(data.order);
        }),
    },
    play: async ({ publish }) => {
      for (const order of ["o-1", "o-2", "o-3"]) await publish(orders, "placed", { order, n: 1 });
    },
    eventually: { shown: () => false },
  };
  const { failure } = await explore(scenario, { replay: "x1.1.0.0.b.1.0.1", onFailure: "return" });
  expect(failure?.steps).toEqual(["mailer 1 dies in the middle of its verdicts, before that on orders.placed #2"]);
  expect(begun).toEqual([
    ["o-1", "o-2", "o-3"],
    ["o-1", "o-2", "o-3", "o-2", "o-3"],
  ]);
});

/** Fails in one step, whichever it is. */
const fragile = (limit: number, note = "") =>
  ({
    channels: [orders],
    world: () => {
      const done: string[] = [];
      return { done, db: { add: (id: string) => void done.push(id + note.slice(0, 0)) } };
    },
    services: { store: ({ world }) => consumer(orders, "store", { placed: (_data, { id }) => world.db.add(id) }) },
    play: ({ publish }) => publish(orders, "placed", { order: "o-1", n: 1 }),
    never: { twice: ({ done }) => done.length > limit },
  }) satisfies Scenario<readonly [typeof orders], { done: string[]; db: { add(id: string): void } }>;

test("throws the story; the same seed and the same line give it again", async () => {
  const thrown = await explore(fragile(1)).catch((error: unknown) => error as Error);
  expect(thrown).toMatchObject({ code: "explore-failed" });
  const again = await explore(fragile(1)).catch((error: unknown) => error as Error);
  expect((again as Error).message).toBe((thrown as Error).message);
  const replay = /replay: "([^"]+)"/.exec((thrown as Error).message)![1]!;
  const replayed = await explore(fragile(1), { replay }).catch((error: unknown) => error as Error);
  expect((replayed as Error).message).toContain((thrown as Error).message.split("\n\n")[2]);
  expect((replayed as Error).message).not.toContain("has changed");
});

test("a replay says if the code has changed, and whether that matters", async () => {
  const { failure } = await explore(fragile(1), { onFailure: "return" });
  const edited = { ...fragile(1), never: { twice: ({ done }: { done: string[] }) => 1 < done.length } };
  const same = await explore(edited, { replay: failure!.replay, onFailure: "return" });
  expect(same.failure?.text).toMatch(/^The code or the scenario has changed .* still goes the same way/);
  const other = {
    ...fragile(1),
    play: async ({ publish }: any) => {
      for (let n = 0; n < 3; n++) await publish(orders, "placed", { order: "o", n });
    },
    never: {},
  } as never;
  const gone = await explore(other, { replay: failure!.replay, onFailure: "return" });
  expect(gone.failure).toBeUndefined();
  expect(gone.notices).toEqual([expect.stringMatching(/no longer goes the same way\. It fails no more\.$/)]);
  await expect(explore(fragile(1), { replay: "x1.nonsense" })).rejects.toMatchObject({ code: "bad-replay" });
});

test("shrinking keeps the failure the same failure", async () => {
  // The rarer failure needs three deliveries; the commoner one, which shrinking passes on its way, needs two.
  const scenario = {
    ...fragile(2),
    eventually: { once: ({ done }: { done: string[] }) => done.length <= 1 },
  };
  const names = new Set<string>();
  for (let seed = 1; seed <= 60 && names.size < 2; seed++) {
    const { failure } = await explore(scenario, { seed, seeds: 300, onFailure: "return" });
    const again = await explore(scenario, { replay: failure!.replay, onFailure: "return" });
    expect(again.failure?.name).toBe(failure!.name);
    names.add(failure!.name);
  }
  expect([...names].sort()).toEqual(["eventually once", "never twice"]);
});

test("a failure that takes three faults of one of 20 messages is found and shrunk to three steps within 10 s of CPU time", async () => {
  const scenario: Scenario<readonly [typeof orders], { times: Map<string, number>; db: { save(id: string): void } }> = {
    channels: [orders],
    world: () => {
      const times = new Map<string, number>();
      return { times, db: { save: (id) => void times.set(id, (times.get(id) ?? 0) + 1) } };
    },
    services: {
      store: ({ world: { db } }) => consumer(orders, "store", { placed: (_data, { id }) => db.save(id) }),
    },
    play: (tools) => twenty(tools as never),
    never: { "four times": ({ times }) => [...times.values()].some((count) => count > 3) },
  };
  const began = process.cpuUsage();
  const { failure } = await explore(scenario, { seeds: 20_000, budget: "60s", onFailure: "return" });
  const { user, system } = process.cpuUsage(began);
  expect(failure?.name).toBe("never four times");
  expect(failure?.steps).toHaveLength(3);
  expect((user + system) / 1e6).toBeLessThan(10);
});

test("an invariant that throws has failed, and says what it threw", async () => {
  const scenario = {
    ...fragile(9),
    eventually: {
      shape: () => {
        throw new TypeError("not a row");
      },
    },
  };
  const { failure } = await explore(scenario, { onFailure: "return" });
  expect(failure).toMatchObject({ name: "threw shape", text: expect.stringContaining("threw TypeError: not a row") });
});

test("a model is compared with the world", async () => {
  const { failure } = await explore(
    { ...fragile(9), compare: { expected: (accepted) => accepted.length, actual: ({ done }) => done.length } },
    { onFailure: "return" },
  );
  expect(failure?.text).toContain("the world is 2 at the end; the model says 1");
});

test("a loop in the background may go on for ever, and does what it is for", async () => {
  const scenario = {
    channels: [orders],
    processes: 1,
    world: shop,
    services: {
      store: ({ world, clock }) => {
        const waiting: { id: string; done: () => void }[] = [];
        const loop = async () => {
          for (;;) {
            await clock.sleep("5s");
            for (const { id, done } of waiting.splice(0)) await world.db.save(id, 1).then(done);
          }
        };
        void loop();
        return consumer(orders, "store", {
          placed: (_data, { id }) => new Promise<void>((done) => void waiting.push({ id, done })),
        });
      },
    },
    play: ({ publish }) => publish(orders, "placed", { order: "o-1", n: 1 }),
    faults: { effect: false },
    eventually: { saved: ({ rows }) => rows.size === 1 },
  } satisfies Scenario<readonly [typeof orders], ReturnType<typeof shop>>;
  expect((await explore(scenario, { seeds: 30, onFailure: "return" })).failure?.text).toBeUndefined();
});

test("every kind of fault is chosen, happens, and is counted", async () => {
  const happened: Record<string, number> = {};
  const every = {
    channels: [orders],
    model: "stream",
    world: shop,
    services: { store: saving(orders) },
    // Shorter than a slow effect, so that holds must be extended.
    group: { hold: "2s" },
    play: async ({ publish }: any) => {
      for (let n = 0; n < 6; n++) await publish(orders, "placed", { order: "o", n });
    },
    faults: { refuse: true },
    sometimes: Object.fromEntries(
      FAULTS.map((fault) => [fault, (_world: unknown, facts: Facts) => facts.happened(fault) > 0]),
    ),
  };
  for (const place of [{}, { model: "queue" }, { on: "sns", model: "pubsub" }]) {
    const scenario = { ...every, ...place } as unknown as Scenario<readonly [typeof orders], ReturnType<typeof shop>>;
    const { reached, failure } = await explore(scenario, { seeds: 250, budget: "5m", onFailure: "return" });
    expect(failure?.text).toBeUndefined();
    for (const [fault, count] of Object.entries(reached)) happened[fault] = (happened[fault] ?? 0) + count;
  }
  for (const fault of FAULTS) expect(happened[fault], fault).toBeGreaterThan(0);
});

test("a topic of SNS delivers some messages late", async () => {
  const scenario = {
    channels: [orders],
    on: "sns",
    model: "pubsub",
    processes: 1,
    world: shop,
    services: { store: saving(orders) },
    play: (tools: any) => twenty(tools),
    never: {
      overtaken: ({ rows }: ReturnType<typeof shop>) =>
        [...rows.values()].some((n, at, all) => at > 0 && n < all[at - 1]!),
    },
  } as unknown as Scenario<readonly [typeof orders], ReturnType<typeof shop>>;
  const only = { ...NO_FAULTS, delay: true };
  const { failure } = await explore({ ...scenario, faults: only }, { seeds: 300, onFailure: "return" });
  expect(failure?.steps).toEqual([expect.stringMatching(/takes \d+ ms to arrive/)]);
  const { failure: none } = await explore({ ...scenario, faults: NO_FAULTS }, { seeds: 50, onFailure: "return" });
  expect(none?.text).toBeUndefined();
});

test("a redrive that waits for the broker is waited for", async () => {
  const scenario: Scenario<readonly [typeof orders], { handled: string[]; ended: string[] }> = {
    channels: [orders],
    world: () => ({ handled: [], ended: [] }),
    processes: 1,
    services: {
      store: ({ world }) =>
        consumer(orders, "store", {
          placed: (_data, { id, hop }) => {
            if (hop < 2) throw new DeadLetter("a person must look");
            world.handled.push(id);
          },
        }),
      person: ({ world, messaging, clock }) => {
        void clock.sleep("1m").then(async () => {
          await messaging.deadLetters(orders, "store").redrive();
          world.ended.push("redrive");
        });
        return [];
      },
    },
    play: ({ publish }) => publish(orders, "placed", { order: "o-1", n: 0 }),
    eventually: { ended: ({ ended }) => ended.length === 1 },
  };
  const { failure } = await explore(scenario, { replay: "x1.1.0.0.1.0.0.1", onFailure: "return" });
  expect(failure?.text).toBeUndefined();
  const shown = { ...scenario, eventually: { shown: () => false } };
  const { failure: story } = await explore(shown, { replay: "x1.1.0.0.1.0.0.1", onFailure: "return" });
  expect(story?.steps).toEqual([expect.stringContaining("person 1: the acknowledgement of")]);
});

test("a process that has stopped leaves no timer behind", async () => {
  const leaking = middleware(async (_delivery, next) => void (await next()), {
    name: "leaking",
    attach: ({ runtime }) => {
      runtime.timer(1e9, () => {});
      return {};
    },
  });
  const scenario = {
    ...fragile(9),
    services: { store: () => consumer(orders, "store", { placed: () => {} }, { use: [leaking] }) },
  };
  const { failure } = await explore(scenario, { onFailure: "return" });
  expect(failure).toMatchObject({ name: "leak", text: expect.stringContaining("has stopped and left a timer behind") });
});

test("streams are split on the way, and nothing is lost", async () => {
  let splits = 0;
  const scenario = {
    channels: [orders],
    model: "stream" as const,
    world: shop,
    services: { store: saving(orders) },
    play: (tools: any) => twenty(tools),
    eventually: stored,
  } as unknown as Scenario<readonly [typeof orders], ReturnType<typeof shop>>;
  const { failure } = await explore(scenario, { seeds: 120, budget: "5m", onFailure: "return" });
  expect(failure?.text).toBeUndefined();
  // One that always fails shows what was chosen: a split is among it.
  const fails = { ...scenario, eventually: { never: () => false } } as typeof scenario;
  for (let seed = 0; seed < 200 && splits === 0; seed++) {
    const replay = `x1.${seed.toString(36)}.0.0.5.1.0.5`;
    const { failure: shown } = await explore(fails, { replay, onFailure: "return" });
    if (shown?.text.includes("is split") === true) splits++;
  }
  expect(splits).toBe(1);
});

test("receives are throttled, and answers with messages are lost, and a correct service does not mind", async () => {
  const stories: string[] = [];
  for (const value of [1, 2, 3]) {
    const replay = `x1.5.0.0.2.1.1.${value}`;
    const both = {
      ...fragile(9),
      processes: 1,
      play: async ({ publish, clock }: any) => {
        for (let n = 0; n < 2; n++) await publish(orders, "placed", { order: "o", n }).then(() => clock.sleep("1s"));
      },
    };
    const { failure } = await explore({ ...both, eventually: { shown: () => false } }, { replay, onFailure: "return" });
    stories.push(...failure!.steps);
    const scenario = { ...both, eventually: { done: ({ done }: { done: string[] }) => done.length === 2 } };
    expect((await explore(scenario, { replay, onFailure: "return" })).failure?.text).toBeUndefined();
  }
  expect(stories).toEqual([
    "a receive of store 1 is refused for now (throttled)",
    "a receive of store 1 gets no answer",
    "the broker hands a message to store 1, and its answer is lost",
  ]);
});

test("sometimes: what no run reaches fails, what some reach is counted", async () => {
  const twice = { ...fragile(9), sometimes: { again: ({ done }: { done: string[] }) => done.length > 1 } };
  const { reached, runs } = await explore(twice, { seeds: 100 });
  expect(reached["again"]).toBeGreaterThan(5);
  expect(reached["again"]).toBeLessThan(runs);
  const blind = {
    ...twice,
    faults: {
      crash: false,
      pause: false,
      effect: false,
      ack: false,
      duplicate: false,
      publish: false,
      receive: false,
      cut: false,
      restart: false,
    },
  };
  expect((await explore(blind, { seeds: 50, onFailure: "return" })).reached).toEqual({ again: 0 });
  await expect(explore(blind, { seeds: 50 })).rejects.toMatchObject({
    code: "explore-never-reached",
    message: expect.stringContaining('"again"'),
  });
});

test("what a run leaves behind does not keep it in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const worlds: WeakRef<object>[] = [];
  const scenario = {
    ...fragile(99),
    world: () => {
      const world = fragile(99).world();
      worlds.push(new WeakRef(world));
      return world;
    },
  };
  await explore(scenario, { seeds: 60 });
  collect();
  expect(worlds.filter((world) => world.deref() !== undefined).length).toBeLessThan(5);
});

test("a failure that its own run does not show again is said to be none of the run's", async () => {
  let runs = 0;
  const scenario = {
    ...fragile(99),
    play: async () => void (runs++ === 0),
    eventually: { "not the first": () => runs > 1 },
  };
  const { failure } = await explore(scenario, { onFailure: "return" });
  expect(failure?.text).toMatch(
    /^"not the first" is not so at the end\. But when the same run was made again, it did not fail\./,
  );
});

test("a thousand messages: a replay line stays far below a megabyte", async () => {
  const scenario = {
    ...fragile(1_001),
    play: async ({ publish }: any) => {
      for (let n = 0; n < 1_000; n++) await publish(orders, "placed", { order: "o", n });
    },
  } as never;
  const { failure } = await explore(scenario, { seeds: 40, shrink: "1s", onFailure: "return" });
  expect(failure).toBeDefined();
  expect(failure!.replay.length).toBeLessThan(1_000);
  expect(failure!.text.length).toBeLessThan(20_000);
});

test("an impossible scenario does not compile", () => {
  const refused = (): void => {
    const world = () => ({ n: 0 });
    const play = () => {};
    // @ts-expect-error SQS has no streams
    void explore({ channels: [orders], on: "sqs", model: "stream", world, services: {}, play });
    // @ts-expect-error Kinesis has streams only, and it must be said
    void explore({ channels: [orders], on: "kinesis", world, services: {}, play });
    // @ts-expect-error no such broker
    void explore({ channels: [orders], on: "kafka", world, services: {}, play });
    // @ts-expect-error no such fault
    void explore({ channels: [orders], world, services: {}, play, faults: { earthquake: false } });
    void explore({
      channels: [orders],
      world,
      services: {},
      // @ts-expect-error a channel that is not listed
      play: ({ publish }) => publish(shipping, "packed", { order: "o-1" }),
    });
    void explore({
      channels: [orders],
      world,
      services: {},
      // @ts-expect-error data that the schema does not take
      play: ({ publish }) => publish(orders, "placed", { order: 1 }),
    });
    void explore({
      channels: [orders],
      world,
      services: {},
      play,
      // @ts-expect-error the world has no such part
      never: { odd: ({ m }) => m > 0 },
    });
  };
  expect(refused).toBeTypeOf("function");
});
