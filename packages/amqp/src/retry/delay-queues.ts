/**
 * Delays, by queues with one fixed time to live each: an expired message is dead-lettered to the queue its routing key names.
 * (One queue with a time to live per message would let a long delay hold up a short one behind it.)
 *
 * A delay is a sum of such queues. What is left of it travels with the message; the receiver that gets it too early puts it
 * into the next one before anybody sees it. No clock is compared with another, so a delay is never cut short.
 */
import { HOUR, MINUTE, SECOND } from "../limits.ts";

/** Longest first. */
const STEPS = [12 * HOUR, 2 * HOUR, 15 * MINUTE, 3 * MINUTE, 30 * SECOND, 5 * SECOND, SECOND, 250] as const;
const NAMES = ["12h", "2h", "15m", "3m", "30s", "5s", "1s", "250ms"] as const;
const SHORTEST = STEPS.length - 1;

/** Milliseconds still to wait when the message arrives. */
export const LEFT = "switchyard-delay-left";
/** Failed attempts of earlier copies of the message. */
export const ATTEMPTS = "switchyard-attempts";

export interface DelayQueue {
  /** Of the fanout exchange and of the queue bound to it. */
  readonly name: string;
  readonly ttlMs: number;
}

export const delayQueues = (delays: string): readonly DelayQueue[] =>
  STEPS.map((ttlMs, at) => ({ name: `${delays}_delay_${NAMES[at]}`, ttlMs }));

/** The next queue for a message that has to wait so long, and what is left after it (0: nothing). */
export function nextDelay(delays: string, delayMs: number): { readonly exchange: string; readonly leftMs: number } {
  let at = STEPS.findIndex((step) => step <= delayMs);
  if (at === -1) at = SHORTEST;
  return { exchange: `${delays}_delay_${NAMES[at]}`, leftMs: Math.max(0, delayMs - STEPS[at]!) };
}
