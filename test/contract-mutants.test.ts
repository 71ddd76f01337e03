/** The suite's own test: drivers broken on purpose fail it, every time, and the case that catches each is named. */
import { cases, type CaseResult, type Harness, runContract } from "@switchyard/contract";
import { virtualRuntime } from "@switchyard/core/testing";
import type { Runtime } from "@switchyard/core/driver";
import { adapter as memory } from "@switchyard/memory";
import { describe, expect, test } from "vitest";
import { memoryHarness, memoryVarieties } from "./support/contract-harnesses.ts";
import { mutants, mutate } from "./support/mutants.ts";

const SEEDS = [1, 2, 3];

/** One case of the suite on a driver, under a seed. */
async function outcome(
  id: string,
  variety: string,
  seed: number,
  mutant?: (typeof mutants)[number],
): Promise<CaseResult | undefined> {
  let current: Runtime | undefined;
  const adapter = mutant === undefined ? memory : mutate(memory, mutant, () => current!);
  const harness: Harness = {
    ...memoryHarness(memoryVarieties.find(({ name }) => name === variety)!, adapter),
    runtime: () => {
      current = virtualRuntime({ seed, patienceMs: 10_000 });
      return current;
    },
    limits: { caseMs: 10_000 },
    ...(mutant?.store === undefined ? {} : { claimStore: mutant.store }),
  };
  const { results } = await runContract(harness, { cases: cases.filter((each) => each.id === id) });
  return results[0];
}

describe("a broken driver fails the suite", () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant.caughtBy, mutant] as const))(
    "one that %s is caught by %s",
    { timeout: 60_000 },
    async (_name, caughtBy, mutant) => {
      for (const seed of SEEDS) {
        const broken = await outcome(caughtBy, mutant.of, seed, mutant);
        expect(broken, `${caughtBy} with seed ${seed}`).toMatchObject({ status: "failed" });
      }
      // The case is to blame the mutation, not the driver under it.
      expect(await outcome(caughtBy, mutant.of, 1)).toMatchObject({ status: "passed" });
    },
  );
});
