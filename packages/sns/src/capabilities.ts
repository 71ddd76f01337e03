import type { Capabilities, Destination } from "@switchyard/core/driver";
import { capabilitiesOf, type QueueLimits, settingsOf } from "@switchyard/sqs/kit";
import { adapter as sqs } from "@switchyard/sqs";
import { queueOf } from "./names.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { topicSettings } from "./native.ts";

/** A topic's, and with it what its groups' queues keep. `maxMessageBytes`: the topic's own limit. */
export function topicCapabilities(fifo: boolean, maxMessageBytes: number, queue: QueueLimits): Capabilities {
  return {
    ...capabilitiesOf(fifo, queue),
    maxMessageBytes,
    // A batch together may be no larger than one message.
    maxBatch: { count: 10, bytes: maxMessageBytes },
    // A topic hands on at once; only a queue delays, and then everything.
    delayedPublishMs: 0,
    filter: "broker",
  };
}

/** Before any I/O. A topic; a group's queue behind it; a dead-letter queue. Other queues are another adapter's. */
export function declared(of: Destination): Capabilities | undefined {
  if (of.model === "queue") return of.dead === true ? sqs.capabilities(of, {}) : undefined;
  if (of.model !== "pubsub") return undefined;
  if (of.group === undefined) return topicCapabilities(of.ordered, topicSettings(of).maxMessageBytes, QUEUE);
  const queue = settingsOf(queueOf(of));
  return topicCapabilities(of.ordered, Math.min(MAX_MESSAGE_BYTES, queue.maxMessageBytes), queue);
}

/** A queue as one is made by default. */
const QUEUE: QueueLimits = { maxMessageBytes: MAX_MESSAGE_BYTES, retentionMs: 345_600_000 };
