import { type Duration, parseDuration } from "../../api/duration.ts";
import { MessagingError } from "../../api/errors.ts";
import type { ConsumerShape, MiddlewareShape } from "../../api/shapes.ts";
import { verdictKind, verdictOf } from "../../api/verdicts.ts";

/** How one attempt ended. For `failed` the retry policy decides. `unbegun`: a middleware ended it before the handler had begun. */
export type Attempt =
  | { readonly verdict: "ack" }
  | { readonly verdict: "failed"; readonly error: unknown; readonly unbegun?: true }
  | { readonly verdict: "retry"; readonly error: unknown; readonly delayMs?: number; readonly unbegun?: true }
  | { readonly verdict: "deadLetter"; readonly error: unknown; readonly reason: string }
  | { readonly verdict: "release"; readonly error: unknown; readonly delayMs?: number; readonly orSooner?: true }
  | { readonly verdict: "down"; readonly error: unknown; readonly unbegun?: true }
  | { readonly verdict: "skip"; readonly error: unknown; readonly reason: string };

export const ACK: Attempt = { verdict: "ack" };

/** Turns a thrown value into a verdict. A `Retry` whose delay is not a duration uses the policy's delay. */
export function verdictFor(error: unknown): Attempt {
  try {
    return read(error);
  } catch {
    // The value has throwing getters or is a revoked proxy.
    return { verdict: "failed", error: new Error("the handler threw something that cannot be read") };
  }
}

function read(error: unknown): Attempt {
  legible(error);
  const verdict = verdictOf(error);
  if (verdict === undefined) return { verdict: "failed", error };
  const kind = verdictKind(verdict);
  if (kind === "down") return { verdict: "down", error };
  if (kind === "deadLetter" || kind === "skip") {
    const { reason } = verdict as { reason?: unknown };
    return { verdict: kind, error, reason: typeof reason === "string" ? reason : verdict.message };
  }
  const delay = (verdict as { delay?: Duration }).delay;
  const delayMs = delay === undefined ? undefined : parseDuration(delay);
  if (kind !== "release")
    return delayMs === undefined ? { verdict: "retry", error } : { verdict: "retry", error, delayMs };
  if (delayMs === undefined) return { verdict: kind, error };
  const soft = (verdict as { orSooner?: unknown }).orSooner === true;
  return soft ? { verdict: kind, error, delayMs, orSooner: true } : { verdict: kind, error, delayMs };
}

/** Ignores a returned value unless it is a verdict: `return new Retry()` means the same as `throw new Retry()`. */
function returned(value: unknown): Attempt {
  try {
    return verdictOf(value) === undefined ? ACK : verdictFor(value);
  } catch {
    return ACK;
  }
}

/** Reads every property that the retry policy will read, and so throws here if one cannot be read. */
function legible(error: unknown): void {
  for (let current = error, depth = 0; typeof current === "object" && current !== null && depth < 10; depth++) {
    for (const key of ["name", "code", "message"]) Reflect.get(current, key);
    current = (current as { cause?: unknown }).cause;
  }
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Runs the handler. Returns a promise only if the handler or a middleware returned one. */
export function runHandler(
  consumer: ConsumerShape,
  type: string,
  data: unknown,
  delivery: object,
): Attempt | Promise<Attempt> {
  const handler = Object.hasOwn(consumer.handlers, type) ? consumer.handlers[type] : consumer.handlers["*"];
  if (handler === undefined || handler === "ignore") return ACK;
  const use = consumer.options.use;
  if (use !== undefined && use.length > 0) return runInMiddleware(use, handler, data, delivery);
  try {
    const result = handler(data, delivery);
    if (result === undefined) return ACK;
    return isPromise(result) ? attemptOf(result) : returned(result);
  } catch (error) {
    return verdictFor(error);
  }
}

async function runInMiddleware(
  use: readonly MiddlewareShape[],
  handler: (data: unknown, delivery: object) => unknown,
  data: unknown,
  delivery: object,
): Promise<Attempt> {
  let begun = false;
  const inner = () => {
    begun = true;
    return handler(data, delivery);
  };
  const attempt = await attemptOf(throughMiddleware(use, delivery, inner));
  return begun ? attempt : beforeHandler(attempt);
}

/** An attempt that ended before its handler had begun. */
export function beforeHandler(attempt: Attempt): Attempt {
  const { verdict } = attempt;
  return verdict === "down" || verdict === "failed" || verdict === "retry" ? { ...attempt, unbegun: true } : attempt;
}

/** Awaits a handler's result and turns it into an {@link Attempt}. Never rejects. */
export async function attemptOf(result: PromiseLike<unknown>): Promise<Attempt> {
  try {
    const value = await result;
    return value === undefined ? ACK : returned(value);
  } catch (error) {
    return verdictFor(error);
  }
}

/** Runs each middleware once around the rest of the chain. Fields that a middleware passes to `next` are added to the delivery. */
export function throughMiddleware(
  use: readonly MiddlewareShape[],
  delivery: object,
  inner: () => unknown,
): Promise<void> {
  const step = async (index: number): Promise<void> => {
    const current = use[index];
    if (current === undefined) return refuseVerdict(await inner());
    let rest: Watched | undefined;
    let over = false;
    const result: unknown = await current.run(delivery, (add) => {
      if (rest !== undefined) throw new Error("a middleware called next() twice; an attempt runs its handler once");
      if (over) throw new Error("a middleware called next() after it had ended; the message is settled");
      rest = new Watched(async () => {
        if (add !== undefined) Object.assign(delivery, add);
        await step(index + 1);
      });
      return rest as unknown as Promise<void>;
    });
    over = true;
    // The middleware did not await next(): wait for the handler here, so that its failure counts.
    if (rest?.seen === false) await rest;
    if (rest === undefined && verdictOf(result) === undefined)
      throw forgotten(`middleware ${index + 1} of the consumer`);
    refuseVerdict(result);
  };
  return step(0);
}

/** Throws a returned verdict: returning one means the same as throwing it. */
function refuseVerdict(result: unknown): void {
  if (result !== undefined && verdictOf(result) !== undefined) throw result;
}

/** The error for a missing `next()`, which must not acknowledge a message that no handler saw. */
export function forgotten(which: string): MessagingError {
  const text = `${which} ended without calling next(): call it to go on, or throw new Skip(reason) to settle the message unhandled`;
  return new MessagingError("next-not-called", text, { kind: "config" });
}

/** A promise that records whether it was awaited. */
class Watched implements PromiseLike<void> {
  readonly #running: Promise<void>;
  seen = false;

  constructor(run: () => Promise<void>) {
    this.#running = run();
    this.#running.catch(() => undefined);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is meant to be awaited
  then<A = void, B = never>(
    done?: ((value: void) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.seen = true;
    return this.#running.then(done, failed);
  }

  catch<B>(failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<void | B> {
    return this.then(undefined, failed);
  }

  finally(ended?: (() => void) | null): Promise<void> {
    this.seen = true;
    return this.#running.finally(ended);
  }
}
