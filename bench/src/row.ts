/** One line of the table: the same work by several contenders, and what is asked of ours. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly targets: readonly Target[];
  /** Which servers it needs. */
  readonly servers?: readonly string[];
  /** Rounds that count, in each process; default 7, quick 3. */
  readonly rounds?: Counts;
  /** Processes of each contender, one after another: two of the same contender differ more than two rounds of one. Default 1. */
  readonly processes?: Counts;
  /** Rounds thrown away, in each process; default 2. */
  readonly warmup?: number;
}

/** Of a row where ours is near its target. */
export const JUDGED = { rounds: { full: 7, quick: 4 }, processes: { full: 3, quick: 2 } } as const;

/** As {@link JUDGED}, where a round takes a fraction of a second. */
export const SHORT = { rounds: { full: 15, quick: 12 }, processes: { full: 3, quick: 3 } } as const;

interface Counts {
  readonly full: number;
  readonly quick: number;
}

export interface Contender {
  readonly name: string;
  /** `work/FILE.ts` and the name it exports. */
  readonly file: string;
  readonly work: string;
  readonly flags?: readonly string[];
  /** So far off that little tells: one round thrown away and two that count (quick: one), in the first process alone. */
  readonly aside?: boolean;
  /** The version measured is this package's. */
  readonly package?: string;
}

export const by = (name: string, file: string, work: string, flags: readonly string[] = []): Contender => ({
  name,
  file,
  work,
  flags,
});

/** As {@link by}, of one that is far off. */
export const aside = (name: string, file: string, work: string): Contender => ({ name, file, work, aside: true });

export interface Target {
  readonly metric: string;
  readonly of: string;
  /** A ratio to this contender's, round by round; without it the value itself. */
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What the ratio is, or the value; of a ratio, default whom it is against. */
  readonly unit?: string;
}
