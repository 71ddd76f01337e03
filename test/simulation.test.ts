import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { RARE } from "./support/simulation.ts";
import { SIMULATION_MUTANTS } from "./support/simulation-mutants.ts";
import { simulate } from "./support/simulation-run.ts";

/** More of them: `SIMULATION_RUNS=50000`, or `npm run fuzz -- --simulation 1000000` on all cores. From another one on: `SIMULATION_SEED=17`. */
const { SIMULATION_SEED = "1", SIMULATION_RUNS = "10000" } = process.env;
const runs = Number(SIMULATION_RUNS);

describe("under faults drawn from a seed, nothing is lost, out of order, beyond its limits or left behind", () => {
  test(`${runs} runs, which reach what is rare`, { timeout: 120_000 + runs * 60 }, async () => {
    const { failure, rare } = await simulate({ runs, seed: Number(SIMULATION_SEED) });
    expect(failure?.text).toBeUndefined();
    if (runs >= 10_000) for (const name of RARE) expect(rare[name], name).toBeGreaterThan(0);
  });
});

describe("each bug of the past is found when it is put back", () => {
  const run = promisify(execFile);
  const found = async (index: number, most: number) => {
    const script = fileURLToPath(new URL("./support/simulation-mutant.ts", import.meta.url));
    const { stdout } = await run(process.execPath, [
      "--conditions=@switchyard/source",
      script,
      String(index),
      String(most),
    ]);
    return JSON.parse(stdout) as { readonly runs: number; readonly name?: string };
  };

  test.each(SIMULATION_MUTANTS.map(({ bug, within }, index) => ({ bug, within, index })))(
    "$bug, within $within runs",
    { timeout: 300_000 },
    async ({ within, index }) => {
      expect((await found(index, within)).name).toBeDefined();
    },
  );

  test("the numbers are those of the documents", () => {
    const page = readFileSync(new URL("../docs/reliability.md", import.meta.url), "utf8");
    for (const { bug, within } of SIMULATION_MUTANTS) expect(page).toContain(`| ${bug} | ${within} |`);
  });
});
