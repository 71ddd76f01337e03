// @switchyard/sqs: index.d.ts
// @switchyard/sqs/topology: topology/index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type SqsOptions } from "./options.ts";
export type SqsKeeps = {
    queue: "ordering" | "delay" | "fairness";
};
export declare const adapter: Adapter<SqsOptions, SqsKeeps>;

// client.d.ts
export interface SqsClientLike {
    send(command: any, options?: {
        abortSignal?: AbortSignal;
    }): Promise<any>;
    destroy?(): void;
    readonly config?: unknown;
}
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
    GetQueueAttributes: [
        OnQueue & {
            readonly AttributeNames: readonly string[];
        },
        {
            readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined;
        }
    ];
    PurgeQueue: [OnQueue, unknown];
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
export type Sdk = Readonly<Record<string, new (input: any) => any>>;
export declare function caller(sdk: Sdk, client: SqsClientLike): Call;
export {};

// index.d.ts
import { adapter, type SqsKeeps } from "./adapter.ts";
import type { SqsOptions } from "./options.ts";
export { adapter, type SqsKeeps };
export type { SqsClientLike } from "./client.ts";
export type { SqsOptions } from "./options.ts";
export declare function sqs(options?: SqsOptions): {
    readonly use: typeof adapter;
} & SqsOptions;

// options.d.ts
import { z } from "zod";
import type { SqsClientLike } from "./client.ts";
export declare const sqsOptions: z.ZodObject<{
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    accountId: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    client: z.ZodOptional<z.ZodCustom<SqsClientLike, SqsClientLike>>;
    receiveClient: z.ZodOptional<z.ZodCustom<SqsClientLike, SqsClientLike>>;
}, z.core.$strict>;
export type SqsOptions = z.output<typeof sqsOptions>;

// topology/index.d.ts
import type { Topology } from "@switchyard/core/driver";
import type { Sdk } from "../client.ts";
import type { SqsOptions } from "../options.ts";
export declare function createTopology(options: SqsOptions, sdk: Sdk): Promise<Topology>;
