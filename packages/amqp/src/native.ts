/** The settings under `native`, which only RabbitMQ has. They are checked before the broker is asked for anything. */
import type { Destination } from "@switchyard/core/driver";
import { DAY } from "./limits.ts";
import { BUCKETS } from "./buckets.ts";
import { isOrdered, partitionsOf } from "./names.ts";
import type { ResolvedOptions } from "./options.ts";
import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";

export interface Settings {
  /** The priority of every message published to it, 0 to 9. A quorum queue of RabbitMQ 4 delivers 5 and above first. */
  readonly priority: number | undefined;
  /** How many messages, and bytes, a queue holds before it refuses more (`reject-publish`). A stream drops its oldest messages instead. */
  readonly maxLength: number | undefined;
  readonly maxLengthBytes: number | undefined;
  /** The number of replicas in a cluster. */
  readonly groupSize: number | undefined;
  /** How long RabbitMQ 4.3 itself holds back a failed message for each of its failures, and at most, in milliseconds. */
  readonly delayedRetryMs: number | undefined;
  readonly delayedRetryMaxMs: number | undefined;
  /** For a stream: the size of its files in bytes. Retention removes whole files. */
  readonly segmentBytes: number | undefined;
}

type Check = readonly [good: (value: unknown, of: Destination) => boolean, allowed: string];

const whole =
  (min: number, max: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

const duration = (value: unknown): boolean => {
  const ms = parseDuration(value);
  return ms !== undefined && ms >= 100 && ms <= DAY;
};

/** The comments are those of docs/transports/rabbitmq.md. */
const CHECKS: Readonly<Record<string, Check>> = {
  /** Of every message published to it. A quorum queue of RabbitMQ 4 takes 5 and above first. Default: none. */
  priority: [whole(0, 9), "a whole number from 0 to 9"],
  /** What a queue takes before it refuses more (`reject-publish`). Default: no limit. */
  maxLength: [
    (value, of) => of.model !== "stream" && whole(1, 2 ** 31)(value),
    "a number of messages, and not for a stream",
  ],
  /** The same in bytes. A stream drops its oldest messages instead. Default: no limit. */
  maxLengthBytes: [whole(1_000, 2 ** 50), "a number of bytes, at least 1000"],
  /** Replicas in a cluster. Default: the broker's. */
  groupSize: [whole(1, 99), "a whole number of replicas from 1 to 99, best an odd one"],
  /** RabbitMQ 4.3 and later: how long the broker itself holds back a failed message, times its failures. Default: none. */
  delayedRetry: [
    (value, of) => of.model !== "stream" && !isOrdered(of) && duration(value),
    "a duration from 100ms to 1d, and not for a stream or with an ordering key",
  ],
  /** The most that it may come to. Default: `delayedRetry`, so that every wait is the same. */
  delayedRetryMax: [
    (value, { native: { delayedRetry } }) =>
      duration(value) && (parseDuration(delayedRetry) ?? Number.POSITIVE_INFINITY) <= parseDuration(value)!,
    "a duration up to 1d, with a delayedRetry that is no longer",
  ],
  /** The size of a stream's files, the smallest it can drop. Default: the broker's. */
  segmentBytes: [
    (value, of) => of.model === "stream" && whole(1_000, 2 ** 32)(value),
    "a number of bytes, for a stream only",
  ],
};

/** One sentence for each setting that is wrong. */
export function nativeProblems(
  of: Destination,
  { consumerTimeout }: Partial<Pick<ResolvedOptions, "consumerTimeout">> = {},
): readonly string[] {
  const problems: string[] = [];
  // A stream has no such limit, because its leases are ours.
  if (
    of.model !== "stream" &&
    of.holdMs !== undefined &&
    consumerTimeout !== undefined &&
    of.holdMs > consumerTimeout
  ) {
    const why = `${formatDuration(of.holdMs)} is longer than the connection's consumerTimeout of ${formatDuration(consumerTimeout)}, after which RabbitMQ takes back a delivery`;
    problems.push(`hold: ${why}; lower hold, or raise consumerTimeout with the broker's consumer_timeout`);
  }
  if (of.retentionMs !== undefined && (parseDuration(of.retentionMs) === undefined || of.retentionMs < 1_000)) {
    problems.push("retention: RabbitMQ takes a duration of a second or more");
  }
  if (isOrdered(of) && partitionsOf(of) > BUCKETS)
    problems.push(`partitions: at most ${BUCKETS} with an ordering key on RabbitMQ`);
  for (const [key, value] of Object.entries(of.native)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    if (check === undefined)
      problems.push(`native.${key}: not known to RabbitMQ; known: ${Object.keys(CHECKS).join(", ")}`);
    else if (!check[0](value, of)) problems.push(`native.${key}: ${check[1]}`);
  }
  return problems;
}

/** Call it only if {@link nativeProblems} found nothing: an invalid value counts as absent. */
export function settingsOf(of: Destination): Settings {
  const number = (key: string): number | undefined => {
    const value = of.native[key];
    return value !== undefined && CHECKS[key]![0](value, of) ? (value as number) : undefined;
  };
  const time = (key: string): number | undefined => {
    const value = of.native[key];
    return value !== undefined && CHECKS[key]![0](value, of) ? parseDuration(value) : undefined;
  };
  return {
    delayedRetryMs: time("delayedRetry"),
    delayedRetryMaxMs: time("delayedRetryMax"),
    priority: number("priority"),
    maxLength: number("maxLength"),
    maxLengthBytes: number("maxLengthBytes"),
    groupSize: number("groupSize"),
    segmentBytes: number("segmentBytes"),
  };
}
