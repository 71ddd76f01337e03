import type { Capabilities, Destination } from "@switchyard/core/driver";
import { MAX_BATCH, MAX_BATCH_BYTES, SENDS_AT_ONCE } from "./limits.ts";
import { settingsOf } from "./native.ts";

/** What depends on the settings of the stream. */
export interface StreamLimits {
  readonly maxRecordBytes: number;
  readonly retentionMs: number;
  /** The stream ignores partition keys (RecordDistributionStrategy AUTO). */
  readonly spreads: boolean;
}

export function capabilitiesOf(ordered: boolean, limits: StreamLimits): Capabilities {
  return {
    ordering: ordered && !limits.spreads ? "key" : "none",
    publishConfirm: "stored",
    publishDedupMs: 0,
    maxBatch: { count: MAX_BATCH, bytes: MAX_BATCH_BYTES },
    maxMessageBytes: limits.maxRecordBytes,
    headers: 0,
    binary: false,
    concurrency: { send: SENDS_AT_ONCE, receive: 1 },
    delayedPublishMs: 0,
    retryDelayMs: 0,
    holdExtend: true,
    releaseWithoutPenalty: true,
    attempts: "local",
    settleResult: "checkpoint",
    deadLetter: "none",
    redrive: "none",
    replay: ["earliest", "latest", "time", "at"],
    retentionMs: limits.retentionMs,
    filter: "none",
    fairness: false,
    groupMembership: "leases",
    fencingToken: true,
    poisonSkip: ["park", "skip", "block"],
    depth: "lag",
    purge: false,
  };
}

/** Before any call: the capabilities of a stream created as the configuration says. */
export function declared(of: Destination): Capabilities | undefined {
  if (of.model !== "stream") return undefined;
  const { maxRecordKiB, retentionHours } = settingsOf(of);
  const pulled = capabilitiesOf(of.ordered, {
    maxRecordBytes: maxRecordKiB * 1_024,
    retentionMs: retentionHours * 3_600_000,
    spreads: false,
  });
  return of.runsOn === "lambda" ? pushed(pulled) : pulled;
}

/** What a group has that runs on AWS Lambda, which shares the shards among invocations and keeps the positions. */
const pushed = (pulled: Capabilities): Capabilities => ({
  ...pulled,
  delivery: "pushed",
  holdExtend: false,
  replay: [],
  groupMembership: "competing",
  fencingToken: false,
  depth: "none",
});
