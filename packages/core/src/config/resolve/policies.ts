import { rulesOf } from "../../plan/backoff.ts";
import { parseDuration } from "../../api/duration.ts";
import type { Model } from "../../driver/index.ts";
import type { Policy, RetryRule } from "../../plan/plan.ts";
import type { Section } from "../layers/section.ts";
import type { PolicyInput, RetryInput } from "../../api/config-input.ts";

/** Five deliveries over about a quarter of a minute to some minutes: outlives a deployment of a dependency, not an outage. */
const RETRY: RetryRule = { attempts: 5, backoff: "exponential", firstMs: 1_000, maxMs: 300_000 };

export interface PolicyPlan {
  readonly policy: Policy;
  /** The channel that takes the dead letters, where one is named. */
  readonly channel?: string;
}

/** A policy, and where in the configuration it was named. */
export type NamedPolicy = PolicyPlan & { readonly section: Section };

export function policyOf(input: PolicyInput, model: Model): PolicyPlan {
  const { errors = {}, ...retry } = input.retry ?? {};
  const dead = input.deadLetter ?? true;
  const copied = model === "stream" ? "park" : "deadLetter";
  const exhausted = dead === true || typeof dead === "object" ? copied : dead === false ? "block" : dead;
  const policy: Policy = {
    retry: { ...RETRY, ...rule(retry) },
    errors: Object.fromEntries(
      Object.entries(errors).map(([name, what]) => [name, typeof what === "string" ? what : rule(what)]),
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
  };
}

/** The broker's own limit: far above the policy's, since crashes and give-backs count there too (C9). */
export function nativeAttempts(policy: Policy): number {
  return Math.max(10, 2 * Math.max(...rulesOf(policy).map(({ attempts }) => attempts)));
}
