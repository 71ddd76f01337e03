/** How often a quorum queue takes a message back before it moves it to the dead letters, whatever it comes back for. */
import type { Destination, Existing } from "@switchyard/core/driver";
import { NO_DELIVERY_LIMIT } from "../limits.ts";

/**
 * Deliveries the broker allows. A queue's limit is fixed when it is made, and nothing raises it later: RabbitMQ takes the lower of
 * argument and policy. The policy's attempts must be free to change, so one limit serves every policy of up to 50 attempts, and
 * the next all others.
 */
const STEPS = [100, 2_000] as const;

/** The limit counts what comes back: one less than the times it is delivered. */
export function deliveryLimitOf({ deadLetter, nativeAttempts }: Destination): number {
  if (deadLetter === undefined || nativeAttempts === undefined) return NO_DELIVERY_LIMIT;
  // Fewer than any policy asks for are meant exactly.
  const allowed =
    nativeAttempts < 10 ? nativeAttempts : (STEPS.find((step) => step >= nativeAttempts) ?? nativeAttempts);
  return Math.max(0, allowed - 1);
}

/**
 * The least limit that will do on a queue that is there: above the policy's attempts, which are at most half of
 * `nativeAttempts`.
 */
export function leastLimitOf({ deadLetter, nativeAttempts }: Destination): number {
  return deadLetter === undefined || nativeAttempts === undefined ? NO_DELIVERY_LIMIT : Math.ceil(nativeAttempts / 2);
}

/** RabbitMQ 4 gives up after so many returns where a queue has no limit of its own. */
const BROKERS_OWN = 20;

/**
 * Returns that are safe: another one more may be one too many. A queue of ours may have been made for another policy; of a queue
 * by `address` its limit is known where it could be asked for.
 */
export function safeReturns(of: Destination, { deliveries }: Existing): number {
  if (deliveries !== undefined) return deliveries.count - 1;
  return of.address === undefined ? leastLimitOf(of) : BROKERS_OWN;
}
