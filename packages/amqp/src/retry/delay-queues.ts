/**
 * Delays are made of queues, each with one fixed time to live. An expired message is dead-lettered to the queue that its routing key
 * names. (In one queue with a time to live for each message, a long delay would hold up the short ones behind it.)
 *
 * A delay is the sum of several such queues. The time that is left travels with the message: a receiver that gets the message too
 * early puts it into the next queue before core sees it. No clock is compared with another, so a delay is never cut short.
 */
import { HOUR, MINUTE, SECOND } from "../limits.ts";

/** Times to live in milliseconds, the longest first. */
const STEPS = [12 * HOUR, 2 * HOUR, 15 * MINUTE, 3 * MINUTE, 30 * SECOND, 5 * SECOND, SECOND, 250] as const;
const NAMES = ["12h", "2h", "15m", "3m", "30s", "5s", "1s", "250ms"] as const;
const SHORTEST = STEPS.length - 1;

/** The header with the milliseconds that the message has yet to wait when it arrives. */
export const LEFT = "switchyard-delay-left";
/** The header with the failed attempts of earlier copies of the message. */
export const ATTEMPTS = "switchyard-attempts";

export interface DelayQueue {
  /** The name of the fanout exchange and of the queue bound to it. */
  readonly name: string;
  readonly ttlMs: number;
}

export const delayQueues = (delays: string): readonly DelayQueue[] =>
  STEPS.map((ttlMs, at) => ({ name: `${delays}_delay_${NAMES[at]}`, ttlMs }));

/** The next delay queue of a message that has to wait for `delayMs`, and the milliseconds that are left after it. */
export function nextDelay(delays: string, delayMs: number): { readonly exchange: string; readonly leftMs: number } {
  let at = STEPS.findIndex((step) => step <= delayMs);
  if (at === -1) at = SHORTEST;
  return { exchange: `${delays}_delay_${NAMES[at]}`, leftMs: Math.max(0, delayMs - STEPS[at]!) };
}
