/** Error text as a type: what a wrong use is not assignable to, so that the compiler prints why. No value has it. */
export interface Refused<Why extends string> {
  readonly "~refused": Why;
}

/** A verdict is `never` (allowed) or a `Refused`: `unknown | Refused` would collapse to `unknown`, so `never` stands for it until here. */
export type Allow<Verdict> = [Verdict] extends [never] ? unknown : Verdict;
