/**
 * The choices at which a process may die are enough: a death at any await, and between any two jobs of promises, leaves the outside as a
 * death at one of the choices does.
 */
import { promiseHooks } from "node:v8";
import { channel, consumer } from "@switchyard/core";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { type Choice, type Site, SITE } from "./choices.ts";
import { Clock } from "./clock.ts";
import { type Guard, guarded } from "./guard.ts";
import { type AnyScenario, Prepared } from "./prepared.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { Worker } from "./worker.ts";

const orders = channel("orders", { messages: { placed: z.object({ order: z.string() }) } });
const shipping = channel("shipping", { messages: { packed: z.object({ order: z.string() }) } });

/** Every effect is written down, and none is done once only: so each difference in what was done shows. */
function worldOf() {
  const log: string[] = [];
  const does = (name: string) => (order: string) => void log.push(`${name} ${order}`);
  return { log, db: { open: does("open"), load: does("load"), save: does("save") }, floor: { pack: does("pack") } };
}
type World = ReturnType<typeof worldOf>;

const scenario = {
  channels: [orders, shipping],
  processes: 1,
  world: worldOf,
  services: {
    shop: ({ world: { db, floor }, messaging, clock }) => [
      consumer(orders, "shop", {
        placed: async ({ order }) => {
          await db.open(order);
          await Promise.resolve();
          await Promise.all([db.load(order), clock.sleep("2s")]);
          await messaging.publish(shipping, "packed", { order }, { id: `packed-${order}` });
          await clock.sleep("1s");
          await db.save(order);
        },
      }),
      consumer(shipping, "floor", { packed: ({ order }) => floor.pack(order) }),
    ],
  },
  play: ({ publish }) => publish(orders, "placed", { order: "o-1" }),
} satisfies Scenario<readonly [typeof orders, typeof shipping], World> as unknown as AnyScenario;

/** What was done outside in the end, in any order: two handlers may do theirs in one moment. */
async function outcome(prepared: Prepared, guard: Guard, choices: readonly Choice[]): Promise<string> {
  const { world, wrong } = await run(prepared, { seed: 1, choices }, guard);
  expect(wrong).toBeUndefined();
  return (world as World).log.toSorted().join(", ");
}

/** Makes the run once more, with a death of its process after so many jobs. Undefined if it ends before. */
async function diesAfter(jobs: number, prepared: Prepared, guard: Guard): Promise<string | undefined> {
  let left = jobs;
  let begun = false;
  let shop: Worker | undefined;
  const { runtimeFor } = Clock.prototype;
  const spy = vi.spyOn(Clock.prototype, "runtimeFor").mockImplementation(function (this: Clock, owner, seed) {
    if (owner instanceof Worker && owner.service === "shop") shop ??= owner;
    return runtimeFor.call(this, owner, seed);
  });
  const stop = promiseHooks.onAfter(() => {
    // Before its first handler there is nothing that it could leave half done.
    begun ||= shop !== undefined && shop.frames.size > 0;
    // The run is over, and stops what is left.
    if (shop?.stoppedAt !== undefined) return;
    if (begun && left-- === 0) shop!.die("after a job");
  });
  try {
    const ended = await outcome(prepared, guard, []);
    return left < 0 ? ended : undefined;
  } finally {
    stop();
    spy.mockRestore();
  }
}

test("a death after any job of a promise ends as a death at one of the choices", async () => {
  await guarded(async (guard) => {
    const prepared = new Prepared(scenario);
    const calm = await outcome(prepared, guard, []);
    const atChoices = new Set([calm]);
    const deaths: readonly (readonly [Site, number])[] = [
      [SITE.before, 1],
      [SITE.after, 1],
      [SITE.send, 7],
      [SITE.ack, 3],
    ];
    for (const [site, value] of deaths)
      for (const message of [1, 2])
        for (let place = 0; place < 6; place++)
          atChoices.add(await outcome(prepared, guard, [[site, message, place, value]]));
    const afterJobs = new Set<string>();
    let jobs = 0;
    for (; ; jobs++) {
      const ended = await diesAfter(jobs, prepared, guard);
      if (ended === undefined) break;
      afterJobs.add(ended);
    }
    expect(jobs).toBeGreaterThan(30);
    expect([...afterJobs].toSorted()).toEqual([...atChoices].toSorted());
    expect(afterJobs.size).toBeGreaterThan(3);
  });
});
