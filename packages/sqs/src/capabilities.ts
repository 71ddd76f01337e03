import type { Capabilities, Destination } from "@switchyard/core/driver";
import {
  DEDUP_MS,
  MAX_ATTRIBUTES,
  MAX_BATCH,
  MAX_DELAY_MS,
  MAX_HOLD_MS,
  MAX_MESSAGE_BYTES,
  POLLS_AT_ONCE,
  RETRY_MARGIN_MS,
  SENDS_AT_ONCE,
} from "./limits.ts";
import { type Hops, settingsOf } from "./native.ts";

/** What depends on the settings of the queue. */
export interface QueueLimits {
  readonly maxMessageBytes: number;
  readonly retentionMs: number;
}

/** `hops`: a setting that the queue itself does not show. */
export function capabilitiesOf(fifo: boolean, limits: QueueLimits, hops?: Hops): Capabilities {
  return {
    ordering: fifo ? "key" : "none",
    publishConfirm: "stored",
    publishDedupMs: fifo ? DEDUP_MS : 0,
    maxBatch: { count: MAX_BATCH, bytes: MAX_MESSAGE_BYTES },
    maxMessageBytes: limits.maxMessageBytes,
    headers: MAX_ATTRIBUTES,
    binary: false,
    concurrency: { send: SENDS_AT_ONCE, receive: POLLS_AT_ONCE },
    delayedPublishMs: fifo ? 0 : (hops?.longestMs ?? MAX_DELAY_MS),
    retryDelayMs: MAX_HOLD_MS - RETRY_MARGIN_MS,
    holdExtend: true,
    releaseWithoutPenalty: false,
    releaseDelayMs: MAX_HOLD_MS - RETRY_MARGIN_MS,
    attempts: "approximate",
    settleResult: "confirmed",
    deadLetter: "native",
    redrive: "group",
    replay: [],
    retentionMs: limits.retentionMs,
    filter: "none",
    fairness: !fifo,
    groupMembership: "competing",
    fencingToken: false,
    poisonSkip: ["deadLetter", "skip", "block"],
    depth: "approximate",
    purge: true,
    // On FIFO, deduplication may swallow what is moved within five minutes.
    ...(fifo ? {} : { moveAll: true }),
  };
}

/** Before any call: the capabilities of a queue created as the configuration says. */
export function declared(of: Destination): Capabilities | undefined {
  if (of.model !== "queue") return undefined;
  const settings = settingsOf(of);
  return pushedTo(of, capabilitiesOf(of.ordered, settings, settings.hops));
}

/**
 * What a group has that runs on AWS Lambda. Lambda polls the queue and tells neither when it received a message nor lets its hold be
 * extended: the hold is the queue's visibility timeout, and may have begun that long ago.
 */
export function pushedTo(of: Destination, pulled: Capabilities): Capabilities {
  if (of.runsOn !== "lambda" || of.dead === true) return pulled;
  const delayMs = Math.max(pulled.retryDelayMs - (of.holdMs ?? 0), 0);
  return {
    ...pulled,
    delivery: "pushed",
    concurrency: { ...pulled.concurrency, receive: 1 },
    retryDelayMs: delayMs,
    releaseDelayMs: delayMs,
    holdExtend: false,
  };
}
