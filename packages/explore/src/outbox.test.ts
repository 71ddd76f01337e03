import { channel, consumer } from "@switchyard/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkHandler, explore, memoryOutbox, type Scenario } from "./index.ts";

const orders = channel("orders", { messages: { placed: z.object({ order: z.string() }) } });
const shipping = channel("shipping", { messages: { packed: z.object({ order: z.string() }) } });
const data = { order: "o-1" };

/** `both` is one transaction; `save` and the outbox's `store` are two. */
function shop() {
  const rows = new Set<string>();
  const outbox = memoryOutbox();
  const save = (order: string) => void rows.add(order);
  return {
    rows,
    outbox,
    db: {
      has: (order: string) => rows.has(order),
      save,
      both: (order: string, id: string) => {
        if (rows.has(order)) return;
        save(order);
        outbox.store(shipping, "packed", { order }, { id });
      },
    },
  };
}
type Shop = ReturnType<typeof shop>;

const scenario = (kind: "two transactions" | "one" | "no outbox") => {
  const counts = new Map<string, number>();
  return {
    channels: [orders, shipping],
    world: () => {
      counts.clear();
      return { ...shop(), floor: { pack: (id: string) => void counts.set(id, (counts.get(id) ?? 0) + 1) } };
    },
    services: {
      packer: ({ world: { db, outbox }, messaging }) =>
        consumer(orders, "packer", {
          placed: async ({ order }, { id }) => {
            const as = `${id}-packed`;
            if (kind === "one") return db.both(order, as);
            if (await db.has(order)) return;
            await db.save(order);
            if (kind === "no outbox") await messaging.publish(shipping, "packed", { order }, { id: as });
            else await outbox.store(shipping, "packed", { order }, { id: as });
          },
        }),
      floor: ({ world: { floor } }) => consumer(shipping, "floor", { packed: (_data, { id }) => floor.pack(id) }),
    },
    play: ({ publish }) => publish(orders, "placed", data),
    eventually: { "packed what was saved": ({ rows }) => rows.size === counts.size },
  } satisfies Scenario<readonly [typeof orders, typeof shipping], Shop & { floor: { pack(id: string): void } }>;
};

describe("an outbox in the world", () => {
  test.each(["no outbox", "two transactions"] as const)("%s: a death in between loses the message", async (kind) => {
    const { failure } = await explore(scenario(kind), { seeds: 500, onFailure: "return" });
    expect(failure?.name).toBe("eventually packed what was saved");
    expect(failure?.steps.join()).toMatch(/db\.save/);
  });

  test("one transaction: nothing is lost, whatever dies", async () => {
    expect((await explore(scenario("one"), { seeds: 300, onFailure: "return" })).failure?.text).toBeUndefined();
  });

  test("a relay that dies between its publish and its delete publishes again, and says so", async () => {
    const twice = {
      ...scenario("one"),
      world: () => {
        const packed: string[] = [];
        return { ...shop(), packed, floor: { pack: (id: string) => void packed.push(id) } };
      },
      eventually: {},
      faults: {
        pause: false,
        effect: false,
        slow: false,
        duplicate: false,
        publish: false,
        receive: false,
        ack: false,
        extend: false,
        cut: false,
        restart: false,
      },
      never: { "packed twice": ({ packed }: { packed: string[] }) => new Set(packed).size < packed.length },
    };
    const found = new Set<string>();
    for (let seed = 1; seed < 40 && found.size < 2; seed++) {
      const { failure } = await explore(twice as never, { seed, seeds: 200, onFailure: "return" });
      const [step = ""] = failure?.steps ?? [];
      const said = /^relay of outbox \d dies after publish shipping\.packed and before outbox\.delete$/.exec(step);
      found.add(said === null ? "other" : "relay");
    }
    expect(found).toContain("relay");
  });
});

test("checkHandler: the relay's crash points are tried too, and an id made anew is found", async () => {
  const packer = (stable: boolean) => (effects: { outbox: { store: any } }) =>
    consumer(orders, "packer", {
      placed: async ({ order }, { id }) => {
        await effects.outbox.store(shipping, "packed", { order }, stable ? { id: `${id}-packed` } : {});
      },
    });
  const options = { effects: shop as () => object, channels: [shipping], onFailure: "return" } as const;
  const right = await checkHandler(packer(true) as never, "placed", data, options);
  expect(right.findings.map(({ text }) => text)).toEqual([]);
  expect(right.effects).toEqual(["outbox.store"]);
  expect(right.runs).toBe(1 + 3 + 2 + 1);
  const wrong = await checkHandler(packer(false) as never, "placed", data, options);
  expect(wrong.findings.map(({ step }) => step)).toContain(
    "the process dies after outbox.store and before the acknowledgement",
  );
});
