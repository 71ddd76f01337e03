import { channel, consumer } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { SITE } from "./choices.ts";
import { guarded } from "./guard.ts";
import { type AnyScenario, Prepared } from "./prepared.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";

const orders = channel("orders", { messages: { placed: z.object({ n: z.number() }) } });

/** Every message fails twice, so how often the calm course comes to rest depends on the seed. */
const scenario = {
  channels: [orders],
  processes: 1,
  world: () => ({ done: new Set<number>() }),
  services: {
    billing: ({ world }) =>
      consumer(orders, "billing", {
        placed: async ({ n }, { attempt }) => {
          if (attempt < 3) throw new Error("again");
          world.done.add(n);
        },
      }),
  },
  play: async ({ publish }) => {
    for (let n = 0; n < 8; n++) await publish(orders, "placed", { n });
  },
} satisfies Scenario<readonly [typeof orders], { done: Set<number> }>;

test("a death at a turn is replayed at that turn, also if the calm course of its seed has fewer", async () => {
  await guarded(async (guard) => {
    const prepared = async (seed: number): Promise<Prepared> => {
      const made = new Prepared(scenario as unknown as AnyScenario);
      await run(made, { seed, choices: [] }, guard);
      return made;
    };
    const all: Prepared[] = [];
    for (let seed = 1; seed <= 6; seed++) all.push(await prepared(seed));
    const [short, long] = [Math.min, Math.max].map((most) => {
      const turns = most(...all.map((one) => one.turns));
      return all.findIndex((one) => one.turns === turns);
    }) as [number, number];
    expect(all[short]!.turns).toBeLessThan(all[long]!.turns);
    // The search takes its calm course from one seed, and makes the runs of others; a replay has that of the run.
    const at = all[short]!.turns;
    const start = {
      seed: short + 1,
      choices: [
        [SITE.trouble, 3, 0, 2],
        [SITE.when, 3, 0, at],
      ] as const,
    };
    const searched = await run(all[long]!, start, guard);
    const replayed = await run(all[short]!, start, guard);
    expect(searched.choices.record).toHaveLength(2);
    expect(replayed.choices.record).toEqual(searched.choices.record);
    expect(replayed.choices.trace).toBe(searched.choices.trace);
  });
});
