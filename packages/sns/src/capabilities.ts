import type { Capabilities, Destination } from "@switchyard/core/driver";
import { capabilitiesOf, pushedTo, type QueueLimits, settingsOf } from "@switchyard/sqs/kit";
import { adapter as sqs } from "@switchyard/sqs";
import { queueOf } from "./names.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { topicSettings } from "./native.ts";

/** The capabilities of a topic with the queues of its groups. `maxMessageBytes` is the topic's own limit. */
export function topicCapabilities(fifo: boolean, maxMessageBytes: number, queue: QueueLimits): Capabilities {
  return {
    ...capabilitiesOf(fifo, queue),
    maxMessageBytes,
    // A whole batch may be no larger than one message.
    maxBatch: { count: 10, bytes: maxMessageBytes },
    // A topic delivers at once. A queue can delay, but only all of its messages.
    delayedPublishMs: 0,
    filter: "broker",
  };
}

/** Before any call: of a topic, of a group's queue, of a dead-letter queue. Other queues belong to another adapter. */
export function declared(of: Destination): Capabilities | undefined {
  if (of.model === "queue") return of.dead === true ? sqs.capabilities(of, {}) : undefined;
  if (of.model !== "pubsub") return undefined;
  if (of.group === undefined) return topicCapabilities(of.ordered, topicSettings(of).maxMessageBytes, QUEUE);
  const queue = settingsOf(queueOf(of));
  return pushedTo(of, topicCapabilities(of.ordered, Math.min(MAX_MESSAGE_BYTES, queue.maxMessageBytes), queue));
}

/** A queue with default settings. */
const QUEUE: QueueLimits = { maxMessageBytes: MAX_MESSAGE_BYTES, retentionMs: 345_600_000 };
