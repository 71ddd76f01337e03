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
  | { readonly action: "release"; readonly error: unknown }
  /** The handler or a middleware threw `Skip`. */
  | { readonly action: "skip"; readonly reason: string; readonly error: unknown }
  | Condemned;

/** Decides what happens after an attempt. `describe` gives an error's class and message as a dead letter may show them. */
export function decide(
  policy: Policy,
  result: Attempt,
  attempt: number,
  random: () => number,
  describe: (error: unknown) => string,
): Decision {
  if (result.verdict === "ack") return { action: "ack" };
  if (result.verdict === "skip") return { action: "skip", reason: result.reason, error: result.error };
  if (result.verdict === "release") return { action: "release", error: result.error };
  if (result.verdict === "deadLetter")
    return { action: "deadLetter", code: "rejected", reason: result.reason, error: result.error };
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
  if (attempt >= rule.attempts && policy.exhausted !== "block") {
    return {
      action: "deadLetter",
      code: "attempts-exhausted",
      reason: withError(`failed ${attempt} ${attempt === 1 ? "time" : "times"}`, describe(result.error)),
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
