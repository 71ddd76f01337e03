import { backoffMs } from "../backoff.ts";
import type { Policy, RetryRule } from "../plan.ts";
import type { Attempt } from "./attempt.ts";

/** What to do with a delivery after an attempt. */
export type Decision =
  | { readonly action: "ack" }
  /** `asked`: the handler gave the delay itself. */
  | { readonly action: "retry"; readonly delayMs: number; readonly asked: boolean; readonly error: unknown }
  | { readonly action: "release"; readonly error: unknown }
  | Condemned;

/** Not to be tried again: to the dead letters, or whatever the policy does with exhausted messages. */
export interface Condemned {
  readonly action: "deadLetter";
  /** kebab-case: `attempts-exhausted`, `rejected`, `invalid-message`, `unknown-type`, `untyped-message`, `crash-loop`. */
  readonly code: string;
  readonly reason: string;
  readonly error?: unknown;
}

export function decide(policy: Policy, result: Attempt, attempt: number, random: () => number): Decision {
  if (result.verdict === "ack") return { action: "ack" };
  if (result.verdict === "release") return { action: "release", error: result.error };
  if (result.verdict === "deadLetter")
    return { action: "deadLetter", code: "rejected", reason: result.reason, error: result.error };
  const rule = ruleFor(policy, result.error);
  if (rule === "release") return { action: "release", error: result.error };
  if (rule === "deadLetter") {
    return {
      action: "deadLetter",
      code: "rejected",
      reason: `the policy dead-letters ${nameOf(result.error)}`,
      error: result.error,
    };
  }
  if (attempt >= rule.attempts && policy.exhausted !== "block") {
    return {
      action: "deadLetter",
      code: "attempts-exhausted",
      reason: `failed ${attempt} ${attempt === 1 ? "time" : "times"}`,
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

/** The class of an error, for dead letters: its name, never its text. */
export function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  const { name } = error as { name?: unknown };
  return typeof name === "string" && name !== "" ? name : "Error";
}
