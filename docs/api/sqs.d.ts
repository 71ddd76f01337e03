// @switchyard/sqs: index.d.ts
// @switchyard/sqs/kit: kit.d.ts
// @switchyard/sqs/push: push.d.ts
// @switchyard/sqs/rights: rights.d.ts
// @switchyard/sqs/topology: topology/index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type SqsOptions } from "./options.ts";
export type SqsKeeps = {
    queue: "ordering" | "delay" | "fairness";
};
export declare const adapter: Adapter<SqsOptions, SqsKeeps>;

// batches.d.ts
import type { BatchReply } from "./sdk.ts";
export declare function byIndex<S extends {
    readonly Id?: string | undefined;
}>(reply: BatchReply<S>, count: number): readonly (S | {
    readonly cause: unknown;
})[];
export declare function chunks<T>(items: readonly T[], size?: number): T[][];

// capabilities.d.ts
import type { Capabilities, Destination } from "@switchyard/core/driver";
import { type Hops } from "./native.ts";
export interface QueueLimits {
    readonly maxMessageBytes: number;
    readonly retentionMs: number;
}
export declare function capabilitiesOf(fifo: boolean, limits: QueueLimits, hops?: Hops): Capabilities;
export declare function declared(of: Destination): Capabilities | undefined;
export declare function pushedTo(of: Destination, pulled: Capabilities): Capabilities;

// client.d.ts
import { type ClientLike, type Sdk } from "@switchyard/aws-kit";
import { type Call } from "./sdk.ts";
import type { SqsOptions } from "./options.ts";
export interface Clients {
    readonly call: Call;
    readonly poll: Call;
    readonly client: ClientLike;
    readonly pollClient: ClientLike;
    readonly followsUrls: boolean;
    endpoint(): Promise<URL | undefined>;
    region(): Promise<string | undefined>;
    close(): void;
}
export declare function openClients(options: SqsOptions, sdk: Sdk): Promise<Clients>;

// connection.d.ts
import { type Sdk } from "@switchyard/aws-kit";
import type { Connection, DriverEvent, Runtime } from "@switchyard/core/driver";
import type { SqsOptions } from "./options.ts";
export declare function connect(options: SqsOptions, sdk: Sdk, runtime: Runtime, report: (event: DriverEvent) => void): Promise<Connection>;

// endpoint.d.ts
import { isLoopback } from "@switchyard/core/driver-kit";
export { isLoopback };
export declare const EXAMPLE_ENDPOINT = "https://sqs.eu-west-1.amazonaws.com";
export declare const endpointProblem: (endpoint: string, allowInsecure: boolean) => string | undefined;
export declare function sameService(queue: URL, endpoint: URL, trusted?: readonly string[]): boolean;

// errors.d.ts
import type { Fault, Phase } from "@switchyard/core/driver";
import type { FailedEntry } from "./sdk.ts";
export declare class EntryError extends Error {
    readonly name: string;
    readonly senderFault: boolean | undefined;
    constructor(code: string, message: string, senderFault: boolean | undefined);
}
export declare function entryError(failed: FailedEntry | undefined): EntryError;
export declare const classify: (cause: unknown, during: Phase) => Fault;

// index.d.ts
import { adapter, type SqsKeeps } from "./adapter.ts";
import type { SqsOptions } from "./options.ts";
export { adapter, type SqsKeeps };
export type { SqsOptions } from "./options.ts";
export type { SqsClientLike } from "./sdk.ts";
export declare function sqs(options?: SqsOptions): {
    readonly use: typeof adapter;
} & SqsOptions;

