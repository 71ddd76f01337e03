import { formatDuration } from "../../api/duration.ts";
import { causesOf } from "../../base/causes.ts";
import { backoffMs } from "../../plan/backoff.ts";
import type { Condemned } from "../lease/held-message.ts";
import type { Policy, RetryRule } from "../../plan/plan.ts";
import type { Attempt } from "./run.ts";
import { nameOf, withError } from "./describe-error.ts";

/** What to do with a delivery after an attempt. */
export type Decision =
  | { readonly action: "ack" }
  /** `asked`: the handler chose the delay itself. */
  | { readonly action: "retry"; readonly delayMs: number; readonly asked: boolean; readonly error: unknown }
  /** `orSooner`: a delay that cannot be kept is left out. */
  | { readonly action: "release"; readonly delayMs?: number; readonly orSooner?: true; readonly error: unknown }
  /** Something that the handler needs is down. The attempt does not count. */
  | { readonly action: "down"; readonly error: unknown }
  /** The handler or a middleware threw `Skip`. */
  | { readonly action: "skip"; readonly reason: string; readonly error: unknown }
  | Condemned;

/** What a decision depends on beside the policy and the attempt. */
export interface Circumstances {
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The most attempts of this copy of the message, if it says so itself: the canary of a redrive has one. */
  readonly maxAttempts?: number | undefined;
  /** For how long the message has been tried, in milliseconds. */
  readonly ageMs: number;
  /** Something that the handler needs is down: see {@link isDown}. */
  readonly down: boolean;
  /**
   * A handler has begun on the message, or an attempt of it has failed, as far as this process knows. `retry.total` ends nothing
   * before that.
   */
  readonly attempted: boolean;
  readonly random: () => number;
  /** Gives an error's class and message as a dead letter may show them. */
  readonly describe: (error: unknown) => string;
  /** Redacts a reason that the handler gave. */
  readonly redact: (reason: string) => string;
}

/** Decides what happens after an attempt. */
export function decide(
  policy: Policy,
  result: Attempt,
  { attempt, maxAttempts, ageMs, down, attempted, random, describe, redact }: Circumstances,
): Decision {
  if (result.verdict === "ack") return { action: "ack" };
  if (result.verdict === "skip") return { action: "skip", reason: redact(result.reason), error: result.error };
  if (result.verdict === "release") {
    const { verdict, ...asked } = result;
    return { action: verdict, ...asked };
  }
  if (result.verdict === "deadLetter")
    return { action: "deadLetter", code: "rejected", reason: redact(result.reason), error: result.error };
  const { totalMs } = policy.retry;
  const over = totalMs !== undefined && ageMs >= totalMs && policy.exhausted !== "block";
  if (down && !(over && attempted)) return { action: "down", error: result.error };
  const rule = ruleFor(policy, result.error);
  if (rule === "release") return { action: "release", error: result.error };
  if (rule === "deadLetter") {
    return {
      action: "deadLetter",
      code: "rejected",
      reason: withError(`the policy dead-letters ${nameOf(result.error)}`, describe(result.error)),
      error: result.error,
    };
  }
  const limited = maxAttempts !== undefined && maxAttempts < rule.attempts;
  if (over || (attempt >= (limited ? maxAttempts : rule.attempts) && policy.exhausted !== "block")) {
    const times = `failed ${attempt} ${attempt === 1 ? "time" : "times"}`;
    const within = over
      ? `, and its ${formatDuration(totalMs)} are over`
      : limited
        ? " as the canary of a redrive"
        : "";
    return {
      action: "deadLetter",
      code: over ? "retry-time-over" : "attempts-exhausted",
      reason: withError(times + within, describe(result.error)),
      error: result.error,
    };
  }
  const asked = result.verdict === "retry" ? result.delayMs : undefined;
  return {
    action: "retry",
    delayMs: asked ?? backoffMs(rule, attempt, random),
    asked: asked !== undefined,
    error: result.error,
  };
}

/**
 * True if an attempt failed because something that the handler needs is down: it said so, or its error is one of the breaker's, `downOn`,
 * by name or code. A verdict such as `DeadLetter` speaks of the message, whatever its cause.
 */
export function isDown(result: Attempt, downOn: readonly string[] | undefined): boolean {
  const { verdict } = result;
  if (verdict === "failed" || verdict === "retry") return isListed(result.error, downOn);
  return verdict === "down";
}

/** True if the error, or one of its causes, has one of the names or codes. */
function isListed(error: unknown, names: readonly string[] | undefined): boolean {
  if (names === undefined) return false;
  if (names.includes("*")) return true;
  for (const cause of causesOf(error)) {
    const { name, code } = cause as { readonly name?: unknown; readonly code?: unknown };
    if (names.includes(name as string) || names.includes(code as string)) return true;
  }
  return false;
}

function ruleFor(policy: Policy, error: unknown): RetryRule | "deadLetter" | "release" {
  for (let current = error, depth = 0; typeof current === "object" && current !== null && depth < 10; depth++) {
    const { name, code, cause } = current as { name?: unknown; code?: unknown; cause?: unknown };
    for (const key of [name, code]) {
      if (typeof key !== "string" || !Object.hasOwn(policy.errors, key)) continue;
      const found = policy.errors[key] as Partial<RetryRule> | "deadLetter" | "release";
      return typeof found === "string" ? found : { ...policy.retry, ...found };
    }
    current = cause;
  }
  return policy.retry;
}
