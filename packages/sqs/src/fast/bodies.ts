/** The bodies of the four calls that carry messages. Binary attributes are left to the SDK. */
import {
  type BodyCodecs,
  flag,
  jsonCodec,
  listOf,
  mapOf,
  members,
  type Shape,
  text,
  whole,
} from "@switchyard/aws-kit/fast";

const QueueUrl = text;
const attributes = mapOf(members({ DataType: text, StringValue: text }));

const failed = listOf(members({ Id: text, SenderFault: flag, Code: text, Message: text }));
const results = (one: Shape): Shape => members({ Successful: listOf(one), Failed: failed });
const identified = results(members({ Id: text }));

const sent = members({
  Id: text,
  MessageId: text,
  MD5OfMessageBody: text,
  MD5OfMessageAttributes: text,
  SequenceNumber: text,
});
const received = members({
  MessageId: text,
  ReceiptHandle: text,
  MD5OfBody: text,
  Body: text,
  Attributes: mapOf(text),
  MD5OfMessageAttributes: text,
  MessageAttributes: attributes,
});

const toSend = members({
  Id: text,
  MessageBody: text,
  DelaySeconds: whole,
  MessageAttributes: attributes,
  MessageDeduplicationId: text,
  MessageGroupId: text,
});
const toReceive = members({
  QueueUrl,
  MaxNumberOfMessages: whole,
  WaitTimeSeconds: whole,
  VisibilityTimeout: whole,
  MessageAttributeNames: listOf(text),
  MessageSystemAttributeNames: listOf(text),
  ReceiveRequestAttemptId: text,
});
const entries = (one: Shape): Shape => members({ QueueUrl, Entries: listOf(one) });

export const bodyCodecs: BodyCodecs = {
  SendMessageBatch: jsonCodec(entries(toSend), results(sent)),
  ReceiveMessage: jsonCodec(toReceive, members({ Messages: listOf(received) })),
  DeleteMessageBatch: jsonCodec(entries(members({ Id: text, ReceiptHandle: text })), identified),
  ChangeMessageVisibilityBatch: jsonCodec(
    entries(members({ Id: text, ReceiptHandle: text, VisibilityTimeout: whole })),
    identified,
  ),
};
