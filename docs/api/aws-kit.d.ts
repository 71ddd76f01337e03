// @switchyard/aws-kit: index.d.ts
// @switchyard/aws-kit/fast: fast/index.d.ts
// @switchyard/aws-kit/rights: rights/index.d.ts

// clients.d.ts
export interface ClientLike {
    send(command: any, options?: {
        abortSignal?: AbortSignal;
    }): Promise<any>;
    destroy?(): void;
    readonly config?: unknown;
    readonly generation?: number;
    renew?(generation: number): Promise<boolean>;
}
export type Sdk = Readonly<Record<string, new (input: any) => any>>;
export declare function commandOf(sdk: Sdk, name: string, action: string, input: object): any;
export interface ClientConfig {
    maxAttempts?: () => Promise<number>;
    retryStrategy?: () => Promise<unknown>;
    region?: () => Promise<string>;
    endpoint?: () => Promise<{
        protocol: string;
        hostname: string;
        port?: number;
    }>;
    ignoreConfiguredEndpointUrls?: boolean;
    serviceConfiguredEndpoint?: () => Promise<string | undefined>;
    endpointProvider?: (of: {
        Region: string | undefined;
        UseFIPS: boolean;
        UseDualStack: boolean;
    }) => {
        url: URL;
    };
    useFipsEndpoint?: () => Promise<boolean>;
    useDualstackEndpoint?: () => Promise<boolean>;
    credentials?: () => Promise<Credentials>;
    profile?: string;
    useQueueUrlAsEndpoint?: boolean;
}
export interface Credentials {
    readonly accessKeyId?: string;
    readonly secretAccessKey?: string;
    readonly sessionToken?: string;
    readonly accountId?: string;
}
export interface ConnectionOptions {
    readonly region?: string | undefined;
    readonly endpoint?: string | undefined;
    readonly profile?: string | undefined;
}
export declare function handlerSettings(requestTimeout: number): Record<string, unknown>;
export declare function clientSettings({ region, endpoint, profile }: ConnectionOptions, requestHandler: unknown): Record<string, unknown>;
export declare const configOf: (client: ClientLike) => ClientConfig;
export declare function refuseRetries(client: ClientLike, option: string, className: string): Promise<void>;
export declare function checkedEndpoint(config: ClientConfig, allowInsecure: boolean, example: string): Promise<URL | undefined>;
export declare function endpointOf(config: ClientConfig): Promise<URL | undefined>;

// error-context.d.ts
import { type ClientConfig } from "./clients.ts";
export declare function noteContext(cause: unknown, where: string): void;
export declare function contextOf(cause: unknown): string | undefined;
export type AnyCall = (action: any, input: any, signal?: AbortSignal) => Promise<any>;
export declare function contextNoter(config: ClientConfig, resourceOf: (input: any) => string | undefined): (cause: unknown, action: string, input: unknown) => Promise<void>;
export declare function withErrorContext<C extends AnyCall>(call: C, config: ClientConfig, resourceOf: (input: any) => string | undefined): C;

// errors.d.ts
import type { Fault, Phase } from "@switchyard/core/driver";
export type FaultRow = readonly [kind: Fault["kind"], code: string, hint?: string];
export type FaultTable = Readonly<Record<string, FaultRow>>;
export interface ServiceFaults {
    readonly resource: string;
    readonly table: FaultTable;
    readonly first?: (error: object) => Fault | undefined;
    readonly special?: (error: object, during: Phase) => Fault | undefined;
    readonly adjust?: (fault: Fault, name: string, during: Phase) => Fault;
    readonly own?: (error: {
        kind: Fault["kind"];
        code: string;
        message: string;
    }, during: Phase) => Fault;
}
export declare function classifierOf(faults: ServiceFaults): (cause: unknown, during: Phase) => Fault;
export declare function withContext(fault: Fault, cause: unknown): Fault;
export declare function answered(fault: Fault, error: object): Fault;
export declare function namesOf(error: object): readonly string[];
export declare function unknownFault(during: Phase): Fault;
export declare function rowFault([kind, code, hint]: FaultRow): Fault;

// fast/body-codecs.d.ts
export interface BodyCodec {
    write?(input: any, empty: string): string | Uint8Array | undefined;
    forSdk?(input: any): object;
    read?(body: string): object | undefined;
}
export type BodyCodecs = Readonly<Record<string, BodyCodec>>;
interface HttpRequest {
    body?: unknown;
}
interface HttpResponse {
    readonly statusCode: number;
    body?: unknown;
}
interface Operation {
    readonly name: string;
}
export interface Protocol {
    serializeRequest(operation: Operation, input: object, context: unknown): Promise<HttpRequest>;
    deserializeResponse(operation: Operation, context: unknown, response: HttpResponse): Promise<object>;
    deserializeMetadata?(response: HttpResponse): object;
}
export declare function useBodyCodecs(protocol: Protocol, codecs: BodyCodecs): void;
export {};

