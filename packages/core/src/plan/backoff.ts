import { formatDuration } from "../api/duration.ts";
import type { Policy, RetryRule } from "./plan.ts";

/**
 * The default jitter of exponential back-off, as a share of the wait. Messages that failed together are retried spread over half a wait,
 * and none earlier than the policy says.
 */
const EXPONENTIAL_JITTER = 0.5;

/**
 * How long to wait after `failed` failed attempts (from 1), in milliseconds. Jitter never shortens the wait and never exceeds `maxMs`
 * (contract C10).
 */
export function backoffMs(rule: Omit<RetryRule, "attempts">, failed: number, random: () => number): number {
  const nominal = nominalMs(rule, failed);
  const jitter = jitterOf(rule);
  return jitter === 0 ? nominal : Math.min(Math.ceil(nominal * (1 + random() * jitter)), rule.maxMs);
}

/** The longest wait that {@link backoffMs} can return for `failed`, in milliseconds. */
export function longestBackoffMs(rule: Omit<RetryRule, "attempts">, failed: number): number {
  return Math.min(Math.ceil(nominalMs(rule, failed) * (1 + jitterOf(rule))), rule.maxMs);
}

/** The rule's jitter, or the default of its back-off. */
export function jitterOf({ jitter, backoff }: Pick<RetryRule, "jitter" | "backoff">): number {
  return jitter ?? (backoff === "exponential" ? EXPONENTIAL_JITTER : 0);
}

function nominalMs({ backoff, firstMs, maxMs }: Omit<RetryRule, "attempts">, failed: number): number {
  if (backoff === "constant") return Math.min(firstMs, maxMs);
  if (backoff === "linear") return Math.min(firstMs * failed, maxMs);
  return Math.min(firstMs * 2 ** Math.min(failed - 1, 40), maxMs);
}

/**
 * How long core waits before it resends a message, in milliseconds. Uniform between 0 and a bound that doubles from 100 ms to 5 s. Full
 * jitter spreads many clients best (AWS Architecture Blog, "Exponential Backoff And Jitter"). The publish timeout ends the resending.
 */
export function resendMs(failed: number, random: () => number): number {
  return Math.round(random() * Math.min(100 * 2 ** Math.min(failed - 1, 10), 5_000));
}

/**
 * How long core waits before it calls a failing broker again, in milliseconds. The bound doubles from 100 ms to 10 s. The wait is at least
 * half the bound, so that a loop cannot spin.
 */
export function reconnectMs(failed: number, random: () => number): number {
  const bound = Math.min(100 * 2 ** Math.min(failed - 1, 10), 10_000);
  return Math.round(bound / 2 + (random() * bound) / 2);
}

/** All retry rules of a policy: the general one, and the rule of each error merged with it. */
export function rulesOf(policy: Policy): RetryRule[] {
  const ofErrors = Object.values(policy.errors).filter((rule) => typeof rule === "object");
  return [policy.retry, ...ofErrors.map((rule) => ({ ...policy.retry, ...rule }))];
}

/** The longest single wait of a rule, in milliseconds. */
export function longestWait(rule: RetryRule): number {
  const waits = rule.attempts - 1;
  return waits < 1 ? 0 : longestBackoffMs(rule, waits);
}

/** Says if the broker would delete a message before its attempts are used up. Undefined if the retention is long enough. */
export function retentionProblem(policy: Policy, retentionMs: number): string | undefined {
  if (policy.exhausted === "block" || !Number.isFinite(retentionMs)) return undefined;
  for (const rule of rulesOf(policy)) {
    let waitsMs = 0;
    for (let failed = 1; failed < rule.attempts && waitsMs <= retentionMs; failed++)
      waitsMs += longestBackoffMs(rule, failed);
    if (waitsMs <= retentionMs) continue;
    return `a message is kept for ${formatDuration(retentionMs)}, but ${rule.attempts} attempts may wait ${formatDuration(waitsMs)} or more in total; raise the retention, or lower attempts, first or max`;
  }
  return undefined;
}
