// @switchyard/sns: index.d.ts
// @switchyard/sns/http: http/index.d.ts
// @switchyard/sns/push: push.d.ts
// @switchyard/sns/topology: topology/index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type SnsOptions } from "./options.ts";
export type SnsKeeps = {
    pubsub: "ordering" | "fairness";
};
export declare const adapter: Adapter<SnsOptions, SnsKeeps>;

// confirm.d.ts
import type { SnsOptions } from "./options.ts";
export declare function confirmSubscription(confirmation: string | object, expected: string, options?: SnsOptions): Promise<string>;

// http/certificates.d.ts
import { X509Certificate } from "node:crypto";
import type { Runtime } from "@switchyard/core/driver";
export type FetchCertificate = (url: URL, signal: AbortSignal) => Promise<string>;
export declare function fetchCertificate(url: URL, signal: AbortSignal): Promise<string>;
export declare class Certificates {
    #private;
    constructor(fetch: FetchCertificate, runtime: Runtime);
    get(url: URL, trusted?: readonly string[]): Promise<X509Certificate>;
    verified(url: URL): void;
}

// http/handler.d.ts
import type { IncomingMessage, ServerResponse } from "node:http";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { SnsConfirmation, SnsNotification } from "./message.ts";
import { type VerifyOptions } from "./verify.ts";
export interface SnsHandlerOptions extends VerifyOptions {
    readonly onNotification: (notification: SnsNotification) => unknown;
    readonly confirm?: boolean | ((confirmation: SnsConfirmation) => boolean | Promise<boolean>);
    readonly onUnsubscribed?: (confirmation: SnsConfirmation) => unknown;
    readonly visit?: (url: URL, signal: AbortSignal) => Promise<void>;
    readonly onRefused?: (error: MessagingError) => void;
}
export declare function snsHandler(options: SnsHandlerOptions): (request: Request) => Promise<Response>;
export declare function snsNodeHandler(options: SnsHandlerOptions): (request: IncomingMessage & {
    readonly body?: unknown;
}, response: ServerResponse) => Promise<void>;

// http/index.d.ts
export type { FetchCertificate } from "./certificates.ts";
export { snsHandler, type SnsHandlerOptions, snsNodeHandler } from "./handler.ts";
export type { SnsConfirmation, SnsMessage, SnsNotification } from "./message.ts";
export { verifySnsMessage, type VerifyOptions } from "./verify.ts";

// http/message.d.ts
import { MessagingError } from "@switchyard/core/driver-kit";
interface RequestFields {
    readonly messageId: string;
    readonly topicArn: string;
    readonly message: string;
    readonly timestamp: Date;
    readonly signatureVersion: "1" | "2";
}
export interface SnsNotification extends RequestFields {
    readonly type: "Notification";
    readonly subject?: string;
    readonly attributes: Readonly<Record<string, string>>;
}
export interface SnsConfirmation extends RequestFields {
    readonly type: "SubscriptionConfirmation" | "UnsubscribeConfirmation";
    readonly token: string;
    readonly subscribeUrl: string;
}
export type SnsMessage = SnsNotification | SnsConfirmation;
type Fields = Readonly<Record<string, unknown>>;
export declare const bad: (why: string) => MessagingError;
export interface Posted {
    readonly fields: Fields;
    readonly signed: string;
    readonly signature: Buffer;
    readonly certificateUrl: string;
    readonly content: SnsMessage;
}
export declare function parse(input: string | Uint8Array | object): Posted;
export {};

// http/verify.d.ts
import { type Duration, type Runtime } from "@switchyard/core";
import { type FetchCertificate } from "./certificates.ts";
import { type SnsMessage } from "./message.ts";
export interface VerifyOptions {
    readonly topic: string | readonly string[];
    readonly maxAge?: Duration;
    readonly signatureVersions?: readonly ("1" | "2")[];
    readonly certificate?: FetchCertificate;
    readonly trustedHosts?: readonly string[];
    readonly runtime?: Runtime;
}
export declare function verifySnsMessage(input: string | Uint8Array | object, options: VerifyOptions): Promise<SnsMessage>;
export declare function trustedOf({ trustedHosts }: Pick<VerifyOptions, "trustedHosts">): readonly string[];

// index.d.ts
import { adapter, type SnsKeeps } from "./adapter.ts";
import type { SnsOptions } from "./options.ts";
export { adapter, type SnsKeeps };
export { confirmSubscription } from "./confirm.ts";
export type { SnsClientLike } from "./sdk.ts";
export type { SnsOptions } from "./options.ts";
export declare function sns(options?: SnsOptions): {
    readonly use: typeof adapter;
} & SnsOptions;

