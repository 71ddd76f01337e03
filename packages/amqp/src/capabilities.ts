import type { Capabilities, Destination } from "@switchyard/core/driver";
import { MAX_BATCH, MAX_DELAY_MS, MAX_HEADERS, MAX_MESSAGE_BYTES, SENDS_AT_ONCE, UNLIMITED_MS } from "./limits.ts";
import { isOrdered, partitionQueues } from "./names.ts";
import type { ResolvedOptions } from "./options.ts";

export function capabilitiesOf(of: Destination, options: Pick<ResolvedOptions, "maxMessageBytes">): Capabilities {
  const stream = of.model === "stream";
  const ordered = isOrdered(of);
  const plain = !stream && !ordered;
  const maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  return {
    ordering: ordered ? "key" : stream && of.ordered ? "key" : "none",
    publishConfirm: "stored",
    publishDedupMs: 0,
    maxBatch: { count: MAX_BATCH, bytes: maxMessageBytes },
    maxMessageBytes,
    headers: MAX_HEADERS,
    binary: true,
    concurrency: { send: SENDS_AT_ONCE, receive: 1 },
    ...(plain ? {} : { minInFlight: partitionQueues(of).length }),
    delayedPublishMs: plain ? MAX_DELAY_MS : 0,
    retryDelayMs: plain ? MAX_DELAY_MS : 0,
    holdExtend: false,
    // The copies made for a retry count failures (receive/delayed-redelivery.ts). The broker counts every return.
    releaseWithoutPenalty: true,
    ...(plain ? { releaseDelayMs: MAX_DELAY_MS } : {}),
    attempts: plain ? "failures" : "local",
    settleResult: stream ? "checkpoint" : "sent",
    deadLetter: stream ? "none" : "native",
    redrive: stream ? "none" : "group",
    replay: stream ? ["earliest", "latest", "time", "at"] : [],
    retentionMs: of.retentionMs ?? UNLIMITED_MS,
    filter: of.model === "pubsub" ? "broker" : "none",
    fairness: false,
    groupMembership: stream || ordered ? "leases" : "competing",
    fencingToken: stream,
    poisonSkip: stream ? ["park", "skip", "block"] : ["deadLetter", "skip", "block"],
    depth: stream ? "lag" : "approximate",
    purge: !stream,
  };
}
