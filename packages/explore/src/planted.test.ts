import { describe, expect, test } from "vitest";
import { PLANTED } from "./fixtures/planted.ts";
import { explore } from "./index.ts";

/** 10,000 and more on demand: `npm run fuzz -- --services 10000`. */
const { EXPLORE_SEEDS = "300", EXPLORE_SHOW } = process.env;

describe.each(PLANTED)("$name", ({ faulty, mended, says }) => {
  test("is found, shrunk and told, and the line replays it", async () => {
    const { failure } = await explore(faulty, { seeds: 2_000, budget: "60s", onFailure: "return" });
    if (EXPLORE_SHOW !== undefined) process.stdout.write(`${failure?.text}\n\n---\n\n`);
    expect(failure?.text).toMatch(says);
    expect(failure!.steps.length).toBeLessThanOrEqual(3);
    const again = await explore(faulty, { replay: failure!.replay, onFailure: "return" });
    expect(again.failure?.name).toBe(failure!.name);
    expect(again.failure?.steps).toEqual(failure!.steps);
  });

  test("the mended service raises no false alarm", async () => {
    const seeds = Number(EXPLORE_SEEDS);
    const { failure, notices, runs } = await explore(mended, { seeds, budget: "10m", onFailure: "return" });
    expect(failure?.text).toBeUndefined();
    expect(runs).toBe(seeds + 1);
    expect(notices).toEqual([]);
  });
});
