/**
 * The part of the AWS SDK this package uses, as structural types: users can pass any client that fits, tests can pass a fake, and
 * none of our types depends on one version of the SDK.
 */
import { type ClientLike, commandOf, type Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

/** The part of a client that is used. `KinesisClient` of `@aws-sdk/client-kinesis` has it. */
export type KinesisClientLike = ClientLike;

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** By name, or by ARN for a stream of another account. */
export type StreamRef = { readonly StreamName: string } | { readonly StreamARN: string };

/** A text stands for its UTF-8 bytes. Our codecs write it directly. For any other client {@link asBytes} converts it. */
export interface PutEntry {
  readonly Data: string | Uint8Array;
  readonly PartitionKey: string;
}

export const asBytes = ({ Data, PartitionKey }: PutEntry): PutEntry => ({
  Data: typeof Data === "string" ? Buffer.from(Data) : Data,
  PartitionKey,
});

export type PutResult = Maybe<{ SequenceNumber: string; ShardId: string; ErrorCode: string; ErrorMessage: string }>;

export type KinesisRecord = Maybe<{
  SequenceNumber: string;
  ApproximateArrivalTimestamp: Date;
  Data: Uint8Array;
  PartitionKey: string;
  EncryptionType: string;
}>;

export type ChildShard = Maybe<{ ShardId: string; ParentShards: readonly string[]; HashKeyRange: HashRange }>;
type HashRange = Maybe<{ StartingHashKey: string; EndingHashKey: string }>;

export type ShardInfo = Maybe<{
  ShardId: string;
  ParentShardId: string;
  AdjacentParentShardId: string;
  HashKeyRange: HashRange;
  SequenceNumberRange: Maybe<{ StartingSequenceNumber: string; EndingSequenceNumber: string }>;
}>;

export type IteratorType =
  | { readonly ShardIteratorType: "TRIM_HORIZON" | "LATEST" }
  | {
      readonly ShardIteratorType: "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER";
      readonly StartingSequenceNumber: string;
    }
  | { readonly ShardIteratorType: "AT_TIMESTAMP"; readonly Timestamp: Date };

export type StreamSummary = Maybe<{
  StreamName: string;
  StreamARN: string;
  StreamStatus: string;
  StreamCreationTimestamp: Date;
  StreamModeDetails: Maybe<{ StreamMode: string }>;
  RetentionPeriodHours: number;
  EncryptionType: string;
  KeyId: string;
  OpenShardCount: number;
  MaxRecordSizeInKiB: number;
  RecordDistributionStrategy: string | Maybe<{ StrategyType: string }>;
}>;

export type ShardEvent = Maybe<{
  SubscribeToShardEvent: Maybe<{
    Records: readonly KinesisRecord[];
    ContinuationSequenceNumber: string;
    MillisBehindLatest: number;
    ChildShards: readonly ChildShard[];
  }>;
}>;

type Consumer = Maybe<{ ConsumerARN: string; ConsumerName: string; ConsumerStatus: string }>;
type Strings = Readonly<Record<string, string>>;

/** Input and output of each action. */
export interface Actions {
  PutRecords: [StreamRef & { readonly Records: readonly PutEntry[] }, Maybe<{ Records: readonly PutResult[] }>];
  GetShardIterator: [StreamRef & { readonly ShardId: string } & IteratorType, Maybe<{ ShardIterator: string }>];
  GetRecords: [
    { readonly ShardIterator: string; readonly Limit: number; readonly StreamARN?: string },
    Maybe<{
      Records: readonly KinesisRecord[];
      NextShardIterator: string | null;
      MillisBehindLatest: number;
      ChildShards: readonly ChildShard[];
    }>,
  ];
  ListShards: [
    (StreamRef | { readonly NextToken: string }) & { readonly MaxResults?: number },
    Maybe<{ Shards: readonly ShardInfo[]; NextToken: string }>,
  ];
  DescribeStreamSummary: [StreamRef, Maybe<{ StreamDescriptionSummary: StreamSummary }>];
  SubscribeToShard: [
    {
      readonly ConsumerARN: string;
      readonly ShardId: string;
      readonly StartingPosition: {
        readonly Type: IteratorType["ShardIteratorType"];
        readonly SequenceNumber?: string;
        readonly Timestamp?: Date;
      };
    },
    Maybe<{ EventStream: AsyncIterable<ShardEvent> }>,
  ];
  DescribeStreamConsumer: [
    { readonly StreamARN: string; readonly ConsumerName: string },
    Maybe<{ ConsumerDescription: Consumer }>,
  ];
  RegisterStreamConsumer: [
    { readonly StreamARN: string; readonly ConsumerName: string },
    Maybe<{ Consumer: Consumer }>,
  ];
  DeregisterStreamConsumer: [{ readonly StreamARN: string; readonly ConsumerName: string }, unknown];
  CreateStream: [
    {
      readonly StreamName: string;
      readonly ShardCount?: number;
      readonly StreamModeDetails: { readonly StreamMode: string };
      readonly MaxRecordSizeInKiB?: number;
      readonly Tags?: Strings;
    },
    unknown,
  ];
  DeleteStream: [StreamRef & { readonly EnforceConsumerDeletion: boolean }, unknown];
  UpdateShardCount: [
    StreamRef & { readonly TargetShardCount: number; readonly ScalingType: "UNIFORM_SCALING" },
    unknown,
  ];
  UpdateStreamMode: [
    { readonly StreamARN: string; readonly StreamModeDetails: { readonly StreamMode: string } },
    unknown,
  ];
  UpdateMaxRecordSize: [{ readonly StreamARN: string; readonly MaxRecordSizeInKiB: number }, unknown];
  IncreaseStreamRetentionPeriod: [StreamRef & { readonly RetentionPeriodHours: number }, unknown];
  DecreaseStreamRetentionPeriod: [StreamRef & { readonly RetentionPeriodHours: number }, unknown];
  StartStreamEncryption: [StreamRef & { readonly EncryptionType: "KMS"; readonly KeyId: string }, unknown];
  StopStreamEncryption: [StreamRef & { readonly EncryptionType: "KMS"; readonly KeyId: string }, unknown];
  ListTagsForStream: [
    StreamRef,
    Maybe<{ Tags: readonly Maybe<{ Key: string; Value: string }>[]; HasMoreTags: boolean }>,
  ];
  AddTagsToStream: [StreamRef & { readonly Tags: Strings }, unknown];
}

/** One call to Kinesis. Rejects with the SDK's own error; never retries. */
export type Call = <A extends keyof Actions>(
  action: A,
  input: Actions[A][0],
  signal?: AbortSignal,
) => Promise<Actions[A][1]>;

const seen = new WeakSet<object>();

function rethrow(cause: unknown): never {
  if (typeof cause === "object" && cause !== null) seen.add(cause);
  throw cause;
}

/** Whether a call of ours to Kinesis failed with this error. A connection to several services must know whose error it has. */
export const failedAtKinesis = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && seen.has(cause);

/** `text`: the client has our codecs, which write the text of a record themselves. */
export function caller(sdk: Sdk, client: KinesisClientLike, text: boolean): Call {
  return (action, input, signal) => {
    const given = !text && "Records" in input ? { ...input, Records: input.Records.map(asBytes) } : input;
    const command = commandOf(sdk, "@aws-sdk/client-kinesis", action, given);
    return client.send(command, signal === undefined ? {} : { abortSignal: signal }).catch(rethrow);
  };
}

export const loadSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-kinesis", "@switchyard/kinesis", () => import("@aws-sdk/client-kinesis"));
