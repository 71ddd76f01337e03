// @switchyard/kinesis: index.d.ts
// @switchyard/kinesis/push: push.d.ts
// @switchyard/kinesis/topology: topology/index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type KinesisOptions } from "./options.ts";
export type KinesisKeeps = {
    stream: "ordering" | "replay";
};
export declare const adapter: Adapter<KinesisOptions, KinesisKeeps>;

// attempt-store.d.ts
import type { Destination } from "@switchyard/core/driver";
import { type AttemptStore } from "@switchyard/leases";
import type { KinesisOptions } from "./options.ts";
export declare function attemptStore(of: Destination, options: KinesisOptions): Promise<AttemptStore>;

// errors.d.ts
import type { Fault, Phase } from "@switchyard/core/driver";
export declare class RecordError extends Error {
    readonly name: string;
    readonly retryAfterMs: number | undefined;
    constructor(code: string, message: string, retryAfterMs?: number);
}
export declare const isOfKinesis: (cause: unknown) => boolean;
export declare const isNamed: (error: unknown, name: string) => boolean;
export declare const classify: (cause: unknown, during: Phase) => Fault;

// index.d.ts
import { adapter, type KinesisKeeps } from "./adapter.ts";
import type { KinesisOptions } from "./options.ts";
export { adapter, type KinesisKeeps };
export { isOfKinesis } from "./errors.ts";
export type { KinesisClientLike } from "./sdk.ts";
export type { LeaseOptions, LeaseStoreFactory } from "./lease-options.ts";
export type { KinesisOptions } from "./options.ts";
export declare function kinesis(options?: KinesisOptions): {
    readonly use: typeof adapter;
} & KinesisOptions;

// lease-options.d.ts
import type { Destination } from "@switchyard/core/driver";
import type { LeaseStore } from "@switchyard/leases";
import * as z from "zod";
export declare const asMs: (value: string | number | undefined) => number | undefined;
export interface PostgresPool {
    query(text: string, values?: any[]): Promise<{
        readonly rows: any[];
        readonly rowCount: number | null;
    }>;
}
export type LeaseStoreFactory = (group: Destination) => LeaseStore;
export declare const leaseOptions: z.ZodDiscriminatedUnion<[z.ZodObject<{
    duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    store: z.ZodLiteral<"dynamodb">;
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    table: z.ZodOptional<z.ZodString>;
}, z.core.$strict>, z.ZodObject<{
    duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    store: z.ZodLiteral<"postgres">;
    pool: z.ZodCustom<PostgresPool, PostgresPool>;
    table: z.ZodOptional<z.ZodString>;
}, z.core.$strict>, z.ZodObject<{
    duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    store: z.ZodLiteral<"memory">;
    name: z.ZodOptional<z.ZodString>;
}, z.core.$strict>, z.ZodObject<{
    duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    store: z.ZodLiteral<"custom">;
    create: z.ZodCustom<LeaseStoreFactory, LeaseStoreFactory>;
}, z.core.$strict>], "store">;
export type LeaseOptions = z.output<typeof leaseOptions>;
export declare const DEFAULT_LEASES: LeaseOptions;

// options.d.ts
import * as z from "zod";
export declare const EXAMPLE_ENDPOINT = "https://kinesis.eu-west-1.amazonaws.com";
export declare const kinesisOptions: z.ZodObject<{
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    fanOut: z.ZodOptional<z.ZodBoolean>;
    poll: z.ZodOptional<z.ZodObject<{
        every: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        idle: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
    }, z.core.$strict>>;
    leases: z.ZodOptional<z.ZodDiscriminatedUnion<[z.ZodObject<{
        duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        store: z.ZodLiteral<"dynamodb">;
        region: z.ZodOptional<z.ZodString>;
        endpoint: z.ZodOptional<z.ZodString>;
        table: z.ZodOptional<z.ZodString>;
    }, z.core.$strict>, z.ZodObject<{
        duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        store: z.ZodLiteral<"postgres">;
        pool: z.ZodCustom<import("./lease-options.ts").PostgresPool, import("./lease-options.ts").PostgresPool>;
        table: z.ZodOptional<z.ZodString>;
    }, z.core.$strict>, z.ZodObject<{
        duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        store: z.ZodLiteral<"memory">;
        name: z.ZodOptional<z.ZodString>;
    }, z.core.$strict>, z.ZodObject<{
        duration: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        handover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        discover: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>>;
        store: z.ZodLiteral<"custom">;
        create: z.ZodCustom<import("./lease-options.ts").LeaseStoreFactory, import("./lease-options.ts").LeaseStoreFactory>;
    }, z.core.$strict>], "store">>;
    fast: z.ZodOptional<z.ZodBoolean>;
    client: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
    subscribeClient: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
}, z.core.$strict>;
export type KinesisOptions = z.output<typeof kinesisOptions>;
export interface Pace {
    readonly everyMs: number;
    readonly idleMs: number;
}
export declare function paceOf({ poll }: KinesisOptions): Pace;