// kit.d.ts
export { refuseOtherAccount } from "@switchyard/aws-kit";
export { queueName } from "./names.ts";
export { byIndex, chunks } from "./batches.ts";
export { capabilitiesOf, pushedTo, type QueueLimits } from "./capabilities.ts";
export { type BatchReply, type Call, caller, type MessageAttribute, type SqsClientLike } from "./sdk.ts";
export { type Clients, openClients } from "./client.ts";
export { connect } from "./connection.ts";
export { classify } from "./errors.ts";
export { loadSdk } from "./sdk.ts";
export { endpointProblem } from "./endpoint.ts";
export { settingsOf } from "./native.ts";
export { sqsOptions } from "./options.ts";
export { describeQueue, type Queue, queueUrl } from "./resource.ts";
export { canonical, policyOf, splitPolicy, type Statement } from "./topology/policy.ts";
export { queueArn, queueResources } from "./topology/resources.ts";
export { refusal, sizeOf, toEntry } from "./message.ts";

// message.d.ts
import type { WireMessage } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Hops } from "./native.ts";
import type { ReceivedMessage, SendEntry } from "./sdk.ts";
export declare const DELAY_ATTRIBUTE = "switchyard-delay";
export declare function sizeOf(message: WireMessage): number;
export declare function attributeBytes(name: string, value: string, type?: string): number;
export declare function refusal(message: WireMessage, fifo: boolean, hops?: Hops): MessagingError | undefined;
export declare function toEntry(id: string, message: WireMessage, fifo: boolean, alone: () => string, ownGroup?: (message: WireMessage) => string): SendEntry;
export declare function toWait(entry: SendEntry, delayMs: number, { aboveMs }: Hops): SendEntry;
export declare function fromReceived(received: ReceivedMessage, fifo: boolean): WireMessage;
export declare function toId(text: string): string;

// names.d.ts
import type { Destination, Located } from "@switchyard/core/driver";
export interface Address {
    readonly name: string;
    readonly url?: URL;
    readonly account?: string;
    readonly region?: string;
}
export declare function queueName(of: Destination): string;
export declare function parseAddress(address: string): Address | undefined;
export declare function locate(of: Destination): Located;

// native.d.ts
import type { Destination } from "@switchyard/core/driver";
export interface Hops {
    readonly longestMs: number;
    readonly aboveMs: number;
}
export declare const DELAY_SUFFIX = "_delay";
export interface Settings {
    readonly retentionMs: number;
    readonly maxMessageBytes: number;
    readonly delayMs: number;
    readonly visibilityMs: number;
    readonly kmsKey?: string;
    readonly kmsDataKeyReuseMs?: number;
    readonly access?: Access;
    readonly tags?: Readonly<Record<string, string>>;
    readonly throughput: "high" | "standard";
    readonly hops?: Hops;
}
export declare function nativeProblems(of: Destination): readonly string[];
export declare function settingsOf(of: Destination): Settings;
export interface BucketOf {
    readonly bucket: string;
    readonly account: string;
}
export interface Access {
    readonly send?: readonly (string | BucketOf)[];
    readonly receive?: readonly string[];
}
export type Kind = "principal" | "topic" | "bucket" | "rule";
export declare function kindOf(entry: string | BucketOf): Kind | undefined;

// options.d.ts
import { type ClientLike } from "@switchyard/aws-kit";
import * as z from "zod";
export declare const sqsOptions: z.ZodObject<{
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    accountId: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    trustedHosts: z.ZodOptional<z.ZodArray<z.ZodString>>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    fast: z.ZodOptional<z.ZodBoolean>;
    cloudWatch: z.ZodOptional<z.ZodBoolean>;
    cloudWatchClient: z.ZodOptional<z.ZodCustom<ClientLike, ClientLike>>;
    client: z.ZodOptional<z.ZodCustom<ClientLike, ClientLike>>;
    receiveClient: z.ZodOptional<z.ZodCustom<ClientLike, ClientLike>>;
}, z.core.$strict>;
export type SqsOptions = z.output<typeof sqsOptions>;

