import type { RetryRule } from "./plan.ts";

/**
 * How long to wait after the `failed`th attempt (from 1). `exponential` has full jitter: uniform between 0 and the
 * doubling bound, which spreads a crowd best (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function backoffMs(
  rule: Pick<RetryRule, "backoff" | "firstMs" | "maxMs">,
  failed: number,
  random: () => number,
): number {
  if (rule.backoff === "constant") return Math.min(rule.firstMs, rule.maxMs);
  if (rule.backoff === "linear") return Math.min(rule.firstMs * failed, rule.maxMs);
  return Math.round(random() * Math.min(rule.firstMs * 2 ** Math.min(failed - 1, 40), rule.maxMs));
}

/** Our own waits on a broker that fails: from 100 ms, doubling to 10 s, never less than half of the bound, so that a loop cannot spin. */
export function reconnectMs(failed: number, random: () => number): number {
  const bound = Math.min(100 * 2 ** Math.min(failed - 1, 10), 10_000);
  return Math.round(bound / 2 + (random() * bound) / 2);
}