// push.d.ts
import type { Delivery, Destination } from "@switchyard/core/driver";
export { attemptStore } from "./attempt-store.ts";
export type { AttemptRow, AttemptStore } from "@switchyard/leases";
import type { KinesisOptions } from "./options.ts";
export interface KinesisEventRecord {
    readonly eventID?: string;
    readonly eventSource?: string;
    readonly eventSourceARN?: string;
    readonly kinesis?: {
        readonly partitionKey?: string;
        readonly sequenceNumber?: string;
        readonly data?: string;
        readonly approximateArrivalTimestamp?: number;
    };
}
export interface PushedReceipt {
    readonly sequence: string;
    readonly sub: number;
}
export declare function shardOf({ eventID }: KinesisEventRecord): string;
export declare function fromEventRecord(record: KinesisEventRecord, keyed: boolean): readonly Delivery<PushedReceipt>[];
export declare function isStreamOf(of: Destination, options: KinesisOptions, arn: string): boolean;

// sdk.d.ts
import { type ClientLike, type Sdk } from "@switchyard/aws-kit";
export type KinesisClientLike = ClientLike;
type Maybe<T> = {
    readonly [K in keyof T]?: T[K] | undefined;
};
export type StreamRef = {
    readonly StreamName: string;
} | {
    readonly StreamARN: string;
};
export interface PutEntry {
    readonly Data: string | Uint8Array;
    readonly PartitionKey: string;
}
export declare const asBytes: ({ Data, PartitionKey }: PutEntry) => PutEntry;
export type PutResult = Maybe<{
    SequenceNumber: string;
    ShardId: string;
    ErrorCode: string;
    ErrorMessage: string;
}>;
export type KinesisRecord = Maybe<{
    SequenceNumber: string;
    ApproximateArrivalTimestamp: Date;
    Data: Uint8Array;
    PartitionKey: string;
    EncryptionType: string;
}>;
export type ChildShard = Maybe<{
    ShardId: string;
    ParentShards: readonly string[];
    HashKeyRange: HashRange;
}>;
type HashRange = Maybe<{
    StartingHashKey: string;
    EndingHashKey: string;
}>;
export type ShardInfo = Maybe<{
    ShardId: string;
    ParentShardId: string;
    AdjacentParentShardId: string;
    HashKeyRange: HashRange;
    SequenceNumberRange: Maybe<{
        StartingSequenceNumber: string;
        EndingSequenceNumber: string;
    }>;
}>;
export type IteratorType = {
    readonly ShardIteratorType: "TRIM_HORIZON" | "LATEST";
} | {
    readonly ShardIteratorType: "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER";
    readonly StartingSequenceNumber: string;
} | {
    readonly ShardIteratorType: "AT_TIMESTAMP";
    readonly Timestamp: Date;
};
export type StreamSummary = Maybe<{
    StreamName: string;
    StreamARN: string;
    StreamStatus: string;
    StreamCreationTimestamp: Date;
    StreamModeDetails: Maybe<{
        StreamMode: string;
    }>;
    RetentionPeriodHours: number;
    EncryptionType: string;
    KeyId: string;
    OpenShardCount: number;
    MaxRecordSizeInKiB: number;
    RecordDistributionStrategy: string | Maybe<{
        StrategyType: string;
    }>;
}>;
export type ShardEvent = Maybe<{
    SubscribeToShardEvent: Maybe<{
        Records: readonly KinesisRecord[];
        ContinuationSequenceNumber: string;
        MillisBehindLatest: number;
        ChildShards: readonly ChildShard[];
    }>;
}>;
type Consumer = Maybe<{
    ConsumerARN: string;
    ConsumerName: string;
    ConsumerStatus: string;
}>;
type Strings = Readonly<Record<string, string>>;
export interface Actions {
    PutRecords: [StreamRef & {
        readonly Records: readonly PutEntry[];
    }, Maybe<{
        Records: readonly PutResult[];
    }>];
    GetShardIterator: [StreamRef & {
        readonly ShardId: string;
    } & IteratorType, Maybe<{
        ShardIterator: string;
    }>];
    GetRecords: [
        {
            readonly ShardIterator: string;
            readonly Limit: number;
            readonly StreamARN?: string;
        },
        Maybe<{
            Records: readonly KinesisRecord[];
            NextShardIterator: string | null;
            MillisBehindLatest: number;
            ChildShards: readonly ChildShard[];
        }>
    ];
    ListShards: [
        (StreamRef | {
            readonly NextToken: string;
        }) & {
            readonly MaxResults?: number;
        },
        Maybe<{
            Shards: readonly ShardInfo[];
            NextToken: string;
        }>
    ];
    DescribeStreamSummary: [StreamRef, Maybe<{
        StreamDescriptionSummary: StreamSummary;
    }>];
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
        Maybe<{
            EventStream: AsyncIterable<ShardEvent>;
        }>
    ];
    DescribeStreamConsumer: [
        {
            readonly StreamARN: string;
            readonly ConsumerName: string;
        },
        Maybe<{
            ConsumerDescription: Consumer;
        }>
    ];
    RegisterStreamConsumer: [
        {
            readonly StreamARN: string;
            readonly ConsumerName: string;
        },
        Maybe<{
            Consumer: Consumer;
        }>
    ];
    DeregisterStreamConsumer: [{
        readonly StreamARN: string;
        readonly ConsumerName: string;
    }, unknown];
    CreateStream: [
        {
            readonly StreamName: string;
            readonly ShardCount?: number;
            readonly StreamModeDetails: {
                readonly StreamMode: string;
            };
            readonly MaxRecordSizeInKiB?: number;
            readonly Tags?: Strings;
        },
        unknown
    ];
    DeleteStream: [StreamRef & {
        readonly EnforceConsumerDeletion: boolean;
    }, unknown];
    UpdateShardCount: [
        StreamRef & {
            readonly TargetShardCount: number;
            readonly ScalingType: "UNIFORM_SCALING";
        },
        unknown
    ];
    UpdateStreamMode: [
        {
            readonly StreamARN: string;
            readonly StreamModeDetails: {
                readonly StreamMode: string;
            };
        },
        unknown
    ];
    UpdateMaxRecordSize: [{
        readonly StreamARN: string;
        readonly MaxRecordSizeInKiB: number;
    }, unknown];
    IncreaseStreamRetentionPeriod: [StreamRef & {
        readonly RetentionPeriodHours: number;
    }, unknown];
    DecreaseStreamRetentionPeriod: [StreamRef & {
        readonly RetentionPeriodHours: number;
    }, unknown];
    StartStreamEncryption: [StreamRef & {
        readonly EncryptionType: "KMS";
        readonly KeyId: string;
    }, unknown];
    StopStreamEncryption: [StreamRef & {
        readonly EncryptionType: "KMS";
        readonly KeyId: string;
    }, unknown];
    ListTagsForStream: [
        StreamRef,
        Maybe<{
            Tags: readonly Maybe<{
                Key: string;
                Value: string;
            }>[];
            HasMoreTags: boolean;
        }>
    ];
    AddTagsToStream: [StreamRef & {
        readonly Tags: Strings;
    }, unknown];
}
export type Call = <A extends keyof Actions>(action: A, input: Actions[A][0], signal?: AbortSignal) => Promise<Actions[A][1]>;
export declare const failedAtKinesis: (cause: unknown) => boolean;
export declare function caller(sdk: Sdk, client: KinesisClientLike, text: boolean): Call;
export declare const loadSdk: () => Promise<Sdk>;
export {};

// topology/index.d.ts
import { type Sdk } from "@switchyard/aws-kit";
import type { Runtime, Topology } from "@switchyard/core/driver";
import type { KinesisOptions } from "../options.ts";
export declare function createTopology(options: KinesisOptions, sdk: Sdk, runtime: Runtime): Promise<Topology>;
