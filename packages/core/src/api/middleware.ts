import type { AnyDelivery } from "./delivery.ts";
import { MessagingError } from "./errors.ts";
import type { Refused } from "./refused.ts";
import type { Branded, MiddlewareShape } from "./shapes.ts";

/** Runs around the handler of every delivery. The fields it passes to `next()` appear on `delivery`, with their types. */
export interface Middleware<Added extends object = {}> extends MiddlewareShape {
  /** Never set; it exists only for the compiler. It is a symbol so that editors do not offer it. */
  readonly [Symbol.species]?: Added;
}

declare const passed: unique symbol;

/** What `next()` resolves to, for the compiler. At run time it is undefined. */
export interface Passed<Added> {
  readonly [passed]: Added;
}

type NoReplacing<Added> = {
  readonly [K in keyof Added & keyof AnyDelivery]: Refused<`next() cannot replace delivery.${K}`>;
};

interface Next {
  (): Promise<Passed<{}>>;
  <Added extends object>(add: NoReplacing<Added> & Added): Promise<Passed<Added>>;
}

/**
 * Middleware that adds nothing may omit the `return`. This is one signature because overloads would fix the type of `next` too early.
 */
type Returned<Added> = {} extends Added ? Passed<Added> | void : Passed<Added>;

/** All fields that a list of middleware adds to the delivery. */
export type Adds<U extends readonly Middleware<any>[]> = U extends readonly [
  Middleware<infer A>,
  ...infer Rest extends readonly Middleware<any>[],
]
  ? A & Adds<Rest>
  : {};

/**
 * Declares a function that runs around handlers: `middleware((delivery, next) => pool.transaction((tx) => next({ tx })))`.
 *
 * The function must call `next()` exactly once and return its result, from which the compiler learns what was added. If the function
 * throws, or lets an error of `next()` through, the attempt has failed. `throw new Skip("a duplicate")` settles a message without
 * handling it. Returning without calling `next()` is a mistake and a failed attempt (`next-not-called`).
 *
 * @throws MessagingError `bad-middleware` if the argument is not a function.
 */
export function middleware<Added extends object = {}>(
  run: (delivery: AnyDelivery, next: Next) => Promise<Returned<Added>>,
): Middleware<Added>;
export function middleware(run: (delivery: AnyDelivery, next: any) => Promise<any>): MiddlewareShape {
  if (typeof run !== "function") {
    throw new MessagingError("bad-middleware", "middleware() takes a function of delivery and next", {
      kind: "config",
    });
  }
  return Object.freeze({ "~switchyard": "middleware", run } satisfies MiddlewareShape & Branded<"middleware">);
}
