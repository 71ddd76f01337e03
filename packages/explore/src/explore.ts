/** Many runs of a scenario, the shortest story of what went wrong, and its replay. */
import { type AnyChannel, type Duration, MessagingError } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { asyncProperty, check } from "fast-check";
import { Budget } from "./budget.ts";
import { hashOf, readReplay, type Start, written } from "./choices.ts";
import { type Guard, guarded } from "./guard.ts";
import { type AnyScenario, Prepared } from "./prepared.ts";
import { type Ran, run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Schedule, Schedules } from "./schedules.ts";
import { adviceFor } from "./advice.ts";
import type { Wrong } from "./state.ts";

/** The options of `explore()`. */
export interface ExploreOptions {
  /** How many runs at most. Default 1,000. */
  readonly seeds?: number;
  /** Real time after which no new run begins. Default 20s. */
  readonly budget?: Duration;
  /** Real time after which a failure is shrunk no further. Default 20s. */
  readonly shrink?: Duration;
  /** The first seed. Default 1. With the same one and the same code the same runs are made. */
  readonly seed?: number;
  /** The line of a failure: that run, and no other. */
  readonly replay?: string;
  /** What a failure does. `throw`, the default: the promise rejects with its story. `return`: it is in the report. So is what `sometimes` did
   * not reach. */
  readonly onFailure?: "throw" | "return";
}

/** A failure, shrunk. */
export interface Failure {
  /** What was violated: `never charged twice`. `lost`, `order`, `attempts` and `never-ends` are invariants that nobody has to write. */
  readonly name: string;
  /** The whole story, as the error has it. */
  readonly text: string;
  /** What it took, one sentence for each choice. */
  readonly steps: readonly string[];
  /** For `explore(scenario, { replay })`. */
  readonly replay: string;
  /** How many runs it took to shrink it. */
  readonly shrinks: number;
}

/** What `explore()` did. */
export interface ExploreReport {
  /** Runs until the budget or a failure, without those of shrinking. */
  readonly runs: number;
  readonly failure: Failure | undefined;
  /** Places that read the system's clock or randomness instead of the scenario's, each with what to do. */
  readonly notices: readonly string[];
  /** In how many runs each `sometimes` was reached. */
  readonly reached: Readonly<Record<string, number>>;
}

/**
 * Runs a scenario many times on a virtual clock, each time with other timing, faults and crashes, and checks its invariants. It rejects
 * with the shortest story it finds that violates one, told in words, and with a line that replays it.
 *
 * Also checked in every run: no accepted message is lost, each key keeps its order, attempts count from 1, and everything comes to an
 * end once faults are over.
 *
 * @throws MessagingError (rejects) `explore-failed` with the story; `explore-real-wait` if a handler waits for a real timer or real I/O;
 * `explore-never-reached` if a `sometimes` was not reached; `bad-replay`, `bad-option`.
 */
export async function explore<const Channels extends readonly AnyChannel[], W extends object>(
  scenario: Scenario<Channels, W>,
  options: ExploreOptions = {},
): Promise<ExploreReport> {
  const of = scenario as unknown as AnyScenario;
  const { replay } = options;
  const report = await guarded((guard) =>
    replay === undefined ? search(of, options, guard) : replayed(of, replay, guard),
  );
  const { failure } = report;
  if (failure !== undefined && options.onFailure !== "return")
    throw new MessagingError("explore-failed", failure.text, { kind: "config" });
  return report;
}

/** A run that failed, and how. */
interface Found {
  readonly start: Start;
  readonly wrong: Wrong;
}

async function search(scenario: AnyScenario, options: ExploreOptions, guard: Guard): Promise<ExploreReport> {
  const seeds = options.seeds ?? 1_000;
  const budget = new Budget(duration("budget", options.budget ?? "20s"));
  const shrinkMs = duration("shrink", options.shrink ?? "20s");
  const prepared = new Prepared(scenario);
  const reached: Record<string, number> = Object.fromEntries(
    Object.keys(scenario.sometimes ?? {}).map((name) => [name, 0]),
  );
  let runs = 0;
  let shrinks = 0;
  let shrinkBudget: Budget | undefined;
  let worst: Found | undefined;

  const once = async (schedule: Schedule): Promise<boolean> => {
    const shrinking = worst !== undefined;
    if ((shrinkBudget ?? budget).over) return true;
    const ran = await guard.withoutStacks(() => run(prepared, { ...schedule, recorded: false }, guard));
    if (shrinking) shrinks++;
    else {
      runs++;
      for (const name of ran.reached) reached[name] = (reached[name] ?? 0) + 1;
    }
    schedule.record = ran.choices.record;
    if (ran.wrong === undefined) return true;
    // Shrinking keeps the failure the same one: another that turns up on the way is not followed.
    if (worst !== undefined && worst.wrong.name !== ran.wrong.name) return true;
    worst = { start: { seed: schedule.seed, choices: ran.choices.record }, wrong: ran.wrong };
    shrinkBudget ??= new Budget(shrinkMs);
    return false;
  };
  // The calm course first: it says what follows what, and a scenario that fails without any fault says so at once.
  const calm: Schedule = { seed: options.seed ?? 1, choices: [], record: [] };
  if (await once(calm))
    await check(asyncProperty(new Schedules(), once), { numRuns: seeds, seed: options.seed ?? 1, verbose: 0 });
  const failure = worst === undefined ? undefined : await retold(prepared, worst, guard, shrinks, runs);
  const report = { runs, failure, notices: [...guard.notices.values()], reached };
  const missed = Object.keys(reached).filter((name) => reached[name] === 0);
  if (failure === undefined && missed.length > 0 && options.onFailure !== "return") {
    const text = `${runs} runs never reached ${missed.map((name) => `"${name}"`).join(", ")}: raise seeds, or look whether the scenario still can`;
    throw new MessagingError("explore-never-reached", text, { kind: "config" });
  }
  return report;
}

