/**
 * The part of the AWS SDK this package uses, as structural types: users can pass any client that fits, tests can pass a fake, and
 * none of our types depends on one version of the SDK.
 */
import { type ClientLike, commandOf, type Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

/** The part of a client that is used. `SQSClient` of `@aws-sdk/client-sqs` has it. */
export type SqsClientLike = ClientLike;

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}

export interface SendEntry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
  readonly DelaySeconds?: number;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

export interface ReceivedMessage {
  readonly MessageId?: string | undefined;
  readonly ReceiptHandle?: string | undefined;
  readonly Body?: string | undefined;
  readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined;
  readonly MessageAttributes?: Readonly<Record<string, Partial<MessageAttribute> | undefined>> | undefined;
}

export interface FailedEntry {
  readonly Id?: string | undefined;
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

export interface BatchReply<S> {
  readonly Successful?: readonly S[] | undefined;
  readonly Failed?: readonly FailedEntry[] | undefined;
}

export interface SentEntry {
  readonly Id?: string | undefined;
  readonly MessageId?: string | undefined;
  readonly SequenceNumber?: string | undefined;
}

/** A task of ListMessageMoveTasks. */
export interface ListedTask {
  readonly Status?: string | undefined;
  /** Of a running task only. */
  readonly TaskHandle?: string | null | undefined;
  readonly DestinationArn?: string | null | undefined;
  readonly StartedTimestamp?: number | undefined;
  readonly ApproximateNumberOfMessagesMoved?: number | null | undefined;
  readonly ApproximateNumberOfMessagesToMove?: number | null | undefined;
  readonly FailureReason?: string | null | undefined;
}

interface OnQueue {
  readonly QueueUrl: string;
}
type Strings = Readonly<Record<string, string>>;

/** Input and output of each action. */
export interface Actions {
  SendMessageBatch: [OnQueue & { readonly Entries: readonly SendEntry[] }, BatchReply<SentEntry>];
  ReceiveMessage: [
    OnQueue & {
      readonly MaxNumberOfMessages: number;
      readonly WaitTimeSeconds: number;
      readonly VisibilityTimeout: number;
      readonly MessageAttributeNames: readonly string[];
      readonly MessageSystemAttributeNames: readonly string[];
      readonly ReceiveRequestAttemptId?: string;
    },
    { readonly Messages?: readonly ReceivedMessage[] | undefined },
  ];
  DeleteMessageBatch: [
    OnQueue & { readonly Entries: readonly { Id: string; ReceiptHandle: string }[] },
    BatchReply<{ readonly Id?: string | undefined }>,
  ];
  ChangeMessageVisibilityBatch: [
    OnQueue & { readonly Entries: readonly { Id: string; ReceiptHandle: string; VisibilityTimeout: number }[] },
    BatchReply<{ readonly Id?: string | undefined }>,
  ];
  GetQueueUrl: [
    { readonly QueueName: string; readonly QueueOwnerAWSAccountId?: string },
    { readonly QueueUrl?: string | undefined },
  ];
  ListQueues: [
    { readonly QueueNamePrefix: string; readonly NextToken?: string; readonly MaxResults?: number },
    { readonly QueueUrls?: readonly string[] | undefined; readonly NextToken?: string | undefined },
  ];
  GetQueueAttributes: [
    OnQueue & { readonly AttributeNames: readonly string[] },
    { readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined },
  ];
  PurgeQueue: [OnQueue, unknown];
  StartMessageMoveTask: [
    { readonly SourceArn: string; readonly DestinationArn: string; readonly MaxNumberOfMessagesPerSecond?: number },
    { readonly TaskHandle?: string | undefined },
  ];
  ListMessageMoveTasks: [
    { readonly SourceArn: string; readonly MaxResults: number },
    { readonly Results?: readonly ListedTask[] | undefined },
  ];
  CancelMessageMoveTask: [{ readonly TaskHandle: string }, unknown];
  CreateQueue: [
    { readonly QueueName: string; readonly Attributes: Strings; readonly tags?: Strings },
    { readonly QueueUrl?: string | undefined },
  ];
  SetQueueAttributes: [OnQueue & { readonly Attributes: Strings }, unknown];
  DeleteQueue: [OnQueue, unknown];
  TagQueue: [OnQueue & { readonly Tags: Strings }, unknown];
  ListQueueTags: [OnQueue, { readonly Tags?: Readonly<Record<string, string | undefined>> | undefined }];
}

/** One call to SQS. Rejects with the SDK's own error; never retries. */
export type Call = <A extends keyof Actions>(
  action: A,
  input: Actions[A][0],
  signal?: AbortSignal,
) => Promise<Actions[A][1]>;

export function caller(sdk: Sdk, client: SqsClientLike): Call {
  return (action, input, signal) => {
    const command = commandOf(sdk, "@aws-sdk/client-sqs", action, input);
    return client.send(command, signal === undefined ? {} : { abortSignal: signal });
  };
}

/** Loads the SDK, which users install themselves. */
export const loadSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-sqs", "@switchyard/sqs", () => import("@aws-sdk/client-sqs"));
