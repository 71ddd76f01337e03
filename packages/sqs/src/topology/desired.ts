import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { delayQueueOf } from "../hops/delay-queue.ts";
import { locate, queueName } from "../names.ts";
import { MAX_RECEIVE_COUNT, MIN_RECEIVE_COUNT, SECOND } from "../limits.ts";
import { nativeProblems, type Settings, settingsOf } from "../native.ts";

/** Far above the attempts of any policy, so that only crash loops reach it. */
const DEFAULT_RECEIVE_COUNT = 100;

export interface Desired {
  readonly of: Destination;
  readonly name: string;
  /** True if it was given by address. It must exist, and its settings are left to its owner. */
  readonly external: boolean;
  readonly fifo: boolean;
  readonly settings: Settings;
  readonly deadLetter?: Destination;
  readonly maxReceiveCount: number;
  /** Topics that send to it, besides those of `native.access`. */
  readonly topics: readonly string[];
}

/** The ARNs of the topics that send to a queue. */
export type TopicsOf = (of: Destination) => readonly string[];

/** Each queue once. Dead-letter queues come before the queues that need their ARN. Throws if a destination cannot be a queue. */
export function desiredQueues(destinations: readonly Destination[], topicsOf: TopicsOf = () => []): readonly Desired[] {
  const found = new Map<string, Desired>();
  const problems: { path: string; message: string }[] = [];
  const add = (of: Destination): void => {
    if (of.model !== "queue") return;
    if (of.deadLetter !== undefined) add(like(of.deadLetter, of));
    const { address, problem } = locate(of);
    for (const message of problem === undefined ? nativeProblems(of) : [problem])
      problems.push({ path: of.channel, message });
    if (of.deadLetter?.model === "queue" && of.deadLetter.ordered !== of.ordered) {
      problems.push({
        path: of.channel,
        message: `"${address}" and its dead-letter queue must both be FIFO or both standard`,
      });
    }
    // A queue can occur twice: as a destination, and as the dead letters of another. The more complete one wins.
    const earlier = found.get(address);
    if (earlier === undefined || (earlier.deadLetter === undefined && of.deadLetter !== undefined))
      found.set(address, toDesired(of, topicsOf(of)));
    if (settingsOf(of).hops !== undefined) add(delayQueueOf(of));
  };
  for (const of of destinations) add(of);
  if (problems.length > 0) {
    throw new MessagingError("invalid-config", problems.map(({ path, message }) => `${path}: ${message}`).join("\n"), {
      kind: "config",
      problems,
    });
  }
  return [...found.values()].sort((a, b) => Number(a.deadLetter !== undefined) - Number(b.deadLetter !== undefined));
}

/**
 * Dead letters are the same data, so they are encrypted with the source's key unless they have one of their own. Their queue takes
 * no larger messages than the source, because an endpoint may have a lower limit than AWS.
 */
export function like(deadLetter: Destination, { native }: Destination): Destination {
  if (deadLetter.address !== undefined) return deadLetter;
  const { kmsKey, kmsDataKeyReuse, maxMessageBytes } = native;
  return {
    ...deadLetter,
    native: {
      ...(kmsKey === undefined ? {} : { kmsKey, kmsDataKeyReuse }),
      ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
      ...deadLetter.native,
    },
  };
}

function toDesired(of: Destination, topics: readonly string[]): Desired {
  return {
    of,
    name: of.address ?? queueName(of),
    external: of.address !== undefined,
    fifo: of.ordered,
    settings: settingsOf(of),
    topics,
    maxReceiveCount: Math.min(
      MAX_RECEIVE_COUNT,
      Math.max(MIN_RECEIVE_COUNT, of.nativeAttempts ?? DEFAULT_RECEIVE_COUNT),
    ),
    ...(of.deadLetter?.model === "queue" ? { deadLetter: of.deadLetter } : {}),
  };
}

const seconds = (ms: number): string => String(ms / SECOND);

/** The attributes of a new queue. Redrive and access policies need ARNs and are set afterwards. */
export function creationAttributes({ settings, fifo }: Desired): Record<string, string> {
  return {
    MessageRetentionPeriod: seconds(settings.retentionMs),
    MaximumMessageSize: String(settings.maxMessageBytes),
    DelaySeconds: seconds(settings.delayMs),
    VisibilityTimeout: seconds(settings.visibilityMs),
    ...encryption(settings),
    ...(fifo ? { FifoQueue: "true", ...throughput(settings) } : {}),
  };
}

export function encryption(settings: Settings): Record<string, string> {
  if (settings.kmsKey === undefined) return { SqsManagedSseEnabled: "true" };
  const reuse = settings.kmsDataKeyReuseMs;
  return {
    KmsMasterKeyId: settings.kmsKey,
    ...(reuse === undefined ? {} : { KmsDataKeyReusePeriodSeconds: seconds(reuse) }),
  };
}

export function throughput(settings: Settings): Record<string, string> {
  return settings.throughput === "high"
    ? { DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" }
    : { DeduplicationScope: "queue", FifoThroughputLimit: "perQueue" };
}
