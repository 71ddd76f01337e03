// @switchyard/cli: index.d.ts

// asyncapi/breaking.d.ts
import type { AsyncApiDocument } from "./document.ts";
export interface Breaking {
    readonly path: string;
    readonly breaks: "publishers" | "consumers";
    readonly text: string;
}
export declare function breaking(before: AsyncApiDocument, now: AsyncApiDocument): readonly Breaking[];

// asyncapi/document.d.ts
import type { AnyChannel, Consumer, Explanation } from "@switchyard/core";
export type Schema = Readonly<Record<string, unknown>>;
export interface AsyncApiMessage {
    readonly name: string;
    readonly contentType: string;
    readonly payload: Schema;
    readonly description?: string;
}
interface Ref {
    readonly $ref: string;
}
export interface AsyncApiDocument {
    readonly asyncapi: "3.0.0" | "3.1.0";
    readonly info: {
        readonly title: string;
        readonly version: string;
    };
    readonly defaultContentType: string;
    readonly channels: Readonly<Record<string, {
        readonly address: string;
        readonly description: string;
        readonly messages: Readonly<Record<string, Ref>>;
        readonly bindings?: object;
        readonly "x-switchyard": object;
    }>>;
    readonly operations: Readonly<Record<string, {
        readonly action: "send" | "receive";
        readonly channel: Ref;
        readonly messages: readonly Ref[];
    }>>;
    readonly components: {
        readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    };
}
export interface AsyncApiOptions {
    readonly explanation: Explanation;
    readonly channels: readonly AnyChannel[];
    readonly consumers?: readonly Consumer<any>[];
    readonly publishes?: readonly string[];
    readonly version?: string;
    readonly spec?: "3.0.0" | "3.1.0";
}
export declare function asyncapi(options: AsyncApiOptions): AsyncApiDocument;
export {};

// diagram.d.ts
import type { Explanation } from "@switchyard/core";
export declare function diagram({ service, channels }: Explanation): string;

// doctor/examine.d.ts
import { type AnyChannel, type Explanation, type PlanOptions } from "@switchyard/core";
import { type Finding } from "./finding.ts";
import { type Sweep } from "./tails.ts";
export interface Examined {
    readonly options: PlanOptions;
    readonly root?: string | undefined;
    readonly handlerMs?: number | undefined;
    readonly sweep?: boolean;
    explain(): Promise<Explanation>;
    connected<T>(run: (messaging: Asked) => Promise<T>): Promise<T>;
}
interface Asked {
    depth(channel: AnyChannel, group?: string): Promise<unknown>;
    deadLetters(channel: AnyChannel, group: string): {
        count(): Promise<{
            readonly ready?: number;
        }>;
    };
    sweepTails: Sweep;
    health(): {
        readonly connections: Readonly<Record<string, {
            readonly state: string;
        }>>;
    };
}
export declare function examine(of: Examined): Promise<readonly Finding[]>;
export {};

// doctor/finding.d.ts
export interface Finding {
    readonly check: string;
    readonly status: "ok" | "warning" | "failure";
    readonly text: string;
}
export declare function failure(check: string, error: unknown): Finding;

// doctor/tails.d.ts
import { type AnyChannel, type Explanation, type LeftTail } from "@switchyard/core";
import { type Finding } from "./finding.ts";
export type Sweep = (channel: AnyChannel, options: {
    readonly dryRun: boolean;
}) => Promise<readonly LeftTail[]>;
export declare function tails(sweep: Sweep, { channels: explained }: Explanation, channels: readonly AnyChannel[], remove: boolean, now: number): Promise<readonly Finding[]>;

// emit/cloudformation.d.ts
import type { Resource } from "@switchyard/core/driver";
export interface CloudFormationTemplate {
    readonly AWSTemplateFormatVersion: "2010-09-09";
    readonly Description: string;
    readonly Resources: Readonly<Record<string, {
        readonly Type: string;
        readonly DeletionPolicy?: "Retain";
        readonly UpdateReplacePolicy?: "Retain";
        readonly Properties: unknown;
    }>>;
}
export declare function cloudFormation(resources: readonly Resource[], description: string): CloudFormationTemplate;

// emit/rabbitmq.d.ts
import type { Resource } from "@switchyard/core/driver";
export interface RabbitDefinitions {
    readonly exchanges: readonly object[];
    readonly queues: readonly object[];
    readonly bindings: readonly object[];
}
export declare function rabbitDefinitions(resources: readonly Resource[], vhost?: string): RabbitDefinitions;

// emit/terraform.d.ts
import type { Resource } from "@switchyard/core/driver";
export interface TerraformFile {
    readonly data: Readonly<Record<string, Readonly<Record<string, object>>>>;
    readonly resource: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}
export declare function terraform(resources: readonly Resource[]): TerraformFile;

// index.d.ts
export { type AsyncApiDocument, type AsyncApiMessage, asyncapi, type AsyncApiOptions, type Schema, } from "./asyncapi/document.ts";
export { breaking, type Breaking } from "./asyncapi/breaking.ts";
export { diagram } from "./diagram.ts";
export { type Examined, examine } from "./doctor/examine.ts";
export type { Finding } from "./doctor/finding.ts";
export type { ExitCode, Io } from "./io.ts";
export { main } from "./main.ts";
export { cloudFormation, type CloudFormationTemplate } from "./emit/cloudformation.ts";
export { type RabbitDefinitions, rabbitDefinitions } from "./emit/rabbitmq.ts";
export { terraform, type TerraformFile } from "./emit/terraform.ts";

// io.d.ts
export interface Io {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
    readonly stdin: AsyncIterable<string | Uint8Array>;
    readonly stdout: Stream;
    readonly stderr: Stream;
    readonly signal: AbortSignal;
    readonly unheard?: () => boolean;
}
interface Stream {
    readonly isTTY?: boolean;
    readonly columns?: number;
    write(text: string): unknown;
}
export type ExitCode = 0 | 1 | 2 | 3;
export declare class UsageError extends Error {
}
export {};

// main.d.ts
import { type ExitCode, type Io } from "./io.ts";
export declare function main(argv: readonly string[], io: Io): Promise<ExitCode>;
