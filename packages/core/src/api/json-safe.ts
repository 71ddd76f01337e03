import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Join, Refused } from "./refused.ts";

type Primitive = string | number | boolean | null | undefined;
type Json = Primitive | readonly Json[] | { readonly [key: string]: Json };

/** By the name the error gives it. `JSON.stringify` throws on these, empties them, or turns them into something of another type. */
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

/** The paths JSON cannot carry, `placedAt (Date)`; beyond six levels only the run-time check of `publish` looks. */
type Bad<T, Path extends string, Depth extends 0[] = []> = 0 extends 1 & T
  ? never
  : unknown extends T
    ? never
    : T extends Primitive
      ? never
      : [NotJsonName<T>] extends [never]
        ? Depth["length"] extends 6
          ? never
          : T extends readonly (infer E)[]
            ? Bad<E, `${Path}[]`, [...Depth, 0]>
            : T extends object
              ? { [K in keyof T & string]-?: Bad<T[K], Path extends "" ? K : `${Path}.${K}`, [...Depth, 0]> }[keyof T &
                  string]
              : never
        : Path extends ""
          ? NotJsonName<T>
          : `${Path} (${NotJsonName<T>})`;

/**
 * `unknown` where JSON carries the type, else `Refused` with the path. A message whose whole input is bytes is allowed.
 * The assignability test goes first: it is fast, and it ends on recursive types.
 */
export type JsonSafe<Name extends string, T> = [T] extends [Json | Uint8Array]
  ? unknown
  : [Bad<T, "">] extends [never]
    ? unknown
    : Refused<`"${Name}": JSON cannot carry ${Join<Bad<T, "">>}; let the schema's input be JSON and decode it to the output`>;

/** What is on the wire is the schema's input. */
export type WireSafe<Name extends string, Schema> = Schema extends StandardSchemaV1
  ? JsonSafe<Name, StandardSchemaV1.InferInput<Schema>>
  : unknown;
