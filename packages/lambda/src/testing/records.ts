/** Makes the records of an event of messages as they are on the wire. */
import type { Runtime, WireMessage } from "@switchyard/core/driver";
import { toEntry } from "@switchyard/sqs/kit";
import type { KinesisEventRecord } from "@switchyard/kinesis/push";
import type { SqsEventRecord } from "@switchyard/sqs/push";

export interface RecordOptions {
  readonly arn: string;
  readonly at: number;
  readonly receives: number;
}

/** A message of a queue. The ids of a message that comes again are the same, its receipt handle is not. */
export function queueRecord(
  id: string,
  message: WireMessage,
  fifo: boolean,
  { arn, at, receives }: RecordOptions,
  runtime: Pick<Runtime, "uuid">,
): SqsEventRecord & Record<string, unknown> {
  const entry = toEntry("0", message, fifo, () => runtime.uuid());
  const sent = String(at);
  return {
    messageId: id,
    receiptHandle: runtime.uuid(),
    body: entry.MessageBody,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: sent,
      SenderId: "AIDAEXAMPLE",
      ApproximateFirstReceiveTimestamp: sent,
      ...(entry.MessageGroupId === undefined ? {} : { MessageGroupId: entry.MessageGroupId }),
      ...(entry.MessageDeduplicationId === undefined ? {} : { MessageDeduplicationId: entry.MessageDeduplicationId }),
    },
    messageAttributes: Object.fromEntries(
      Object.entries(entry.MessageAttributes ?? {}).map(([name, { DataType, StringValue }]) => [
        name,
        { dataType: DataType, ...(StringValue === undefined ? {} : { stringValue: StringValue }) },
      ]),
    ),
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: arn.split(":")[3],
  };
}

/** A record of a shard. */
export function streamRecord(
  sequence: string,
  shard: string,
  { body, key = "0" }: WireMessage,
  { arn, at }: RecordOptions,
): KinesisEventRecord & Record<string, unknown> {
  return {
    kinesis: {
      partitionKey: key,
      sequenceNumber: sequence,
      data: Buffer.from(body).toString("base64"),
      approximateArrivalTimestamp: at / 1_000,
    },
    eventSource: "aws:kinesis",
    eventID: `${shard}:${sequence}`,
    eventName: "aws:kinesis:record",
    eventSourceARN: arn,
    awsRegion: arn.split(":")[3],
  };
}
