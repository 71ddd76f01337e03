// @switchyard/amqp: index.d.ts
// @switchyard/amqp/topology: topology/index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type ResolvedOptions } from "./options.ts";
export type AmqpKeeps = {
    queue: "ordering" | "delay";
    pubsub: "ordering" | "delay";
    stream: "ordering" | "replay";
};
export declare const adapter: Adapter<ResolvedOptions, AmqpKeeps>;

// index.d.ts
import { adapter, type AmqpKeeps } from "./adapter.ts";
import type { AmqpOptions } from "./options.ts";
export { adapter, type AmqpKeeps };
export type { AmqpConnect, AmqpModel } from "./sdk.ts";
export type { AmqpOptions } from "./options.ts";
export declare function amqp(options: AmqpOptions): {
    readonly use: typeof adapter;
} & AmqpOptions;

// options.d.ts
import type { LeaseStore } from "@switchyard/leases";
import * as z from "zod";
import type { AmqpConnect } from "./sdk.ts";
export interface StreamGroup {
    readonly stream: string;
    readonly group: string;
}
type LeaseStores = (of: StreamGroup) => LeaseStore;
export declare const amqpOptions: z.ZodObject<{
    url: z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]>;
    name: z.ZodOptional<z.ZodString>;
    heartbeat: z.ZodDefault<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    connectTimeout: z.ZodDefault<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    tls: z.ZodOptional<z.ZodObject<{
        ca: z.ZodOptional<z.ZodString>;
        cert: z.ZodOptional<z.ZodString>;
        key: z.ZodOptional<z.ZodString>;
        passphrase: z.ZodOptional<z.ZodString>;
        servername: z.ZodOptional<z.ZodString>;
        external: z.ZodOptional<z.ZodBoolean>;
    }, z.core.$strict>>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    maxMessageBytes: z.ZodDefault<z.ZodInt>;
    consumerTimeout: z.ZodDefault<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    delays: z.ZodOptional<z.ZodString>;
    leases: z.ZodOptional<z.ZodUnion<readonly [z.ZodLiteral<"memory">, z.ZodCustom<LeaseStores, LeaseStores>]>>;
    lease: z.ZodDefault<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    handover: z.ZodDefault<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    fast: z.ZodOptional<z.ZodBoolean>;
    connect: z.ZodOptional<z.ZodCustom<AmqpConnect, AmqpConnect>>;
}, z.core.$strict>;
export type AmqpOptions = z.input<typeof amqpOptions>;
export type ResolvedOptions = z.output<typeof amqpOptions>;
export declare const urlsOf: ({ url }: Pick<ResolvedOptions, "url">) => readonly string[];
export {};

// sdk.d.ts
import type { Buffer } from "node:buffer";
export interface AmqpMessage {
    readonly content: Buffer;
    readonly fields: {
        readonly deliveryTag?: number;
        readonly consumerTag?: string;
        readonly redelivered?: boolean;
        readonly exchange?: string;
        readonly routingKey?: string;
        readonly replyCode?: number;
        readonly replyText?: string;
    };
    readonly properties: AmqpProperties;
}
export interface AmqpProperties {
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
    readonly contentType?: string | undefined;
    readonly contentEncoding?: string | undefined;
    readonly messageId?: string | undefined;
    readonly timestamp?: number | undefined;
    readonly type?: string | undefined;
    readonly priority?: number | undefined;
    readonly correlationId?: string | undefined;
    readonly replyTo?: string | undefined;
    readonly appId?: string | undefined;
}
export interface PublishOptions {
    readonly mandatory?: boolean;
    readonly persistent?: boolean;
    readonly headers?: Record<string, unknown>;
    readonly contentType?: string;
    readonly contentEncoding?: string;
    readonly messageId?: string;
    readonly timestamp?: number;
    readonly type?: string;
    readonly priority?: number;
    readonly correlationId?: string;
    readonly replyTo?: string;
    readonly appId?: string;
}
export interface QueueState {
    readonly messageCount: number;
    readonly consumerCount: number;
}
export interface AmqpChannel {
    on(event: string, listener: (...args: any[]) => void): unknown;
    close(): Promise<void>;
    checkQueue(queue: string): Promise<QueueState>;
    assertQueue(queue: string, options?: {
        durable?: boolean;
        exclusive?: boolean;
        autoDelete?: boolean;
        arguments?: unknown;
    }): Promise<QueueState>;
    deleteQueue(queue: string): Promise<unknown>;
    purgeQueue(queue: string): Promise<unknown>;
    bindQueue(queue: string, source: string, pattern: string): Promise<unknown>;
    unbindQueue(queue: string, source: string, pattern: string): Promise<unknown>;
    checkExchange(exchange: string): Promise<unknown>;
    assertExchange(exchange: string, type: string, options?: {
        durable?: boolean;
        arguments?: unknown;
    }): Promise<unknown>;
    deleteExchange(exchange: string): Promise<unknown>;
    bindExchange(destination: string, source: string, pattern: string): Promise<unknown>;
    unbindExchange(destination: string, source: string, pattern: string): Promise<unknown>;
    prefetch(count: number): Promise<unknown>;
    consume(queue: string, onMessage: (message: AmqpMessage | null) => void, options?: {
        noAck?: boolean;
        arguments?: unknown;
    }): Promise<{
        consumerTag: string;
    }>;
    cancel(consumerTag: string): Promise<unknown>;
    ack(message: AmqpMessage, allUpTo?: boolean): void;
    nack(message: AmqpMessage, allUpTo?: boolean, requeue?: boolean): void;
    reject(message: AmqpMessage, requeue?: boolean): void;
    publish(exchange: string, routingKey: string, content: Buffer, options?: PublishOptions, done?: (error: unknown) => void): boolean;
}
export interface AmqpModel {
    on(event: string, listener: (...args: any[]) => void): unknown;
    close(): Promise<void>;
    createChannel(): Promise<unknown>;
    createConfirmChannel(): Promise<unknown>;
    readonly connection?: unknown;
}
export type AmqpConnect = (url: string, socketOptions: Record<string, unknown>) => Promise<AmqpModel>;
export interface Amqplib {
    readonly connect: AmqpConnect;
    readonly credentials?: {
        external(): unknown;
    };
}
export declare const loadAmqplib: () => Promise<Amqplib>;

// topology/index.d.ts
import type { Runtime, Topology } from "@switchyard/core/driver";
import { type ResolvedOptions } from "../options.ts";
export declare function createTopology(options: ResolvedOptions, runtime: Runtime): Promise<Topology>;
