/** Runs of the simulation: `seeds` of each scenario, from a first one on, until a failure or until there were enough. */
import { explore } from "@switchyard/explore";
import { RARE, simulation } from "./simulation.ts";

/** Runs of one scenario before the next one is drawn: resolving a configuration costs as much as some runs. */
const EACH = 20;

export interface Simulated {
  readonly runs: number;
  /** The scenario that failed, and its story. */
  readonly failure: { readonly seed: number; readonly name: string; readonly text: string } | undefined;
  /** In how many runs each rare state was reached. */
  readonly rare: Readonly<Record<string, number>>;
}

/** Core prints what an observer throws. Some throw at every event. */
function quietObservers(): Disposable {
  // oxlint-disable-next-line no-console
  const { error } = console;
  const spied = (say: typeof error) => void Object.assign(console, { error: say });
  spied((...said: unknown[]) => {
    if (!String(said[0]).includes("observe() threw")) error(...said);
  });
  return { [Symbol.dispose]: () => spied(error) };
}

export interface SimulateOptions {
  /** Runs altogether, about. */
  readonly runs: number;
  /** The first scenario. Default 1. */
  readonly seed?: number;
  /** Told of each scenario when it is over. */
  readonly progress?: (runs: number) => void;
  /** How long a failure is shrunk. Default 20s. */
  readonly shrink?: `${number}s`;
}

export async function simulate({
  runs: most,
  seed: first = 1,
  progress,
  shrink = "20s",
}: SimulateOptions): Promise<Simulated> {
  const rare: Record<string, number> = Object.fromEntries(RARE.map((name) => [name, 0]));
  let runs = 0;
  using _ = quietObservers();
  for (let seed = first; runs < most; seed++) {
    const report = await explore(simulation(seed), {
      seed,
      seeds: Math.min(EACH, most - runs) - 1,
      budget: "10m",
      shrink,
      onFailure: "return",
    });
    runs += report.runs;
    for (const [name, count] of Object.entries(report.reached)) rare[name] = (rare[name] ?? 0) + count;
    progress?.(runs);
    const { failure } = report;
    if (failure !== undefined) return { runs, failure: { seed, name: failure.name, text: failure.text }, rare };
  }
  return { runs, failure: undefined, rare };
}
