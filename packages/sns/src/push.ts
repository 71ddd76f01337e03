/** Messages of a topic that are pushed from a group's queue: AWS Lambda's events for SQS. For `@switchyard/lambda`. */
import type { Delivery, Destination } from "@switchyard/core/driver";
import type { SqsOptions } from "@switchyard/sqs";
import { fromEventRecord as fromQueue, isQueueOf as isQueue, type SqsEventRecord } from "@switchyard/sqs/push";
import { unwrap } from "./message.ts";
import { queueOf } from "./names.ts";
import { topicOf } from "./receiver.ts";

/** The message of a record of the group's queue. Notifications of the channel's topic are read as what they carry. Never throws. */
export function fromEventRecord(record: SqsEventRecord, of: Destination): Delivery<string> {
  const delivery = fromQueue(record, of.ordered);
  return of.model !== "pubsub" || of.native["unwrap"] === false ? delivery : unwrap(delivery, topicOf(of));
}

/** True if the ARN is that of the group's queue, as far as the configuration says where the queue is. */
export function isQueueOf(of: Destination, options: SqsOptions, arn: string): boolean {
  return isQueue(queueOf(of), options, arn);
}
