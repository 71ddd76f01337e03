/** What the brokers can do that memory stands in for. `test/profiles.test.ts` compares it with what their adapters declare. */
import type { Capabilities, Destination } from "@switchyard/core/driver";
import type { ResolvedOptions } from "./options.ts";
import { FIFO_DEDUP_MS, type Form, SQS_HOLD_MS } from "./profiles.ts";

const MIB = 2 ** 20;
/** The most that `@switchyard/amqp` delays a message: a week. */
const RABBITMQ_DELAY_MS = 7 * 86_400_000;

export function profileCapabilities(
  of: Destination,
  form: Exclude<Form, "memory">,
  options: ResolvedOptions,
): Capabilities {
  if (form === "kinesis") return kinesis(of, options);
  if (form === "rabbitmq") return rabbitmq(of, options);
  return of.model === "pubsub" ? sns(form === "sqs-fifo", options) : sqs(form === "sqs-fifo", options);
}

/** The capabilities of SQS, from its developer guide (quotas: messages, FIFO queues, visibility timeout). */
function sqs(fifo: boolean, options: ResolvedOptions): Capabilities {
  return {
    ordering: fifo ? "key" : "none",
    publishConfirm: "stored",
    publishDedupMs: fifo ? FIFO_DEDUP_MS : 0,
    maxBatch: { count: 10, bytes: MIB },
    maxMessageBytes: options.maxMessageBytes,
    // Message attributes, of which the message's type is one.
    headers: 10,
    binary: false,
    concurrency: { send: 10, receive: 10 },
    delayedPublishMs: fifo ? 0 : 900_000,
    retryDelayMs: SQS_HOLD_MS,
    holdExtend: true,
    releaseWithoutPenalty: false,
    releaseDelayMs: SQS_HOLD_MS,
    attempts: "approximate",
    settleResult: "confirmed",
    deadLetter: "native",
    redrive: "group",
    replay: [],
    retentionMs: options.retentionMs,
    filter: "none",
    fairness: !fifo,
    groupMembership: "competing",
    fencingToken: false,
    poisonSkip: ["deadLetter", "skip", "block"],
    depth: "approximate",
    purge: true,
  };
}

/** SNS: a topic with the queues of its groups. A whole batch is no larger than one message, and a topic delivers at once. */
function sns(fifo: boolean, options: ResolvedOptions): Capabilities {
  const { maxMessageBytes } = options;
  return {
    ...sqs(fifo, options),
    maxBatch: { count: 10, bytes: maxMessageBytes },
    delayedPublishMs: 0,
    filter: "broker",
  };
}

/** Kinesis: from its API reference (PutRecords, GetRecords) and its quotas. */
function kinesis(of: Destination, { maxMessageBytes, retentionMs }: ResolvedOptions): Capabilities {
  return {
    ...stream(of),
    maxBatch: { count: 500, bytes: 10 * MIB },
    maxMessageBytes,
    headers: 0,
    binary: false,
    concurrency: { send: 10, receive: 1 },
    holdExtend: true,
    retentionMs,
    purge: false,
  };
}

/** RabbitMQ as `@switchyard/amqp` uses it: quorum queues, with partitions where order is kept, and streams. */
function rabbitmq(of: Destination, { maxMessageBytes, retentionMs }: ResolvedOptions): Capabilities {
  const shared = {
    publishConfirm: "stored",
    maxBatch: { count: 32, bytes: maxMessageBytes },
    maxMessageBytes,
    headers: 100,
    binary: true,
    concurrency: { send: 32, receive: 1 },
    holdExtend: false,
    retentionMs,
  } as const;
  if (of.model === "stream") return { ...stream(of), ...shared, purge: false };
  const ordered = of.ordered && of.dead !== true;
  const delay = ordered ? 0 : RABBITMQ_DELAY_MS;
  return {
    ...shared,
    ordering: ordered ? "key" : "none",
    publishDedupMs: 0,
    delayedPublishMs: delay,
    retryDelayMs: delay,
    releaseWithoutPenalty: true,
    ...(ordered ? {} : { releaseDelayMs: delay }),
    attempts: ordered ? "local" : "failures",
    settleResult: "sent",
    deadLetter: "native",
    redrive: "group",
    replay: [],
    filter: of.model === "pubsub" ? "broker" : "none",
    fairness: false,
    groupMembership: "competing",
    fencingToken: false,
    poisonSkip: ["deadLetter", "skip", "block"],
    depth: "approximate",
    purge: true,
  };
}

/** What Kinesis and RabbitMQ's streams have in common. */
function stream({ ordered }: Destination) {
  return {
    ordering: ordered ? "key" : "none",
    publishConfirm: "stored",
    publishDedupMs: 0,
    delayedPublishMs: 0,
    retryDelayMs: 0,
    releaseWithoutPenalty: true,
    attempts: "local",
    settleResult: "checkpoint",
    deadLetter: "none",
    redrive: "none",
    replay: ["earliest", "latest", "time", "at"],
    filter: "none",
    fairness: false,
    groupMembership: "leases",
    fencingToken: true,
    poisonSkip: ["park", "skip", "block"],
    depth: "lag",
  } as const;
}
