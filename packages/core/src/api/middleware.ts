import type { AnyDelivery } from "./delivery.ts";
import { MessagingError } from "./errors.ts";
import type { Refused } from "./refused.ts";
import type { Runtime } from "../driver/runtime.ts";
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

/** What a middleware is told of the group that uses it. */
export interface AttachContext {
  readonly runtime: Runtime;
  /** The channel's name. */
  readonly channel: string;
  /** The group's name. */
  readonly group: string;
  /** True if the group handles batches. */
  readonly batch: boolean;
  /**
   * The most deliveries of one ordering key that a handler is given at once. 1 if the group handles no batches, or the channel has no
   * order. Infinity if batches have no limit.
   */
  readonly perKey: number;
  /** How long a hold lasts unless it is extended, in milliseconds. */
  readonly holdMs: number;
  /**
   * For how long a message may come again, in milliseconds: while its queue or stream keeps it, and after that while the dead letters do.
   * Infinity if the broker has no limit.
   */
  readonly keptMs: number;
  /** Reports an operational event, with the channel and the group. */
  emit(event: MiddlewareEvent): void;
}

/** An event that a middleware may report. */
export interface MiddlewareEvent {
  readonly type: "warning";
  readonly level: "warn";
  /** What happened, and what to do. */
  readonly error: MessagingError;
  /** The id of the message that it is about. */
  readonly id?: string;
}

/** Runs around a batch. Deliveries that it neither passes to `next` nor fails are settled as if they had been handled. */
export type RunBatch = (
  deliveries: readonly AnyDelivery[],
  /** Runs the rest for `subset`, and resolves to those of it that did not succeed. Call it once, also for an empty subset. */
  next: (subset: readonly AnyDelivery[], add?: object) => Promise<ReadonlySet<unknown>>,
  /** Ends a delivery that is not passed to `next` with an error or a verdict, such as `Release`. */
  fail: (delivery: AnyDelivery, error: unknown) => void,
) => Promise<void>;

/** What a middleware does for one group. Each field is optional. */
export interface Attached {
  /** Runs in place of the declared function. It can keep what belongs to this group. */
  readonly run?: (delivery: AnyDelivery, next: (add?: object) => Promise<void>) => Promise<void>;
  /** Runs in place of the declared `runBatch`. */
  readonly runBatch?: RunBatch;
  /** Why the group cannot use it, each a sentence that says what to change. `consume()` then throws `middleware-refused`. */
  readonly problems?: readonly string[];
  /** What `explain()` says of it, in one line. */
  readonly explanation?: string;
  /** What it remembers of handled messages. */
  readonly inbox?: AttachedInbox;
  /** Called when messaging stops, after handlers have ended. */
  readonly close?: () => unknown;
}

/** A memory of handled messages. A group that has one is asked at each `replay()` whether to keep it. */
export interface AttachedInbox {
  /** For how long a handled message is remembered, in milliseconds. */
  readonly windowMs: number;
  /** Forgets that messages of the group were handled, so that a replay handles them again. Resolves once every process has forgotten. */
  forget(): Promise<void>;
}

/** The options of `middleware()`. */
export interface MiddlewareOptions {
  /** What errors and `explain()` call it. */
  readonly name: string;
  /** Called by `consume()`, once for each group. It makes no calls. */
  readonly attach?: (to: AttachContext) => Attached;
  /**
   * Runs once around each batch of a batch consumer. Without it, the function runs for each delivery of a batch, all of them at once.
   * If it throws, every delivery of the batch has failed.
   */
  readonly runBatch?: RunBatch;
}

/**
 * Declares a function that runs around handlers: `middleware((delivery, next) => pool.transaction((tx) => next({ tx })))`.
 *
 * The function must call `next()` exactly once and return its result, from which the compiler learns what was added. If the function
 * throws, or lets an error of `next()` through, the attempt has failed. `throw new Skip("a duplicate")` settles a message without
 * handling it. Returning without calling `next()` is a mistake and a failed attempt (`next-not-called`).
 *
 * `options` connect it to the groups that use it: {@link MiddlewareOptions}.
 *
 * @throws MessagingError `bad-middleware` if the argument is not a function, or the options lack a name or have unknown ones.
 */
export function middleware<Added extends object = {}>(
  run: (delivery: AnyDelivery, next: Next) => Promise<Returned<Added>>,
  options?: MiddlewareOptions,
): Middleware<Added>;
export function middleware(
  run: (delivery: AnyDelivery, next: any) => Promise<any>,
  options?: MiddlewareOptions,
): MiddlewareShape {
  if (typeof run !== "function") {
    throw new MessagingError("bad-middleware", "middleware() takes a function of delivery and next", {
      kind: "config",
    });
  }
  if (options !== undefined) {
    const unknown = Object.keys(options).filter((key) => !["name", "attach", "runBatch"].includes(key));
    if (typeof options.name !== "string" || options.name === "" || unknown.length > 0) {
      const text = "middleware() takes a name beside the function, and may take attach and runBatch, nothing else";
      throw new MessagingError("bad-middleware", text, { kind: "config" });
    }
  }
  return Object.freeze({ "~switchyard": "middleware", ...options, run } satisfies MiddlewareShape &
    Branded<"middleware">);
}
