import { type Duration, parseDuration } from "../duration.ts";
import type { ConsumerShape, MiddlewareShape } from "../shapes.ts";
import { verdictKind, verdictOf } from "../verdicts.ts";

/** How one attempt ended. `failed`: the policy decides. */
export type Attempt =
  | { readonly verdict: "ack" }
  | { readonly verdict: "failed"; readonly error: unknown }
  | { readonly verdict: "retry"; readonly error: unknown; readonly delayMs?: number }
  | { readonly verdict: "deadLetter"; readonly error: unknown; readonly reason: string }
  | { readonly verdict: "release"; readonly error: unknown };

export const ACK: Attempt = { verdict: "ack" };

/** What was thrown, as a verdict. A delay that is no duration is the handler's bug: a failed attempt. */
export function verdictFor(error: unknown): Attempt {
  const verdict = verdictOf(error);
  if (verdict === undefined) return { verdict: "failed", error };
  const kind = verdictKind(verdict);
  if (kind === "release") return { verdict: "release", error };
  if (kind === "deadLetter")
    return { verdict: "deadLetter", error, reason: (verdict as { reason?: string }).reason ?? verdict.message };
  const delay = (verdict as { delay?: Duration }).delay;
  const delayMs = delay === undefined ? undefined : parseDuration(delay);
  return delayMs === undefined ? { verdict: "retry", error } : { verdict: "retry", error, delayMs };
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Runs the handler; a promise only where the handler or a middleware gave one. What it returns is ignored. */
export function runHandler(
  consumer: ConsumerShape,
  type: string,
  data: unknown,
  delivery: object,
): Attempt | Promise<Attempt> {
  const handler = consumer.handlers[type] ?? consumer.handlers["*"];
  if (handler === undefined || handler === "ignore") return ACK;
  const use = consumer.options.use;
  try {
    const result =
      use === undefined || use.length === 0
        ? handler(data, delivery)
        : throughMiddleware(use, delivery, () => handler(data, delivery));
    return isPromise(result) ? settled(result) : ACK;
  } catch (error) {
    return verdictFor(error);
  }
}

/** What batch handlers see is built by the caller; its verdicts per item are the caller's too. */
export async function settled(result: PromiseLike<unknown>): Promise<Attempt> {
  try {
    await result;
    return ACK;
  } catch (error) {
    return verdictFor(error);
  }
}

/** Each middleware runs once around what follows it; what it passes to `next` appears on the delivery. */
export function throughMiddleware(
  use: readonly MiddlewareShape[],
  delivery: object,
  inner: () => unknown,
): Promise<void> {
  const step = async (index: number): Promise<void> => {
    const current = use[index];
    if (current === undefined) {
      await inner();
      return;
    }
    let called = false;
    await current.run(delivery, async (add) => {
      if (called) throw new Error("a middleware called next() twice; an attempt runs its handler once");
      called = true;
      if (add !== undefined) Object.assign(delivery, add);
      await step(index + 1);
    });
    // A middleware that neither calls next() nor throws has acknowledged the message itself (a deduplicating inbox does).
  };
  return step(0);
}
