import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { locate, queueName } from "../names.ts";
import { MAX_RECEIVE_COUNT, MIN_RECEIVE_COUNT, SECOND } from "../limits.ts";
import { nativeProblems, type Settings, settingsOf } from "../native.ts";

/** Far above any policy's attempts: only crash loops get there. */
const DEFAULT_RECEIVE_COUNT = 100;

export interface Desired {
  readonly of: Destination;
  readonly name: string;
  /** Given by address: it must exist, and its settings are its owner's. */
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

/** Every queue once, dead-letter queues before those that need their ARN. Throws where the destinations cannot be queues. */
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
    // A queue may come twice, as a destination and as another's dead letters: the one that says more wins.
    const earlier = found.get(address);
    if (earlier === undefined || (earlier.deadLetter === undefined && of.deadLetter !== undefined))
      found.set(address, toDesired(of, topicsOf(of)));
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
 * Dead letters are the same data: they stay under the source's key unless they are given one, and their queue is made for no larger
 * messages, as an endpoint may have a lower cap than AWS.
 */
function like(deadLetter: Destination, { native }: Destination): Destination {
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

/** What a new queue is made with; redrive and access need ARNs and follow. */
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
