import { rulesOf } from "../../plan/backoff.ts";
import { parseDuration } from "../../api/duration.ts";
import type { Model } from "../../driver/index.ts";
import type { Policy, RetryRule } from "../../plan/plan.ts";
import type { Section } from "../layers/section.ts";
import type { PolicyInput, RetryInput } from "../../api/config-input.ts";

/**
 * The default: five deliveries within 15 to 23 seconds, plus the time of the handlers. It survives a short restart of a dependency, not
 * an outage.
 */
const RETRY: RetryRule = { attempts: 5, backoff: "exponential", firstMs: 1_000, maxMs: 300_000 };

export interface PolicyPlan {
  readonly policy: Policy;
  /** The channel that takes the dead letters, if the policy names one. */
  readonly channel?: string;
}

/** A policy and its section of the configuration. */
export type NamedPolicy = PolicyPlan & { readonly section: Section };

/** The policy that a section describes. The model decides what happens to a message that has used up its attempts. */
export function policyOf(input: PolicyInput, model: Model): PolicyPlan {
  const { errors = {}, ...retry } = input.retry ?? {};
  const dead = input.deadLetter ?? true;
  const copied = model === "stream" ? "park" : "deadLetter";
  const exhausted = dead === true || typeof dead === "object" ? copied : dead === false ? "block" : dead;
  const given = rule(retry);
  const general = { ...RETRY, ...withDefaults(given, RETRY) };
  const special = (input: RetryInput) => withDefaults(rule(input), general, given);
  const policy: Policy = {
    retry: general,
    errors: Object.fromEntries(
      Object.entries(errors).map(([name, entry]) => [name, typeof entry === "string" ? entry : special(entry)]),
    ),
    exhausted,
  };
  return typeof dead === "object" ? { policy, channel: dead.channel } : { policy };
}

function rule(input: RetryInput): Partial<RetryRule> {
  return {
    ...(input.attempts === undefined ? {} : { attempts: input.attempts }),
    ...(input.backoff === undefined ? {} : { backoff: input.backoff }),
    ...(input.first === undefined ? {} : { firstMs: parseDuration(input.first)! }),
    ...(input.max === undefined ? {} : { maxMs: parseDuration(input.max)! }),
    ...(input.jitter === undefined ? {} : { jitter: Number(input.jitter) }),
    ...(input.total === undefined ? {} : { totalMs: parseDuration(input.total)! }),
  };
}

/**
 * Adjusts a default that contradicts a given value: the default `max` is raised to a given `first`, and the default `first` is lowered to
 * a given `max`. `inherited` has the given values of the rule that this one inherits from. Two given values that contradict each other
 * are refused in contradictions.ts.
 */
function withDefaults(
  rule: Partial<RetryRule>,
  { firstMs, maxMs }: RetryRule,
  inherited: Partial<RetryRule> = {},
): Partial<RetryRule> {
  if (rule.firstMs !== undefined && rule.maxMs === undefined && inherited.maxMs === undefined)
    return rule.firstMs > maxMs ? { ...rule, maxMs: rule.firstMs } : rule;
  if (rule.maxMs !== undefined && rule.firstMs === undefined && inherited.firstMs === undefined)
    return rule.maxMs < firstMs ? { ...rule, firstMs: rule.maxMs } : rule;
  return rule;
}

/** The broker's limit of deliveries. It is far above the policy's attempts, because crashes and releases count there too (C9). */
export function nativeAttempts(policy: Policy): number {
  return Math.max(10, 2 * Math.max(...rulesOf(policy).map(({ attempts }) => attempts)));
}
