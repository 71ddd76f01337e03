/** RabbitMQ 4.3 and later can hold back a rejected message itself, for `min` times its failures and at most for `max`. */
import type { Destination } from "@switchyard/core/driver";
import type { Product } from "../client/link.ts";
import { addressOf, isOrdered } from "../names.ts";
import { settingsOf } from "../native.ts";

const SINCE = [4, 3] as const;
/** If the broker's wait would be more than this many times longer than asked, the delay queues are used. */
const MOST_TIMES = 2;

export class BrokerRetry {
  readonly minMs: number;
  readonly maxMs: number;

  constructor(minMs: number, maxMs: number) {
    this.minMs = minMs;
    this.maxMs = maxMs;
  }

  /** True if the broker's own wait after so many failures is at least `delayMs`, and not much longer. */
  fits(delayMs: number, failures: number): boolean {
    const waitMs = Math.min(this.minMs * failures, this.maxMs);
    return waitMs >= delayMs && waitMs <= delayMs * MOST_TIMES;
  }
}

export function delaysRetries({ name, version }: Product): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return name === "RabbitMQ" && (major > SINCE[0] || (major === SINCE[0] && minor >= SINCE[1]));
}

/** Undefined if the configuration does not ask for it, or the queue is not ours to make. */
export function brokerRetryOf(of: Destination): BrokerRetry | undefined {
  const { delayedRetryMs: min, delayedRetryMaxMs: max } = settingsOf(of);
  if (min === undefined || of.dead === true || of.address !== undefined || isOrdered(of)) return undefined;
  return new BrokerRetry(min, max ?? min);
}

export const retryArguments = ({ minMs, maxMs }: BrokerRetry) => ({
  "x-delayed-retry-type": "failed",
  "x-delayed-retry-min": minMs,
  "x-delayed-retry-max": maxMs,
});

/**
 * The name of an exchange that nothing is published to. `apply` makes it beside a queue that has the arguments: AMQP does not say how
 * a queue was made, and a receiver must know it, because without the arguments a rejected message comes back at once.
 */
export const markOf = (of: Destination, { minMs, maxMs }: BrokerRetry): string =>
  `${addressOf(of)}_retry_${minMs}_${maxMs}`;
