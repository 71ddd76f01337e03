import { describe, expect, test, vi } from "vitest";
import { simulate } from "./support/simulation.ts";

/** One run: `SIMULATION_SEED=17 npx vitest run test/simulation.test.ts`; more of them: `SIMULATION_RUNS=5000`. */
const { SIMULATION_SEED, SIMULATION_RUNS = "300" } = process.env;
const seeds =
  SIMULATION_SEED === undefined
    ? Array.from({ length: Number(SIMULATION_RUNS) }, (_, i) => i + 1)
    : [Number(SIMULATION_SEED)];

describe("under faults drawn from a seed, nothing is lost, out of order, beyond its limits or left behind", () => {
  test(`${seeds.length} runs`, { timeout: 60_000 + seeds.length * 500 }, async () => {
    // Some runs have an observer that throws, which is said there.
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const failed: unknown[] = [];
    for (const seed of seeds) {
      const { wrong, choices } = await simulate(seed);
      if (wrong.length > 0) failed.push({ seed, wrong: wrong.slice(0, 5), choices });
    }
    said.mockRestore();
    expect(failed).toEqual([]);
  });
});