// push.d.ts
import type { Delivery, Destination } from "@switchyard/core/driver";
import type { SqsOptions } from "./options.ts";
export interface SqsEventRecord {
    readonly messageId?: string;
    readonly receiptHandle?: string;
    readonly body?: string;
    readonly attributes?: Readonly<Record<string, string | undefined>>;
    readonly messageAttributes?: Readonly<Record<string, {
        readonly stringValue?: string;
        readonly binaryValue?: string;
        readonly dataType?: string;
    } | undefined>>;
    readonly eventSource?: string;
    readonly eventSourceARN?: string;
}
export declare function fromEventRecord(record: SqsEventRecord, ordered: boolean): Delivery<string>;
export declare function isQueueOf(of: Destination, { region, accountId }: SqsOptions, arn: string): boolean;

// resource.d.ts
import type { Destination } from "@switchyard/core/driver";
import type { Clients } from "./client.ts";
import type { SqsOptions } from "./options.ts";
export interface Queue {
    readonly url: string;
    readonly arn: string;
    readonly name: string;
    readonly fifo: boolean;
    readonly maxMessageBytes: number;
    readonly retentionMs: number;
    readonly attributes: Readonly<Record<string, string | undefined>>;
}
export declare function queueWords(input: {
    readonly QueueUrl?: string;
    readonly QueueName?: string;
    readonly SourceArn?: string;
}): string | undefined;
export declare function queueUrl(of: Destination, options: SqsOptions, clients: Clients, signal: AbortSignal): Promise<string>;
export declare function openQueue(of: Destination, options: SqsOptions, clients: Clients, signal: AbortSignal): Promise<Queue>;
export declare function describeQueue(url: string, clients: Clients, signal: AbortSignal): Promise<Queue>;
export declare function isEncrypted({ attributes }: Pick<Queue, "attributes">): boolean;
export declare function redriveOf(policy: string | undefined): {
    readonly target: string;
    readonly count: number;
} | undefined;

// rights.d.ts
import { type AwsPlace } from "@switchyard/aws-kit/rights";
import type { Destination, ResourceRights, Rights } from "@switchyard/core/driver";
import type { SqsOptions } from "./options.ts";
import { type TopicsOf } from "./topology/desired.ts";
export declare function rightsOf(options: SqsOptions): Promise<Rights>;
export declare function queuePolicies(destinations: readonly Destination[], place: AwsPlace, topicsOf?: TopicsOf): readonly ResourceRights[];
export declare function queueArn(of: Destination, { partition, region, account }: AwsPlace): string;

