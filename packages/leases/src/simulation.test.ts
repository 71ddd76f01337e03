import { expect, test } from "vitest";
import { simulate } from "./fixtures/simulate.ts";

/** More for a longer look: `LEASE_SEEDS=20000 vitest run packages/leases/src/simulation.test.ts`. */
const SEEDS = Number(process.env["LEASE_SEEDS"] ?? 2_000);

test(`${SEEDS} schedules of crashes, stalls, cuts, lost and late answers and reshards`, {
  timeout: 3_600_000,
}, async () => {
  let tenures = 0;
  let slowest = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { broken, trace, ...outcome } = await simulate(seed);
    if (broken.length > 0) expect.fail(`seed ${seed}: ${broken.join("\n")}\n\n${trace.join("\n")}`);
    tenures += outcome.tenures;
    slowest = Math.max(slowest, outcome.settledAt ?? 0);
  }
  // The schedules are not idle, and once the trouble is over everything settles soon.
  expect(tenures).toBeGreaterThan(5 * SEEDS);
  expect(slowest).toBeLessThan(300_000);
});

test("a seed tells the same story twice", async () => {
  for (let seed = 1; seed <= 10; seed++) expect((await simulate(seed)).trace).toEqual((await simulate(seed)).trace);
});
