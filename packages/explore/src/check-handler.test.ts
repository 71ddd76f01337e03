import { setTimeout as later } from "node:timers/promises";
import { readFile } from "node:fs/promises";
import { batchConsumer, channel, consumer, type Publisher } from "@switchyard/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkHandler, effect, type HandlerTools } from "./index.ts";

const orders = channel("orders", { messages: { placed: z.object({ order: z.string(), cents: z.number() }) } });
const shipping = channel("shipping", { messages: { packed: z.object({ order: z.string() }) } });
const data = { order: "o-1", cents: 4200 };

interface Bank {
  charge(order: string, key?: string): Promise<void>;
}
interface Db {
  save(order: string): Promise<void>;
}
const billing = ({ bank, db }: { bank: Bank; db: Db }, keyed: boolean) =>
  consumer(orders, "billing", {
    placed: async ({ order }, { id }) => {
      await bank.charge(order, keyed ? id : undefined);
      await db.save(order);
    },
  });
function world() {
  const charges: string[] = [];
  const saved = new Set<string>();
  const keys = new Set<string>();
  return {
    charges,
    saved,
    bank: {
      charge: (order: string, key?: string) => {
        if (key !== undefined && keys.has(key)) return;
        if (key !== undefined) keys.add(key);
        charges.push(order);
      },
    },
    db: { save: (order: string) => void saved.add(order) },
  };
}

test("says between which two effects a death charges twice, and the mend", async () => {
  const checked = checkHandler((effects) => billing(effects, false), "placed", data, { effects: world });
  await expect(checked).rejects.toMatchObject({ code: "check-handler-failed" });
  const text = await checked.catch((error: Error) => error.message);
  expect(text).toMatch(
    /^If the process dies after bank\.charge and before db\.save: charges is \[ 'o-1', 'o-1' \] instead of \[ 'o-1' \]\./,
  );
  expect(text).toContain("if bank.charge is done and its answer is lost");
  expect(text).toContain("if the message is delivered twice at the same time");
  expect(text).toMatch(/Mend: .*\n.*delivery\.id/);
});

test("a handler whose effects take the message's id passes", async () => {
  const report = await checkHandler((effects) => billing(effects, true), "placed", data, { effects: world });
  expect(report.effects).toEqual(["bank.charge", "db.save"]);
  expect(report.findings).toEqual([]);
  expect(report.runs).toBe(1 + 3 * 2 + 2);
});

test("a consumer as it is: functions made by effect() are seen, and counted where there is no state", async () => {
  const charge = effect("charge", (_order: string) => {});
  const plain = consumer(orders, "billing", { placed: ({ order }) => charge(order) });
  const { findings } = await checkHandler(plain, "placed", data, { onFailure: "return" });
  expect(findings.map(({ step }) => step)).toContain("the process dies after charge and before the acknowledgement");
  expect(findings[0]?.difference).toBe("charge('o-1') is done 2 times instead of 1");
  expect((await checkHandler(plain, "placed", data, { reads: ["charge"] })).findings).toEqual([]);
});

test("effect() outside of a check only calls", async () => {
  const add = effect("add", (a: number, b: number) => a + b);
  expect(await add(1, 2)).toBe(3);
  expect(() => effect("", () => {})).toThrow("a name and a function");
});

describe("publishes are effects", () => {
  const packer = (messaging: Publisher<typeof shipping>, keyed: boolean) =>
    consumer(orders, "packer", {
      placed: async ({ order }, { id }) => {
        await messaging.publish(shipping, "packed", { order }, keyed ? { id: `${id}-packed` } : {});
      },
    });
  const options = { channels: [shipping], onFailure: "return" } as const;

  test("one under a new id each time is found", async () => {
    const { findings } = await checkHandler((_, { messaging }) => packer(messaging, false), "placed", data, options);
    expect(findings.map(({ step }) => step)).toContain(
      "the process dies after publish shipping.packed and before the acknowledgement",
    );
  });

  test("one under an id from the delivery's passes", async () => {
    const report = await checkHandler((_, { messaging }) => packer(messaging, true), "placed", data, options);
    expect(report.findings.map(({ text }) => text)).toEqual([]);
    expect(report.effects).toEqual(["publish shipping.packed"]);
  });
});