// fast/index.d.ts
export type { BodyCodec, BodyCodecs } from "./body-codecs.ts";
export { jsonCodec, jsonReader } from "./json-codec.ts";
export { type LeanClient, leanClient } from "./lean-client.ts";
export { flag, listOf, mapOf, members, type Shape, text, whole } from "./shape.ts";

// fast/json-codec.d.ts
import type { BodyCodec } from "./body-codecs.ts";
import type { Shape } from "./shape.ts";
export declare const jsonReader: (output: Shape) => (body: string) => object | undefined;
export declare const jsonCodec: (input: Shape, output: Shape) => BodyCodec;

// fast/lean-client.d.ts
import type { ClientLike, Sdk } from "../clients.ts";
import { type BodyCodecs } from "./body-codecs.ts";
export interface LeanClient extends ClientLike {
    readonly hasCodecs: boolean;
}
export declare function leanClient(sdk: Sdk, className: string, settings: Readonly<Record<string, unknown>>, codecs?: BodyCodecs): LeanClient;

// fast/shape.d.ts
export type Shape = (value: unknown) => boolean;
export declare const text: Shape;
export declare const whole: Shape;
export declare const flag: Shape;
export declare function members(of: Readonly<Record<string, Shape>>): Shape;
export declare const mapOf: (of: Shape) => Shape;
export declare const listOf: (of: Shape) => Shape;

// foreign-answer.d.ts
import type { Fault, Phase } from "@switchyard/core/driver";
export declare function messageOf(error: object): string;
export declare function statusOf(error: object): number | undefined;
export declare function isForeign(error: object): boolean;
export declare function foreignFault(error: object, during: Phase): Fault;

// index.d.ts
export { checkedEndpoint, type ClientConfig, type ClientLike, clientSettings, commandOf, configOf, endpointOf, handlerSettings, refuseRetries, type Sdk, } from "./clients.ts";
export { answered, classifierOf, type FaultRow, type FaultTable, namesOf, rowFault, unknownFault, withContext, } from "./errors.ts";
export { isForeign, messageOf } from "./foreign-answer.ts";
export { lambdaCalls, mappingChanges } from "./lambda-plan.ts";
export { lambdaProblems, type LambdaSettings, lambdaSettings } from "./lambda.ts";
export { kmsKeyProblem, placeOfArn, placeText, refuseOtherAccount, tagsOf, tagsProblem } from "./settings.ts";
export { isTrustedHost, isTrustedSuffix, trustedHostProblem } from "./trusted-hosts.ts";
export { partitionOf, partitionOfRegion } from "./partitions.ts";
export { contextNoter, withErrorContext, noteContext } from "./error-context.ts";
export { serverOf } from "./server.ts";
export { ownClient } from "./own-client.ts";
export { Renewal, renewableClient } from "./renewal.ts";
export { renewed, watcher } from "./watch.ts";

// lambda-plan.d.ts
import type { Change, Destination } from "@switchyard/core/driver";
import { type ConnectionOptions, type Sdk } from "./clients.ts";
export type LambdaCall = (action: string, input: object, signal: AbortSignal) => Promise<any>;
export declare function mappingChanges(of: Destination, arn: string, call: LambdaCall, signal: AbortSignal): Promise<readonly Change[]>;
export declare function lambdaCalls({ region, profile }: ConnectionOptions, by: string, load?: () => Promise<Sdk>): {
    readonly call: LambdaCall;
    close(): void;
};

// lambda.d.ts
import type { Destination } from "@switchyard/core/driver";
export interface LambdaSettings {
    readonly function?: string;
    readonly timeoutMs?: number;
    readonly windowMs: number;
    readonly report: boolean;
    readonly batchSize?: number;
    readonly maximumConcurrency?: number;
    readonly parallelization: number;
}
export declare const HOLD_FACTOR = 6;
export declare function lambdaProblems(of: Destination): readonly string[];
export declare function lambdaSettings(of: Destination): LambdaSettings;

// own-client.d.ts
import type { ClientLike, Sdk } from "./clients.ts";
import type { BodyCodecs, LeanClient } from "./fast/index.ts";
export declare function ownClient(sdk: Sdk, className: string, settings: Readonly<Record<string, unknown>>, codecs: BodyCodecs | undefined): Promise<ClientLike & Partial<Pick<LeanClient, "hasCodecs">>>;

// partitions.d.ts
export declare function partitionOf(suffix: string): string | undefined;
export declare function partitionOfRegion(region: string): string;