// options.d.ts
import type { SqsOptions } from "@switchyard/sqs";
import * as z from "zod";
export declare const snsOptions: z.ZodObject<{
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    accountId: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    trustedHosts: z.ZodOptional<z.ZodArray<z.ZodString>>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    fast: z.ZodOptional<z.ZodBoolean>;
    cloudWatch: z.ZodOptional<z.ZodBoolean>;
    cloudWatchClient: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
    client: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
    receiveClient: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
    snsEndpoint: z.ZodOptional<z.ZodString>;
    snsClient: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
    kmsClient: z.ZodOptional<z.ZodCustom<import("@switchyard/aws-kit").ClientLike, import("@switchyard/aws-kit").ClientLike>>;
}, z.core.$strict>;
export type SnsOptions = z.output<typeof snsOptions>;
export declare function queueOptions({ snsEndpoint: _endpoint, snsClient: _client, kmsClient: _kms, ...options }: SnsOptions): SqsOptions;

// push.d.ts
import type { Delivery, Destination } from "@switchyard/core/driver";
import type { SqsOptions } from "@switchyard/sqs";
import { type SqsEventRecord } from "@switchyard/sqs/push";
export declare function fromEventRecord(record: SqsEventRecord, of: Destination): Delivery<string>;
export declare function isQueueOf(of: Destination, options: SqsOptions, arn: string): boolean;

// sdk.d.ts
import { type ClientLike, type Sdk } from "@switchyard/aws-kit";
import type { BatchReply, MessageAttribute } from "@switchyard/sqs/kit";
export type SnsClientLike = ClientLike;
export interface PublishEntry {
    readonly Id: string;
    readonly Message: string;
    readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
    readonly MessageGroupId?: string;
    readonly MessageDeduplicationId?: string;
}
export interface PublishedEntry {
    readonly Id?: string | undefined;
    readonly MessageId?: string | undefined;
}
export interface Subscription {
    readonly SubscriptionArn?: string | undefined;
    readonly Protocol?: string | undefined;
    readonly Endpoint?: string | undefined;
}
interface OnTopic {
    readonly TopicArn: string;
}
interface OnSubscription {
    readonly SubscriptionArn: string;
}
interface Paged {
    readonly NextToken?: string;
}
type Strings = Readonly<Record<string, string>>;
type Read = {
    readonly Attributes?: Readonly<Record<string, string | undefined>> | undefined;
};
type Setting = {
    readonly AttributeName: string;
    readonly AttributeValue: string;
};
type Tags = readonly {
    readonly Key: string;
    readonly Value: string;
}[];
export interface Actions {
    PublishBatch: [
        OnTopic & {
            readonly PublishBatchRequestEntries: readonly PublishEntry[];
        },
        BatchReply<PublishedEntry>
    ];
    GetTopicAttributes: [OnTopic, Read];
    ListTopics: [
        Paged,
        {
            readonly Topics?: readonly {
                readonly TopicArn?: string | undefined;
            }[] | undefined;
            readonly NextToken?: string | undefined;
        }
    ];
    CreateTopic: [
        {
            readonly Name: string;
            readonly Attributes: Strings;
            readonly Tags: Tags;
        },
        {
            readonly TopicArn?: string | undefined;
        }
    ];
    SetTopicAttributes: [OnTopic & Setting, unknown];
    DeleteTopic: [OnTopic, unknown];
    ListTagsForResource: [
        {
            readonly ResourceArn: string;
        },
        {
            readonly Tags?: readonly {
                readonly Key?: string | undefined;
                readonly Value?: string | undefined;
            }[] | undefined;
        }
    ];
    TagResource: [{
        readonly ResourceArn: string;
        readonly Tags: Tags;
    }, unknown];
    ListSubscriptionsByTopic: [
        OnTopic & Paged,
        {
            readonly Subscriptions?: readonly Subscription[] | undefined;
            readonly NextToken?: string | undefined;
        }
    ];
    Subscribe: [
        OnTopic & {
            readonly Protocol: "sqs";
            readonly Endpoint: string;
            readonly Attributes: Strings;
            readonly ReturnSubscriptionArn: boolean;
        },
        {
            readonly SubscriptionArn?: string | undefined;
        }
    ];
    GetSubscriptionAttributes: [OnSubscription, Read];
    SetSubscriptionAttributes: [OnSubscription & Setting, unknown];
    Unsubscribe: [OnSubscription, unknown];
    ConfirmSubscription: [
        OnTopic & {
            readonly Token: string;
            readonly AuthenticateOnUnsubscribe: "true" | "false";
        },
        {
            readonly SubscriptionArn?: string | undefined;
        }
    ];
}
export type Call = <A extends keyof Actions>(action: A, input: Actions[A][0], signal?: AbortSignal) => Promise<Actions[A][1]>;
export declare function caller(sdk: Sdk, client: SnsClientLike): Call;
export declare const loadSnsSdk: () => Promise<Sdk>;
export {};

// topology/index.d.ts
import type { Sdk } from "@switchyard/aws-kit";
import type { Topology } from "@switchyard/core/driver";
import { type SnsOptions } from "../options.ts";
export declare function createTopology(options: SnsOptions, loadKms?: () => Promise<Sdk>): Promise<Topology>;
