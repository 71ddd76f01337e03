import type { AnyDelivery } from "./delivery.ts";
import { MessagingError } from "./errors.ts";
import type { Refused } from "./refused.ts";
import type { Branded, MiddlewareShape } from "./shapes.ts";

/** Runs around the handler of every delivery; what it passes to `next()` appears on `delivery`, typed. */
export interface Middleware<Added extends object = {}> extends MiddlewareShape {
  /** Never set: for the compiler; a symbol so that editors do not offer it. */
  readonly [Symbol.species]?: Added;
}

declare const passed: unique symbol;

/** What `next()` resolves to, for the compiler; at run time there is no value. */
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

/** Only middleware that adds nothing may leave the `return` out. One signature, because overloads would fix the type of `next` too early. */
type Returned<Added> = {} extends Added ? Passed<Added> | void : Passed<Added>;

/** All that a list of middleware adds. */
export type Adds<U extends readonly Middleware<any>[]> = U extends readonly [
  Middleware<infer A>,
  ...infer Rest extends readonly Middleware<any>[],
]
  ? A & Adds<Rest>
  : {};

/**
 * Wraps a function around handlers: `middleware((delivery, next) => pool.transaction((tx) => next({ tx })))`.
 *
 * Return what `next()` gave: that is what tells the compiler what was added. It must call `next()` exactly once to go on;
 * by throwing, which includes what `next()` throws, it fails the delivery. `throw new Skip("a duplicate")` settles a message
 * that needs no handling; ending without `next()` and without an error is a mistake, and a failed attempt (`next-not-called`).
 *
 * @throws MessagingError `bad-middleware` when given anything but a function.
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
