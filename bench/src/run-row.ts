import { RunningContender } from "./contender.ts";
import type { Sample, WorkOptions } from "./measured.ts";
import type { Contender, Row, Target } from "./row.ts";
import { median, spread } from "./stats.ts";

export interface ContenderResult {
  readonly name: string;
  readonly error?: string;
  /** Medians. */
  readonly values: Sample;
  readonly spreads: Sample;
  readonly rounds: readonly Sample[];
}

export interface TargetResult extends Target {
  /** The median ratio, or value. */
  readonly reached: number;
  readonly spread: number;
  readonly met: boolean;
}

export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly contenders: readonly ContenderResult[];
  readonly targets: readonly TargetResult[];
}

const ANSWER_MS = 45_000;

/** What each round of a contender gave, by the round's place in the row. */
interface Taken {
  readonly contender: Contender;
  readonly samples: Map<number, Sample>;
  error: string | undefined;
}

/** Contenders take turns, round by round: what else the machine does hits all alike. */
export async function runRow(row: Row, options: WorkOptions): Promise<RowResult> {
  const of = ({ full, quick }: { full: number; quick: number }) => (options.quick ? quick : full);
  const rounds = of(row.rounds ?? { full: 7, quick: 3 });
  const processes = of(row.processes ?? { full: 1, quick: 1 });
  const all = row.contenders.map((contender): Taken => ({ contender, samples: new Map(), error: undefined }));
  for (let process = 0; process < processes; process++) {
    const taking = all.filter(({ contender, error }) => error === undefined && (process === 0 || !contender.aside));
    await runProcesses(taking, { rounds, warmup: row.warmup ?? 2, from: process * rounds }, options);
  }
  const contenders = all.map(resultOf);
  const targets = row.targets.map((target) => judge(target, all));
  return { id: row.id, title: row.title, contenders, targets };
}

interface Turns {
  readonly rounds: number;
  readonly warmup: number;
  /** The first round's place in the row. */
  readonly from: number;
}

async function runProcesses(taking: readonly Taken[], turns: Turns, options: WorkOptions): Promise<void> {
  const { rounds, warmup, from } = turns;
  const last = Math.min(rounds, options.quick ? 1 : 2);
  const running: RunningContender[] = [];
  try {
    for (const { contender } of taking) {
      const started = new RunningContender(contender, options);
      running.push(started);
      await started.ready(ANSWER_MS);
    }
    for (let round = -warmup; round < rounds; round++) {
      for (const [i, each] of running.entries()) {
        const { contender, samples } = taking[i]!;
        if (contender.aside && (round < -1 || round >= last)) continue;
        const sample = await each.round(ANSWER_MS);
        if (round >= 0 && sample !== undefined) samples.set(from + round, sample);
      }
    }
  } finally {
    await Promise.all(running.map((each) => each.close()));
    running.forEach(({ error }, i) => {
      taking[i]!.error = error;
    });
  }
}

function resultOf({ contender, samples, error }: Taken): ContenderResult {
  const rounds = [...samples.values()];
  const metrics = Object.keys(rounds[0] ?? {});
  const of = (metric: string) => rounds.map((sample) => sample[metric] as number);
  return {
    name: contender.name,
    ...(error === undefined ? {} : { error }),
    values: Object.fromEntries(metrics.map((metric) => [metric, median(of(metric))])),
    spreads: Object.fromEntries(metrics.map((metric) => [metric, spread(of(metric))])),
    rounds,
  };
}

/** A ratio is that of one round, in which all had the same machine. */
function judge(target: Target, all: readonly Taken[]): TargetResult {
  const { metric, of, against, atLeast, atMost } = target;
  const find = (name: string) =>
    all.find(({ contender }) => contender.name === name)?.samples ?? new Map<number, Sample>();
  const ours = find(of);
  const theirs = against === undefined ? undefined : find(against);
  const values: number[] = [];
  for (const [round, sample] of ours) {
    const beside = theirs === undefined ? 1 : theirs.get(round)?.[metric];
    if (beside !== undefined) values.push((sample[metric] as number) / beside);
  }
  const reached = median(values);
  const met = reached >= (atLeast ?? Number.NEGATIVE_INFINITY) && reached <= (atMost ?? Number.POSITIVE_INFINITY);
  return { ...target, reached, spread: spread(values), met };
}
