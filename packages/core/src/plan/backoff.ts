import { formatDuration } from "../api/duration.ts";
import type { Policy, RetryRule } from "./plan.ts";

/**
 * The share of an exponential wait that is added at random where the policy does not say. Messages that failed together
 * come back spread over half of each wait, and none earlier than the policy says.
 */
const EXPONENTIAL_JITTER = 0.5;

/**
 * How long to wait after the `failed`th attempt (from 1), in whole milliseconds. Jitter only adds, and never past `maxMs`: the
 * wait is at least what the rule says without it (contract C10).
 */
export function backoffMs(rule: Omit<RetryRule, "attempts">, failed: number, random: () => number): number {
  const nominal = nominalMs(rule, failed);
  const jitter = jitterOf(rule);
  return jitter === 0 ? nominal : Math.min(Math.ceil(nominal * (1 + random() * jitter)), rule.maxMs);
}

/** The longest that {@link backoffMs} may give. */
export function longestBackoffMs(rule: Omit<RetryRule, "attempts">, failed: number): number {
  return Math.min(Math.ceil(nominalMs(rule, failed) * (1 + jitterOf(rule))), rule.maxMs);
}

export function jitterOf({ jitter, backoff }: Pick<RetryRule, "jitter" | "backoff">): number {
  return jitter ?? (backoff === "exponential" ? EXPONENTIAL_JITTER : 0);
}

function nominalMs({ backoff, firstMs, maxMs }: Omit<RetryRule, "attempts">, failed: number): number {
  if (backoff === "constant") return Math.min(firstMs, maxMs);
  if (backoff === "linear") return Math.min(firstMs * failed, maxMs);
  return Math.min(firstMs * 2 ** Math.min(failed - 1, 40), maxMs);
}

/**
 * Our own waits before a resend, which no policy sets: full jitter, uniform between 0 and a bound that doubles from 100 ms to
 * 5 s. It spreads a crowd best (AWS Architecture Blog, "Exponential Backoff And Jitter"); the publish timeout says when to stop.
 */
export function resendMs(failed: number, random: () => number): number {
  return Math.round(random() * Math.min(100 * 2 ** Math.min(failed - 1, 10), 5_000));
}

/** Our own waits on a broker that fails: from 100 ms, doubling to 10 s, never less than half of the bound, so that a loop cannot spin. */
export function reconnectMs(failed: number, random: () => number): number {
  const bound = Math.min(100 * 2 ** Math.min(failed - 1, 10), 10_000);
  return Math.round(bound / 2 + (random() * bound) / 2);
}

/** Every rule in use: the general one, and each error's over it. */
export function rulesOf(policy: Policy): RetryRule[] {
  const special = Object.values(policy.errors).filter((what) => typeof what === "object");
  return [policy.retry, ...special.map((what) => ({ ...policy.retry, ...what }))];
}

/** The longest wait a rule can come to before its attempts are used up. */
export function longestWait(rule: RetryRule): number {
  const waits = rule.attempts - 1;
  return waits < 1 ? 0 : longestBackoffMs(rule, waits);
}

/** Why a message would be gone before the policy's attempts are used up; undefined: it would not. */
export function retentionProblem(policy: Policy, retentionMs: number): string | undefined {
  if (policy.exhausted === "block" || !Number.isFinite(retentionMs)) return undefined;
  for (const rule of rulesOf(policy)) {
    let waitsMs = 0;
    for (let failed = 1; failed < rule.attempts && waitsMs <= retentionMs; failed++)
      waitsMs += longestBackoffMs(rule, failed);
    if (waitsMs <= retentionMs) continue;
    return `a message is kept for ${formatDuration(retentionMs)}, and ${rule.attempts} attempts may wait ${formatDuration(waitsMs)} or more in all; raise the retention, or lower attempts, first or max`;
  }
  return undefined;
}