// renewal.d.ts
import { type ClientLike } from "./clients.ts";
export declare class Renewal<C extends ClientLike> {
    #private;
    current: C;
    generation: number;
    constructor(make: (more: Readonly<Record<string, unknown>>) => C);
    renew(generation: number): Promise<boolean>;
}
export declare function renewableClient<C extends ClientLike>(renewal: Renewal<C>, send?: ClientLike["send"]): ClientLike;

// rights/index.d.ts
export { type AwsPlace, awsPlace, grant, regional } from "./place.ts";
export { mappingRights } from "./lambda.ts";
export { keyPolicy, keyRights, keyTarget, kmsGrant } from "./kms.ts";

// rights/kms.d.ts
import type { Condition, IamRight, ResourceRights, ResourceStatement } from "@switchyard/core/driver";
import { type AwsPlace } from "./place.ts";
type Service = "sqs" | "sns" | "kinesis";
export declare function keyRights(service: Service, use: "send" | "receive", key: string | undefined, arn: string, place: AwsPlace): readonly IamRight[];
export declare function kmsGrant(actions: readonly string[], key: string, place: AwsPlace): readonly IamRight[];
export declare function keyTarget(key: string, { partition, region, account }: AwsPlace): {
    readonly resource: string;
    readonly condition?: Condition;
} | undefined;
export declare function keyPolicy(key: string, statements: readonly Omit<ResourceStatement, "Effect" | "Action" | "Resource">[], place: AwsPlace): readonly ResourceRights[];
export {};

// rights/lambda.d.ts
import type { Destination, IamRight } from "@switchyard/core/driver";
import { type AwsPlace } from "./place.ts";
export declare function mappingRights(of: Destination, { partition, region, account }: AwsPlace): readonly IamRight[];

// rights/place.d.ts
import type { Condition, IamRight, Place } from "@switchyard/core/driver";
import { type ClientLike } from "../clients.ts";
export interface AwsPlace {
    readonly partition: string;
    readonly region: string;
    readonly account: string;
}
interface Said {
    readonly region?: string | undefined;
    readonly accountId?: string | undefined;
    readonly client?: ClientLike | undefined;
}
export declare function awsPlace({ region, accountId, client }: Said): Promise<(given: Place) => AwsPlace>;
export declare function grant(service: string, actions: readonly string[], resource: string, condition?: Condition): readonly IamRight[];
export declare function regional(service: string, actions: readonly string[], { region }: AwsPlace): readonly IamRight[];
export {};

// server.d.ts
import type { ServerAddress } from "@switchyard/core/driver";
import { type ClientLike } from "./clients.ts";
export declare function serverOf(client: () => ClientLike | Promise<ClientLike>): () => ServerAddress | undefined;

// settings.d.ts
import type { FoundPlace } from "@switchyard/core/driver";
export declare function kmsKeyProblem(value: unknown, otherwise: string): string | undefined;
export declare function tagsProblem(value: unknown): string | undefined;
interface PlaceOptions {
    readonly region?: string | undefined;
    readonly accountId?: string | undefined;
    readonly profile?: string | undefined;
    readonly endpoint?: string | undefined;
    readonly client?: unknown;
}
export declare function placeText({ region, accountId, profile, endpoint, client }: PlaceOptions): string;
export declare function placeOfArn(arn: string, expected: string | undefined): FoundPlace;
export declare function refuseOtherAccount(what: string, account: string | undefined, expected: string | undefined): void;
export declare const tagsOf: (tags: Readonly<Record<string, string>> | undefined) => {
    Tags?: never;
} | {
    Tags: {
        Key: string;
        Value: string;
    }[];
};
export {};

// trusted-hosts.d.ts
export declare function trustedHostProblem(entry: unknown): string | undefined;
export declare function isTrustedHost(hostname: string, trusted: readonly string[]): boolean;
export declare function isTrustedSuffix(suffix: string, trusted: readonly string[]): boolean;

// watch.d.ts
import type { DriverEvent, Fault, Phase } from "@switchyard/core/driver";
import { type ClientLike } from "./clients.ts";
import { type AnyCall } from "./error-context.ts";
export interface Watched {
    readonly client: ClientLike;
    readonly resourceOf: (input: any) => string | undefined;
}
export declare function watcher(report: (event: DriverEvent) => void, classify: (cause: unknown, during: Phase) => Fault,
idOf?: (input: unknown) => string | undefined): <C extends AnyCall>(call: C, of?: Watched) => C;
export declare function renewed(cause: unknown, classify: (cause: unknown, during: Phase) => Fault, client: Pick<ClientLike, "renew"> | undefined, generation: number | undefined): Promise<boolean>;
