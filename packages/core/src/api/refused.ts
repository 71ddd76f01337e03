declare const refused: unique symbol;

/**
 * Error text as a type: what a wrong use is not assignable to, so that the compiler prints why. No value has it. The key is a
 * symbol, because editors offer every other key for completion.
 *
 * The compiler cuts a type it prints at 320 characters. So a refusal stands alone in its parameter's type or comes first in the
 * intersection: `Refused<…> & Rest`, never `Rest & Refused<…>`.
 */
export interface Refused<Why extends string> {
  readonly [refused]: Why;
}

/** A verdict is `never` (allowed) or a `Refused`: `unknown | Refused` would collapse to `unknown`, so `never` stands for it until here. */
export type Allow<Verdict> = [Verdict] extends [never] ? unknown : Verdict;

type Last<U> = (U extends unknown ? (of: () => U) => void : never) extends (of: infer F) => void
  ? F extends () => infer L
    ? L
    : never
  : never;
/** One text of a union of texts: a template would make one error of each. Evaluated only for errors. */
export type Join<U, Text extends string = ""> = [U] extends [never]
  ? Text
  : Last<U> extends infer L extends string
    ? Join<Exclude<U, L>, Text extends "" ? L : `${L}, ${Text}`>
    : Text;
