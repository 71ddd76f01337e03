/**
 * Messages of a queue that are pushed instead of polled: AWS Lambda's events for SQS. For `@switchyard/lambda` and others that receive
 * such events. A receipt is the receipt handle, so the lease of a receiver settles what was pushed.
 */
import type { Delivery, Destination } from "@switchyard/core/driver";
import { fromReceived } from "./message.ts";
import { parseAddress, queueName } from "./names.ts";
import type { SqsOptions } from "./options.ts";
import type { ReceivedMessage } from "./sdk.ts";

/** One record of an event for SQS, as far as it is read [AWS developer guide, "Using Lambda with Amazon SQS"]. */
export interface SqsEventRecord {
  readonly messageId?: string;
  readonly receiptHandle?: string;
  readonly body?: string;
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly messageAttributes?: Readonly<
    Record<
      string,
      { readonly stringValue?: string; readonly binaryValue?: string; readonly dataType?: string } | undefined
    >
  >;
  readonly eventSource?: string;
  readonly eventSourceARN?: string;
}

/** The message of a record. `ordered`: the queue is a FIFO queue. Never throws. */
export function fromEventRecord(record: SqsEventRecord, ordered: boolean): Delivery<string> {
  const attempt = Number(record.attributes?.["ApproximateReceiveCount"]);
  const sent = Number(record.attributes?.["SentTimestamp"]);
  return {
    id: record.messageId ?? "",
    message: fromReceived(received(record), ordered),
    receipt: record.receiptHandle ?? "",
    raw: record,
    ...(attempt >= 1 ? { attempt } : {}),
    ...(sent > 0 ? { enqueuedAt: sent } : {}),
  };
}

/** An event writes names in another case than a reply, and bytes as base64. */
function received({ body, attributes, messageAttributes }: SqsEventRecord): ReceivedMessage {
  const MessageAttributes: Record<string, { StringValue?: string; BinaryValue?: Uint8Array }> = {};
  for (const [name, attribute] of Object.entries(messageAttributes ?? {})) {
    const { stringValue, binaryValue } = attribute ?? {};
    if (typeof stringValue === "string") MessageAttributes[name] = { StringValue: stringValue };
    else if (typeof binaryValue === "string")
      MessageAttributes[name] = { BinaryValue: Buffer.from(binaryValue, "base64") };
  }
  return { Body: body, Attributes: attributes, MessageAttributes };
}

const ARN = /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]+(?:\.fifo)?)$/;
const HOST = /^sqs(?:-fips)?\.([a-z0-9-]+)\./;

/** True if the ARN is that of the destination's queue, as far as the configuration says where the queue is. */
export function isQueueOf(of: Destination, { region, accountId }: SqsOptions, arn: string): boolean {
  const found = ARN.exec(arn);
  const own = parseAddress(of.address ?? queueName(of));
  if (found === null || own === undefined) return false;
  const its = {
    region: own.region ?? HOST.exec(own.url?.hostname ?? "")?.[1] ?? region,
    account: own.account ?? accountId,
  };
  return (
    found[3] === own.name &&
    (its.region === undefined || its.region === found[1]) &&
    (its.account === undefined || its.account === found[2])
  );
}
