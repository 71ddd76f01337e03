/** How often a message may go back to a quorum queue, for any reason, before the queue moves it to the dead letters. */
import type { Destination, Existing } from "@switchyard/core/driver";
import { NO_DELIVERY_LIMIT } from "../limits.ts";

/**
 * The deliveries that the broker allows. A queue's limit is fixed when the queue is made, and nothing raises it later: RabbitMQ takes
 * the lower of argument and policy. The attempts of a retry policy must be free to change, so one limit serves all policies of up
 * to 50 attempts, and the next one all others.
 */
const STEPS = [100, 2_000] as const;

/** `x-delivery-limit` of a queue. It counts returns, which are one fewer than deliveries. */
export function deliveryLimitOf({ deadLetter, nativeAttempts }: Destination): number {
  if (deadLetter === undefined || nativeAttempts === undefined) return NO_DELIVERY_LIMIT;
  // A policy never asks for fewer than ten. A smaller number is meant exactly.
  const allowed =
    nativeAttempts < 10 ? nativeAttempts : (STEPS.find((step) => step >= nativeAttempts) ?? nativeAttempts);
  return Math.max(0, allowed - 1);
}

/**
 * The lowest limit that is enough on an existing queue. It is above the policy's attempts, which are at most half of
 * `nativeAttempts`.
 */
export function leastLimitOf({ deadLetter, nativeAttempts }: Destination): number {
  return deadLetter === undefined || nativeAttempts === undefined ? NO_DELIVERY_LIMIT : Math.ceil(nativeAttempts / 2);
}

/** The limit of RabbitMQ 4 for a queue that has none of its own. */
const BROKERS_OWN = 20;

/**
 * How often a message can go back without danger. One return more may be one too many. A queue of ours may have been made for another
 * policy. The limit of a queue given by `address` is known if the broker could be asked for it.
 */
export function safeReturns(of: Destination, { deliveries }: Existing): number {
  if (deliveries !== undefined) return deliveries.count - 1;
  return of.address === undefined ? leastLimitOf(of) : BROKERS_OWN;
}
