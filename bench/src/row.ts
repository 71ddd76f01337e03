/** One line of the table: the same work by several contenders, and what is asked of ours. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly targets: readonly Target[];
  /** Which servers it needs. */
  readonly servers?: readonly string[];
  /** Rounds that count; default 7, quick 3. */
  readonly rounds?: { readonly full: number; readonly quick: number };
  /** Rounds thrown away; default 2. */
  readonly warmup?: number;
}

export interface Contender {
  readonly name: string;
  /** `work/FILE.ts` and the name it exports. */
  readonly file: string;
  readonly work: string;
  readonly flags?: readonly string[];
  /** The version measured is this package's. */
  readonly package?: string;
}

export const by = (name: string, file: string, work: string, flags: readonly string[] = []): Contender => ({
  name,
  file,
  work,
  flags,
});

export interface Target {
  readonly metric: string;
  readonly of: string;
  /** A ratio to this contender's, round by round; without it the value itself. */
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit?: string;
}