// sdk.d.ts
import { type ClientLike, type Sdk } from "@switchyard/aws-kit";
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
export interface ListedTask {
    readonly Status?: string | undefined;
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
export interface Actions {
    SendMessageBatch: [OnQueue & {
        readonly Entries: readonly SendEntry[];
    }, BatchReply<SentEntry>];
    ReceiveMessage: [
        OnQueue & {
            readonly MaxNumberOfMessages: number;
            readonly WaitTimeSeconds: number;
            readonly VisibilityTimeout: number;
            readonly MessageAttributeNames: readonly string[];
            readonly MessageSystemAttributeNames: readonly string[];
            readonly ReceiveRequestAttemptId?: string;
        },
        {
            readonly Messages?: readonly ReceivedMessage[] | undefined;
        }
    ];
    DeleteMessageBatch: [
        OnQueue & {
            readonly Entries: readonly {
                Id: string;
                ReceiptHandle: string;
            }[];
        },
        BatchReply<{
            readonly Id?: string | undefined;
        }>
    ];
    ChangeMessageVisibilityBatch: [
        OnQueue & {
            readonly Entries: readonly {
                Id: string;
                ReceiptHandle: string;
                VisibilityTimeout: number;
            }[];
        },
        BatchReply<{
            readonly Id?: string | undefined;
        }>
    ];
    GetQueueUrl: [
        {
            readonly QueueName: string;
            readonly QueueOwnerAWSAccountId?: string;
        },
        {
            readonly QueueUrl?: string | undefined;
        }
    ];
    ListQueues: [
        {
            readonly QueueNamePrefix: string;
            readonly NextToken?: string;
            readonly MaxResults?: number;
        },
        {
            readonly QueueUrls?: readonly string[] | undefined;
            readonly NextToken?: string | undefined;
        }
    ];
    GetQueueAttributes: [
        OnQueue & {
            readonly AttributeNames: readonly string[];
        },
        {
            readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined;
        }
    ];
    PurgeQueue: [OnQueue, unknown];
    StartMessageMoveTask: [
        {
            readonly SourceArn: string;
            readonly DestinationArn: string;
            readonly MaxNumberOfMessagesPerSecond?: number;
        },
        {
            readonly TaskHandle?: string | undefined;
        }
    ];
    ListMessageMoveTasks: [
        {
            readonly SourceArn: string;
            readonly MaxResults: number;
        },
        {
            readonly Results?: readonly ListedTask[] | undefined;
        }
    ];
    CancelMessageMoveTask: [{
        readonly TaskHandle: string;
    }, unknown];
    CreateQueue: [
        {
            readonly QueueName: string;
            readonly Attributes: Strings;
            readonly tags?: Strings;
        },
        {
            readonly QueueUrl?: string | undefined;
        }
    ];
    SetQueueAttributes: [OnQueue & {
        readonly Attributes: Strings;
    }, unknown];
    DeleteQueue: [OnQueue, unknown];
    TagQueue: [OnQueue & {
        readonly Tags: Strings;
    }, unknown];
    ListQueueTags: [OnQueue, {
        readonly Tags?: Readonly<Record<string, string | undefined>> | undefined;
    }];
}
export type Call = <A extends keyof Actions>(action: A, input: Actions[A][0], signal?: AbortSignal) => Promise<Actions[A][1]>;
export declare function caller(sdk: Sdk, client: SqsClientLike): Call;
export declare const loadSdk: () => Promise<Sdk>;
export {};

// topology/desired.d.ts
import type { Destination } from "@switchyard/core/driver";
import { type Settings } from "../native.ts";
export interface Desired {
    readonly of: Destination;
    readonly name: string;
    readonly external: boolean;
    readonly fifo: boolean;
    readonly settings: Settings;
    readonly deadLetter?: Destination;
    readonly maxReceiveCount: number;
    readonly topics: readonly string[];
}
export type TopicsOf = (of: Destination) => readonly string[];
export declare function desiredQueues(destinations: readonly Destination[], topicsOf?: TopicsOf): readonly Desired[];
export declare function like(deadLetter: Destination, { native }: Destination): Destination;
export declare function creationAttributes({ settings, fifo }: Desired): Record<string, string>;
export declare function encryption(settings: Settings): Record<string, string>;
export declare function throughput(settings: Settings): Record<string, string>;

// topology/index.d.ts
import { type Sdk } from "@switchyard/aws-kit";
import type { Topology } from "@switchyard/core/driver";
import type { SqsOptions } from "../options.ts";
import { type TopicsOf } from "./desired.ts";
export declare function createTopology(options: SqsOptions, sdk: Sdk, topicsOf?: TopicsOf): Promise<Topology>;

// topology/policy.d.ts
import { type Access } from "../native.ts";
export interface Statement {
    readonly Sid?: string;
    readonly [key: string]: unknown;
}
export declare function statements(access: Access, queueArn: string, more?: readonly string[]): readonly Statement[];
export declare function splitPolicy(policy: string | undefined): {
    readonly ours: readonly Statement[];
    readonly others: readonly Statement[];
};
export declare function policyOf(all: readonly Statement[]): string;
export declare function canonical(value: unknown): string;

// topology/resources.d.ts
import { type Resources } from "@switchyard/core/driver";
import { type TopicsOf } from "./desired.ts";
export declare const queueArn: (name: string) => string;
export declare function queueResources(topicsOf?: TopicsOf): Resources;