test("a check before the act is no help against two at the same time", async () => {
  const checked = (effects: { db: { has(id: string): Promise<boolean>; add(id: string): Promise<void> } }) =>
    consumer(orders, "counter", {
      placed: async (_data, { id }) => {
        if (!(await effects.db.has(id))) await effects.db.add(id);
      },
    });
  const effects = () => {
    const rows: string[] = [];
    return { rows, db: { has: (id: string) => rows.includes(id), add: (id: string) => void rows.push(id) } };
  };
  const { findings } = await checkHandler(checked, "placed", data, {
    effects,
    state: ({ rows }) => rows.length,
    onFailure: "return",
  });
  expect(findings.map(({ step }) => step)).toContain("the message is delivered twice at the same time");
});

test("a duplicate that comes once the first is handled is found by itself", async () => {
  // It keeps two at the same time apart, and has no effect at which a process could die.
  const counter = ({ running, counted }: { running: Set<string>; counted: string[] }, { clock }: HandlerTools) =>
    consumer(orders, "counter", {
      placed: async (_data, { id }) => {
        if (running.has(id)) return;
        running.add(id);
        await clock.sleep("1s");
        counted.push(id);
        running.delete(id);
      },
    });
  const { findings } = await checkHandler(counter, "placed", data, {
    effects: () => ({ running: new Set<string>(), counted: [] as string[] }),
    state: ({ counted }) => counted.length,
    onFailure: "return",
  });
  expect(findings.map(({ step, difference }) => ({ step, difference }))).toEqual([
    { step: "the acknowledgement is lost and the message comes again", difference: "state is 2 instead of 1" },
  ]);
});

test("a batch consumer is checked too", async () => {
  const batch = ({ bank }: { bank: Bank }) =>
    batchConsumer(orders, "billing", async (deliveries) => {
      for (const { data: order, id } of deliveries) await bank.charge(order.order, id);
    });
  expect((await checkHandler(batch, "placed", data, { effects: world })).findings).toEqual([]);
});

test("a message that is not handled without any fault is refused, and says why", async () => {
  const broken = consumer(orders, "billing", {
    placed: () => {
      throw new Error("the bank is closed");
    },
  });
  await expect(checkHandler(broken, "placed", data)).rejects.toMatchObject({
    code: "check-handler-calm",
    message: expect.stringContaining("the bank is closed"),
  });
});

describe("what is real is refused with advice and does not hang", () => {
  const cases = {
    "setTimeout()": () => new Promise((resolve) => setTimeout(resolve, 60_000)),
    "a real timer": () => later(60_000),
    "fetch()": () => fetch("http://127.0.0.1:1/"),
    "a real file": () => readFile(new URL(import.meta.url)),
  };
  test.each(Object.entries(cases))("%s", async (what, wait) => {
    const waiting = consumer(orders, "billing", { placed: async () => void (await wait()) });
    const refused = await checkHandler(waiting, "placed", data).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "explore-real-wait" });
    expect((refused as Error).message).toContain(what);
    expect((refused as Error).message).toContain("clock.sleep()");
  });
});

test("the system's clock and randomness are noticed and named, and are the run's meanwhile", async () => {
  const read: number[] = [];
  const before = [Date, Math.random, crypto.randomUUID];
  const reader = consumer(orders, "billing", {
    placed: () => {
      read.push(Date.now(), new Date().getTime(), Math.random());
      crypto.randomUUID();
    },
  });
  const { notices } = await checkHandler(reader, "placed", data);
  expect(notices.map((notice) => notice.replace(/:\d+/, ":0"))).toEqual([
    expect.stringMatching(/^check-handler\.test\.ts:0 reads Date\.now\(\)/),
    expect.stringMatching(/^check-handler\.test\.ts:0 reads new Date\(\)/),
    expect.stringMatching(/^check-handler\.test\.ts:0 reads Math\.random\(\)/),
    expect.stringMatching(/^check-handler\.test\.ts:0 reads crypto\.randomUUID\(\)/),
  ]);
  expect(new Date(read[0]!).getUTCFullYear()).toBe(2026);
  expect(read[1]).toBe(read[0]);
  expect([Date, Math.random, crypto.randomUUID]).toEqual(before);
});

test("two checks at the same time take turns, and leave the globals as they were", async () => {
  const before = [Date, Math.random, globalThis.setTimeout, process.listeners("unhandledRejection").length];
  const quick = consumer(orders, "billing", { placed: () => {} });
  const reports = await Promise.all([1, 2, 3].map(() => checkHandler(quick, "placed", data)));
  expect(reports.map(({ findings }) => findings)).toEqual([[], [], []]);
  expect([Date, Math.random, globalThis.setTimeout, process.listeners("unhandledRejection").length]).toEqual(before);
});
