/** The delay queue of a group: `prefix_channel_group_delay`, beside the group's own queue. */
import type { Destination } from "@switchyard/core/driver";
import { formatDuration, MessagingError } from "@switchyard/core/driver-kit";
import type { Clients } from "../client.ts";
import { HOPS_SPARE_MS, MAX_HOLD_MS, MAX_RETENTION_MS, SECOND } from "../limits.ts";
import { DELAY_SUFFIX, type Hops } from "../native.ts";
import type { SqsOptions } from "../options.ts";
import { openQueue, type Queue } from "../resource.ts";

/** How long a message stays hidden while it is moved on. What is not moved by then is tried again. */
export const HOP_HOLD_MS = 60 * SECOND;
/** The longest step of one hop: the longest hold, less some time for the call itself. */
export const LONGEST_STEP_MS = MAX_HOLD_MS - 60 * SECOND;
/** How long a message waits that could not be handed over. */
export const HOP_PAUSE_MS = 300 * SECOND;
/**
 * After as many receives SQS moves a message to the group's dead letters. A delay of 13 days takes 27 receives. The others are nearly
 * a day of tries, so a message that cannot be handed over becomes a dead letter before its retention ends.
 */
const RECEIVES = 300;

/** Settings of the group's queue that its delay queue has too: the messages are the same. */
const CARRIED = ["kmsKey", "kmsDataKeyReuse", "maxMessageBytes", "tags"] as const;

/** Where messages of a group wait. Call it only for a group with `native.hops`. */
export function delayQueueOf(of: Destination): Destination {
  const carried = Object.fromEntries(
    CARRIED.filter((key) => of.native[key] !== undefined).map((key) => [key, of.native[key]]),
  );
  return {
    channel: of.channel,
    base: of.base,
    name: `${of.name}${DELAY_SUFFIX}`,
    model: "queue",
    ordered: false,
    nativeAttempts: RECEIVES,
    holdMs: HOP_HOLD_MS,
    ...(of.group === undefined ? {} : { group: of.group }),
    ...(of.deadLetter === undefined ? {} : { deadLetter: of.deadLetter }),
    native: { ...carried, retention: MAX_RETENTION_MS },
  };
}

/** Opens the delay queue and refuses one that would delete messages before they are due. */
export async function openDelayQueue(
  of: Destination,
  { longestMs }: Hops,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<Queue> {
  const queue = await openQueue(delayQueueOf(of), options, clients, signal);
  if (queue.retentionMs >= longestMs + HOPS_SPARE_MS) return queue;
  throw new MessagingError(
    "hops-retention",
    `the delay queue "${queue.name}" keeps messages for ${formatDuration(queue.retentionMs)}, but native.hops.longest is ${formatDuration(longestMs)} and needs a day more; run plan and apply, or lower longest`,
    { kind: "config" },
  );
}