async function replayed(scenario: AnyScenario, line: string, guard: Guard): Promise<ExploreReport> {
  const { seed, code, trace, choices } = readReplay(line);
  const prepared = new Prepared(scenario);
  await run(prepared, { seed, choices: [] }, guard);
  const ran = await run(prepared, { seed, choices }, guard);
  const notices = [...guard.notices.values()];
  const same = ran.choices.trace === trace;
  const edited = codeOf(scenario) !== code;
  const changed = !same
    ? "The code or the scenario has changed since this line was written: the run no longer goes the same way."
    : edited
      ? "The code or the scenario has changed since this line was written, but the run still goes the same way."
      : undefined;
  if (ran.wrong === undefined) {
    if (changed !== undefined) notices.push(`${changed} It fails no more.`);
    return { runs: 1, failure: undefined, notices, reached: {} };
  }
  const failure = told(scenario, ran, seed, 0, 1);
  const text = changed === undefined ? failure.text : `${changed}\n\n${failure.text}`;
  if (changed !== undefined) notices.push(changed);
  return { runs: 1, failure: { ...failure, text }, notices, reached: {} };
}

/** Makes the run of a failure once more, this time in words. */
async function retold(prepared: Prepared, { start, wrong }: Found, guard: Guard, shrinks: number, runs: number) {
  const ran = await run(prepared, start, guard);
  const failure = told(prepared.scenario, { ...ran, wrong: ran.wrong ?? wrong }, start.seed, shrinks, runs);
  if (ran.wrong?.name === wrong.name) return failure;
  const other = ran.wrong === undefined ? "it did not fail" : `it failed otherwise: ${ran.wrong.text}`;
  const text =
    `${wrong.text}. But when the same run was made again, ${other}. Something in the scenario decides by what a run does not ` +
    `control, such as an id of node:crypto or what it kept from an earlier run. The second run:\n\n${failure.text}`;
  return { ...failure, name: wrong.name, text };
}

/** A failure in words. */
function told(scenario: AnyScenario, ran: Ran, seed: number, shrinks: number, runs: number): Failure {
  const { name, text } = ran.wrong!;
  const { story, choices } = ran;
  const steps = story.chosen.map((entry) => entry.text);
  const replay = written({ seed, code: codeOf(scenario), trace: choices.trace, choices: choices.record });
  const lines = story.lines();
  const parts = [
    `${text}.`,
    steps.length === 0
      ? "It took no fault at all: this is the calm course."
      : `It took ${steps.length === 1 ? "one step" : `${steps.length} steps`}:\n${steps.map((step) => `  - ${step}`).join("\n")}`,
    `The story (! is what the run chose):\n${lines.map((line) => `  ${line}`).join("\n")}`,
    ...adviceFor(name, story),
    `Found in run ${runs}${shrinks > 0 ? `, shrunk in ${shrinks} more` : ""}. To see it again: explore(scenario, { replay: "${replay}" })`,
  ];
  return { name, text: parts.join("\n\n"), steps, replay, shrinks };
}

/** The source of what the user wrote, as far as it can be seen: the scenario's functions and its services. */
function codeOf(scenario: AnyScenario): number {
  const texts: string[] = [];
  const walk = (value: unknown, depth: number): void => {
    if (typeof value === "function") texts.push(String(value));
    else if (typeof value === "object" && value !== null && depth < 3)
      for (const key of Object.keys(value)) walk((value as Record<string, unknown>)[key], depth + 1);
    else texts.push(String(value));
  };
  walk({ ...scenario, channels: scenario.channels.map(({ name }) => name) }, 0);
  return hashOf(texts.join("\n"));
}

function duration(name: string, value: Duration): number {
  const ms = parseDuration(value);
  if (ms === undefined)
    throw new MessagingError("bad-option", `explore({ ${name} }): not a duration, such as 20s or 5m`, {
      kind: "config",
    });
  return ms;
}
