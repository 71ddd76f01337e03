import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Join, Refused } from "./refused.ts";

type Primitive = string | number | boolean | null | undefined;
type Json = Primitive | readonly Json[] | { readonly [key: string]: Json };

/** Types that `JSON.stringify` refuses, empties or changes to another type. The keys are the names used in errors. */
interface NotJson {
  readonly Date: Date;
  readonly bigint: bigint;
  readonly symbol: symbol;
  readonly function: (...args: never) => unknown;
  readonly Map: ReadonlyMap<any, any>;
  readonly Set: ReadonlySet<any>;
  readonly WeakMap: WeakMap<any, any>;
  readonly RegExp: RegExp;
  readonly Promise: PromiseLike<any>;
  readonly bytes: ArrayBuffer | ArrayBufferView;
}
type NotJsonName<T> = { [K in keyof NotJson]: T extends NotJson[K] ? K : never }[keyof NotJson];

/** The paths that JSON cannot carry, such as `placedAt (Date)`. Below six levels only the run-time check of `publish` applies. */
type UnsafePaths<T, Path extends string, Depth extends 0[] = []> = 0 extends 1 & T
  ? never
  : unknown extends T
    ? never
    : T extends Primitive
      ? never
      : [NotJsonName<T>] extends [never]
        ? Depth["length"] extends 6
          ? never
          : T extends readonly (infer E)[]
            ? UnsafePaths<E, `${Path}[]`, [...Depth, 0]>
            : T extends object
              ? {
                  [K in keyof T & string]-?: UnsafePaths<T[K], Path extends "" ? K : `${Path}.${K}`, [...Depth, 0]>;
                }[keyof T & string]
              : never
        : Path extends ""
          ? NotJsonName<T>
          : `${Path} (${NotJsonName<T>})`;

/**
 * `unknown` if JSON can carry the type, otherwise `Refused` with the paths. A message whose whole input is bytes is allowed. The
 * assignability test comes first because it is fast and ends on recursive types.
 */
export type JsonSafe<Name extends string, T> = [T] extends [Json | Uint8Array]
  ? unknown
  : [UnsafePaths<T, "">] extends [never]
    ? unknown
    : Refused<`"${Name}": JSON cannot carry ${Join<UnsafePaths<T, "">>}; let the schema's input be JSON and decode it to the output`>;

/** Checks a schema's input, which is what the wire carries. */
export type WireSafe<Name extends string, Schema> = Schema extends StandardSchemaV1
  ? JsonSafe<Name, StandardSchemaV1.InferInput<Schema>>
  : unknown;
