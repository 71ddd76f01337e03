/** What Lambda gives a function: the event of a queue or of a stream, and the context. Only what is read has a type. */
import { excerpt, MessagingError } from "@switchyard/core/driver-kit";
import type { KinesisEventRecord } from "@switchyard/kinesis/push";
import type { SqsEventRecord } from "@switchyard/sqs/push";

/** The part of Lambda's context object that is used. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
  readonly awsRequestId?: string;
}

/** An event that this function can handle. All its records are of one source. */
export type SourceEvent =
  | { readonly from: "queue"; readonly arn: string; readonly records: readonly SqsEventRecord[] }
  | { readonly from: "stream"; readonly arn: string; readonly records: readonly KinesisEventRecord[] };

const DIRECT =
  "this function is subscribed to the topic itself: such events have no attempts, no delay and no queue of the group. Remove the subscription, and map the group's queue to the function: https://github.com/switchyard-js/switchyard/blob/main/docs/guides/lambda.md#sns";

/**
 * Reads an event. It must be whole: of a record without an id nothing could be said in the answer.
 *
 * @throws MessagingError `direct-subscription`, `tumbling-window`, or `unknown-event` for what neither SQS nor Kinesis sends.
 */
export function readEvent(event: unknown): SourceEvent {
  const { Records: records, window } = (event ?? {}) as { readonly Records?: unknown; readonly window?: unknown };
  if (!Array.isArray(records) || records.length === 0) throw unknown("it has no Records");
  const [first] = records as readonly Partial<Record<"eventSource" | "eventSourceARN" | "EventSource", unknown>>[];
  if (first?.EventSource === "aws:sns") throw refuse("direct-subscription", DIRECT);
  const { eventSource, eventSourceARN: arn } = first ?? {};
  if (typeof arn !== "string") throw unknown("its records have no eventSourceARN");
  if (records.some((record) => (record as { eventSourceARN?: unknown } | null)?.eventSourceARN !== arn))
    throw unknown("its records are of several sources");
  if (eventSource === "aws:sqs") {
    const queued = records as readonly SqsEventRecord[];
    if (!queued.every(({ messageId, receiptHandle }) => isText(messageId) && isText(receiptHandle)))
      throw unknown("a record has no messageId or no receiptHandle");
    return { from: "queue", arn, records: queued };
  }
  if (eventSource !== "aws:kinesis") throw unknown(`its source is ${excerpt(String(eventSource))}`);
  if (window !== undefined)
    throw refuse(
      "tumbling-window",
      "the event source mapping has a tumbling window, whose state this function does not keep; remove TumblingWindowInSeconds",
    );
  const streamed = records as readonly KinesisEventRecord[];
  if (!streamed.every(({ eventID, kinesis }) => isText(eventID) && isText(kinesis?.sequenceNumber)))
    throw unknown("a record has no eventID or no sequence number");
  return { from: "stream", arn, records: streamed };
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

function unknown(why: string): MessagingError {
  return refuse(
    "unknown-event",
    `this is no event of an event source mapping for SQS or Kinesis: ${why}; give it to another handler`,
  );
}

function refuse(code: string, text: string): MessagingError {
  return new MessagingError(code, text, { kind: "config" });
}
