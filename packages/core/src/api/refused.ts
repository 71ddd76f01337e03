declare const refused: unique symbol;

/**
 * An error text as a type. Nothing is assignable to it, so for a wrong use the compiler prints the text. The key is a symbol because
 * editors offer every other key for completion.
 *
 * The compiler prints at most 320 characters of a type. Therefore use a refusal alone or first in an intersection: `Refused<…> & Rest`,
 * never `Rest & Refused<…>`.
 */
export interface Refused<Why extends string> {
  readonly [refused]: Why;
}

/**
 * Turns a verdict into the type of a parameter. A verdict is `never` (allowed) or a `Refused`. `unknown` cannot mean "allowed" earlier,
 * because `unknown | Refused` is `unknown`.
 */
export type Allow<Verdict> = [Verdict] extends [never] ? unknown : Verdict;

type Last<U> = (U extends unknown ? (of: () => U) => void : never) extends (of: infer F) => void
  ? F extends () => infer L
    ? L
    : never
  : never;
/** Joins a union of texts into one text. A template type would make one error of each. The compiler evaluates it only for errors. */
export type Join<U, Text extends string = ""> = [U] extends [never]
  ? Text
  : Last<U> extends infer L extends string
    ? Join<Exclude<U, L>, Text extends "" ? L : `${L}, ${Text}`>
    : Text;
