/** Seconds of `npm run chaos` on RabbitMQ: nothing is found in what we ship, and planted losses are. */
import { describe, expect, test } from "vitest";
import { chaos } from "./support/chaos/run.ts";
import { mutants } from "./support/chaos/service.ts";
import { type Rabbit, skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

/** Others use it too: it is neither restarted nor stopped here. */
async function shared(): Promise<Rabbit> {
  return {
    ...(await sharedRabbit()),
    own: false,
    ctl: () => Promise.reject(new Error("shared")),
    restart: () => Promise.reject(new Error("shared")),
    close: async () => {},
  };
}

describe.skipIf(skipped)("a short chaos run", () => {
  test("finds nothing: workers and publishers are killed and connections cut, and all that was accepted is handled in order", {
    timeout: 240_000,
  }, async () => {
    const kinds = ["kill-worker", "kill-publisher", "cut"] as const;
    const { findings, stories, counts } = await chaos({ seconds: 20, seed: 7, kinds, rabbit: await shared() });
    expect(findings, stories.join("\n")).toEqual([]);
    expect(counts.accepted).toBeGreaterThan(100);
  });

  test.each(mutants)("finds what is lost by a service that %s", { timeout: 240_000 }, async (mutant) => {
    const options = { seconds: 5, seed: 7, mutant, patienceMs: 4_000, rabbit: await shared() };
    const { findings, stories } = await chaos(options);
    expect(findings).toContainEqual(expect.objectContaining({ what: "lost" }));
    expect(stories[0]).toContain("accepted");
  });
});
