import { RunningContender } from "./contender.ts";
import type { Sample, WorkOptions } from "./measured.ts";
import type { Row, Target } from "./row.ts";
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

/** Contenders take turns, round by round: what else the machine does hits all alike. */
export async function runRow(row: Row, options: WorkOptions): Promise<RowResult> {
  const { full = 7, quick = 3 } = row.rounds ?? {};
  const rounds = options.quick ? quick : full;
  const running: RunningContender[] = [];
  try {
    for (const contender of row.contenders) {
      const started = new RunningContender(contender, options);
      running.push(started);
      await started.ready(ANSWER_MS);
    }
    for (let round = -(row.warmup ?? 2); round < rounds; round++) {
      for (const each of running) {
        const sample = await each.round(ANSWER_MS);
        if (round >= 0 && sample !== undefined) each.samples.push(sample);
      }
    }
  } finally {
    await Promise.all(running.map((each) => each.close()));
  }
  const contenders = running.map(resultOf);
  const targets = row.targets.map((target) => judge(target, contenders));
  return { id: row.id, title: row.title, contenders, targets };
}

function resultOf({ contender, samples, error }: RunningContender): ContenderResult {
  const metrics = Object.keys(samples[0] ?? {});
  const of = (metric: string) => samples.map((sample) => sample[metric] as number);
  return {
    name: contender.name,
    ...(error === undefined ? {} : { error }),
    values: Object.fromEntries(metrics.map((metric) => [metric, median(of(metric))])),
    spreads: Object.fromEntries(metrics.map((metric) => [metric, spread(of(metric))])),
    rounds: samples,
  };
}

function judge(target: Target, contenders: readonly ContenderResult[]): TargetResult {
  const { metric, of, against, atLeast, atMost } = target;
  const find = (name: string) => contenders.find((each) => each.name === name)?.rounds ?? [];
  const ours = find(of).map((sample) => sample[metric] as number);
  const theirs = against === undefined ? undefined : find(against).map((sample) => sample[metric] as number);
  const values =
    theirs === undefined ? ours : ours.slice(0, theirs.length).map((value, i) => value / (theirs[i] as number));
  const reached = median(values);
  const met = reached >= (atLeast ?? Number.NEGATIVE_INFINITY) && reached <= (atMost ?? Number.POSITIVE_INFINITY);
  return { ...target, reached, spread: spread(values), met };
}
