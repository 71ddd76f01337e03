/** The part of amqplib that we use, as structural types. Any version, copy or wrapper that has it can be used. */
import type { Buffer } from "node:buffer";
import { loadPeer } from "@switchyard/core/driver-kit";

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
  assertQueue(
    queue: string,
    options?: { durable?: boolean; exclusive?: boolean; autoDelete?: boolean; arguments?: unknown },
  ): Promise<QueueState>;
  deleteQueue(queue: string): Promise<unknown>;
  purgeQueue(queue: string): Promise<unknown>;
  bindQueue(queue: string, source: string, pattern: string): Promise<unknown>;
  unbindQueue(queue: string, source: string, pattern: string): Promise<unknown>;
  checkExchange(exchange: string): Promise<unknown>;
  assertExchange(
    exchange: string,
    type: string,
    options?: { durable?: boolean; arguments?: unknown },
  ): Promise<unknown>;
  deleteExchange(exchange: string): Promise<unknown>;
  bindExchange(destination: string, source: string, pattern: string): Promise<unknown>;
  unbindExchange(destination: string, source: string, pattern: string): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  consume(
    queue: string,
    onMessage: (message: AmqpMessage | null) => void,
    options?: { noAck?: boolean; arguments?: unknown },
  ): Promise<{ consumerTag: string }>;
  cancel(consumerTag: string): Promise<unknown>;
  ack(message: AmqpMessage, allUpTo?: boolean): void;
  nack(message: AmqpMessage, allUpTo?: boolean, requeue?: boolean): void;
  reject(message: AmqpMessage, requeue?: boolean): void;
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options?: PublishOptions,
    done?: (error: unknown) => void,
  ): boolean;
}

/** The part of an amqplib connection that the adapter uses. */
export interface AmqpModel {
  on(event: string, listener: (...args: any[]) => void): unknown;
  close(): Promise<void>;
  createChannel(): Promise<unknown>;
  createConfirmChannel(): Promise<unknown>;
  /** Its `serverProperties` say what the broker is. Its `stream` is the socket, which is destroyed when the broker no longer answers. */
  readonly connection?: unknown;
}

/** amqplib's `connect`, or one that does the same. */
export type AmqpConnect = (url: string, socketOptions: Record<string, unknown>) => Promise<AmqpModel>;

export interface Amqplib {
  readonly connect: AmqpConnect;
  readonly credentials?: { external(): unknown };
}

export const loadAmqplib = (): Promise<Amqplib> => loadPeer("amqplib", "@switchyard/amqp", () => import("amqplib"));
