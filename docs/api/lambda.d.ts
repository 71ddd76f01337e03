// @switchyard/lambda: index.d.ts
// @switchyard/lambda/testing: testing/index.d.ts

// answer.d.ts
export interface Answer {
    readonly batchItemFailures: readonly {
        readonly itemIdentifier: string;
    }[];
}
export declare const ALL_DONE: Answer;
export declare const answerOf: (ids: Iterable<string>) => Answer;

// event.d.ts
import type { KinesisEventRecord } from "@switchyard/kinesis/push";
import type { SqsEventRecord } from "@switchyard/sqs/push";
export interface LambdaContext {
    getRemainingTimeInMillis(): number;
    readonly awsRequestId?: string;
}
export type SourceEvent = {
    readonly from: "queue";
    readonly arn: string;
    readonly records: readonly SqsEventRecord[];
} | {
    readonly from: "stream";
    readonly arn: string;
    readonly records: readonly KinesisEventRecord[];
};
export declare function readEvent(event: unknown): SourceEvent;

// handled.d.ts
import type { MessagingError } from "@switchyard/core/driver-kit";
import type { EventResult, Verdict } from "@switchyard/core/push";
import type { Answer } from "./answer.ts";
export interface Handled extends EventResult {
    readonly answer: Answer;
    readonly failed?: MessagingError;
}
export declare const isDone: (verdict: Verdict) => boolean;

// handler.d.ts
import { type AnyChannel, type ConnectOptions, type Consumer } from "@switchyard/core";
import { type Pushed } from "@switchyard/core/push";
import type { Answer } from "./answer.ts";
import { type LambdaContext } from "./event.ts";
import type { Handled } from "./handled.ts";
import { QueueEvents } from "./queue.ts";
import { StreamEvents } from "./stream.ts";
import { type Source } from "./source.ts";
type Duration = string | number;
export interface LambdaOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> extends ConnectOptions<Channels> {
    readonly consumers: readonly Consumer<any>[];
    readonly margin?: Duration;
    readonly overrun?: "answer" | "exit";
}
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<Answer>;
export declare const results: WeakMap<LambdaContext, Handled>;
export declare const connections: WeakMap<LambdaHandler, () => Promise<Connected>>;
export interface Connected {
    readonly pushed: Pushed;
    readonly sources: readonly Source[];
    readonly queues: Map<Source, QueueEvents>;
    readonly streams: Map<Source, StreamEvents>;
}
export declare function lambda<const Channels extends readonly AnyChannel[]>(options: LambdaOptions<Channels>): LambdaHandler;
export {};

// index.d.ts
export { lambda, type LambdaHandler, type LambdaOptions } from "./handler.ts";
export type { Answer } from "./answer.ts";
export type { LambdaContext } from "./event.ts";

// queue.d.ts
import type { PushedGroup } from "@switchyard/core/push";
import type { SourceEvent } from "./event.ts";
import { type Handled } from "./handled.ts";
export declare class QueueEvents {
    #private;
    constructor(group: PushedGroup, report: boolean);
    handle({ arn, records }: Extract<SourceEvent, {
        from: "queue";
    }>, answerAt: number, exits: boolean): Promise<Handled>;
}

// source.d.ts
import { type LambdaSettings } from "@switchyard/aws-kit";
import type { PushedGroup } from "@switchyard/core/push";
import type { KinesisOptions } from "@switchyard/kinesis";
import type { SourceEvent } from "./event.ts";
export interface Source {
    readonly group: PushedGroup;
    readonly settings: LambdaSettings;
}
export declare const sourceOf: (group: PushedGroup) => Source;
export declare function sourceFor(sources: readonly Source[], event: Pick<SourceEvent, "from" | "arn">): Source;
export declare function streamOptions({ adapter, options }: PushedGroup): KinesisOptions;

// stream.d.ts
import type { SourceEvent } from "./event.ts";
import { type Handled } from "./handled.ts";
import { type Source } from "./source.ts";
export declare class StreamEvents {
    #private;
    constructor(source: Source, marginMs: number);
    handle({ records }: Extract<SourceEvent, {
        from: "stream";
    }>, answerAt: number): Promise<Handled>;
}

// testing/batch.d.ts
import type { AnyChannel, PayloadOf, TypeOf } from "@switchyard/core";
export type Item<C extends AnyChannel> = {
    [K in TypeOf<C>]: readonly [type: K, data: PayloadOf<C, K>, options?: ItemOptions];
}[TypeOf<C>];
export interface ItemOptions {
    readonly id?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly receives?: number;
}
export interface BatchOptions {
    readonly group?: string;
    readonly shard?: string;
}
export interface Batch {
    readonly from: "queue" | "stream";
    readonly channel: AnyChannel;
    readonly items: readonly (readonly [type: string, data: unknown, options?: ItemOptions])[];
    readonly options: BatchOptions;
}
export declare function sqs<C extends AnyChannel>(channel: C, items: readonly Item<C>[], options?: BatchOptions): Batch;
export declare function kinesis<C extends AnyChannel>(channel: C, items: readonly Item<C>[], options?: BatchOptions): Batch;

// testing/index.d.ts
export { invoke, type InvokeOptions, type Invocation } from "./invoke.ts";
export { kinesis, sqs, type Batch, type BatchOptions, type Item } from "./batch.ts";
export type { Verdict } from "@switchyard/core/push";

// testing/invoke.d.ts
import type { Verdict } from "@switchyard/core/push";
import type { Answer } from "../answer.ts";
import { type LambdaHandler } from "../handler.ts";
import type { Batch } from "./batch.ts";
type Duration = string | number;
export interface InvokeOptions {
    readonly timeout?: Duration;
}
export interface Invocation {
    readonly verdicts: readonly Verdict[];
    readonly answer?: Answer;
    readonly error?: unknown;
    readonly event: {
        readonly Records: readonly object[];
    };
}
export declare function invoke(handler: LambdaHandler, batch: Batch, options?: InvokeOptions): Promise<Invocation>;
export {};
