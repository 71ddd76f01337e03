import { expect, test } from "vitest";
import { simulate } from "./fixtures/simulate.ts";

const SEEDS = Number(process.env["LEASE_SEEDS"] ?? 200);

test(`${SEEDS} schedules of crashes, stalls, lost answers and reshards keep the invariants`, {
  timeout: 600_000,
}, async () => {
  let tenures = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await simulate(seed);
    if (outcome.broken.length > 0)
      expect.fail(`seed ${seed}: ${outcome.broken.join("\n")}\n${outcome.trace.join("\n")}`);
    tenures += outcome.tenures;
  }
  expect(tenures).toBeGreaterThan(SEEDS);
});
