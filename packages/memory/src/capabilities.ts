import type { Capabilities, Destination } from "@switchyard/core/driver";
import type { ResolvedOptions } from "./options.ts";
import { CONSUMER_TIMEOUT_MS, FIFO_DEDUP_MS, type Form, formOf, isSqs, SQS_HOLD_MS } from "./profiles.ts";
import { profileCapabilities } from "./profile-capabilities.ts";
import type { Rules } from "./broker/rules.ts";

const MIB = 2 ** 20;
const DAY = 86_400_000;
/** A number, because infinity cannot be printed as JSON; longer than any real broker allows. */
const LONGEST_DELAY_MS = 7 * DAY;

/** What differs for a group that runs on AWS Lambda: in tests, its events are made by hand. */
const PUSHED = { delivery: "pushed", holdExtend: false, replay: [], fencingToken: false } as const;

/** Destinations that are alike share one object, because there may be thousands. */
const known = new WeakMap<ResolvedOptions, Map<string, Capabilities>>();

export function capabilities(of: Destination, options: ResolvedOptions): Capabilities | undefined {
  const form = formOf(of, options);
  if (form === undefined) return undefined;
  const retentionMs = of.retentionMs ?? options.retentionMs;
  const pushed = of.runsOn === "lambda" && of.dead !== true;
  const key = `${of.model} ${of.ordered} ${of.dead} ${retentionMs} ${pushed}`;
  let mine = known.get(options);
  if (mine === undefined) known.set(options, (mine = new Map<string, Capabilities>()));
  let found = mine.get(key);
  if (found === undefined) {
    const settings = { ...options, retentionMs };
    const pulled = form === "memory" ? own(of, settings) : profileCapabilities(of, form, settings);
    mine.set(key, (found = pushed ? { ...pulled, ...PUSHED } : pulled));
  }
  return found;
}

function own(of: Destination, options: ResolvedOptions): Capabilities {
  const stream = of.model === "stream";
  const delay = stream ? 0 : Math.min(LONGEST_DELAY_MS, options.retentionMs);
  return {
    ordering: of.ordered ? "key" : "none",
    publishConfirm: "received",
    publishDedupMs: options.dedupMs,
    maxBatch: { count: 1_000, bytes: 256 * MIB },
    maxMessageBytes: options.maxMessageBytes,
    headers: 256,
    binary: true,
    concurrency: { send: 16, receive: stream ? 1 : 4 },
    delayedPublishMs: delay,
    retryDelayMs: delay,
    holdExtend: true,
    releaseWithoutPenalty: true,
    releaseDelayMs: delay,
    attempts: stream ? "local" : "exact",
    settleResult: stream ? "checkpoint" : "confirmed",
    deadLetter: stream ? "none" : "native",
    redrive: stream ? "none" : "group",
    replay: stream ? ["earliest", "latest", "time", "at"] : [],
    retentionMs: options.retentionMs,
    filter: of.model === "pubsub" ? "broker" : "none",
    fairness: !stream && !of.ordered,
    groupMembership: stream ? "leases" : "competing",
    fencingToken: stream,
    poisonSkip: stream ? ["park", "skip", "block"] : ["deadLetter", "skip", "block"],
    depth: "exact",
    purge: true,
  };
}

/** As `@switchyard/amqp` makes them unless told otherwise. */
const RABBITMQ_PARTITIONS = 4;

export function rulesOf(
  form: Form,
  { ordered, partitions = RABBITMQ_PARTITIONS, dead }: Pick<Destination, "ordered" | "partitions" | "dead">,
  options: ResolvedOptions,
): Rules {
  const { retentionMs, duplicates } = options;
  if (!isSqs(form)) {
    const partitioned = form === "rabbitmq" && ordered && dead !== true;
    return {
      form,
      ordered,
      keyBatches: partitioned,
      ...(partitioned ? { partitions } : {}),
      returnsByHold: false,
      countsFailures: form === "rabbitmq",
      ...(form === "rabbitmq" ? { consumerTimeoutMs: CONSUMER_TIMEOUT_MS } : {}),
      late: "lost",
      receiveLimit: 10_000,
      dedupMs: options.dedupMs,
      retentionMs,
      expiry: form === "rabbitmq" ? "dead" : "removed",
      duplicates: ordered ? 0 : duplicates,
    };
  }
  const fifo = form === "sqs-fifo";
  return {
    form,
    ordered: fifo,
    keyBatches: fifo,
    returnsByHold: true,
    countsFailures: false,
    late: fifo ? "lost" : "accepted",
    holdLimitMs: SQS_HOLD_MS,
    receiveLimit: 10,
    // A FIFO queue has the same limit, but gives no messages instead of an error.
    ...(fifo ? {} : { heldLimit: 120_000 }),
    dedupMs: fifo ? FIFO_DEDUP_MS : 0,
    retentionMs,
    expiry: "removed",
    duplicates: fifo ? 0 : duplicates,
  };
}
