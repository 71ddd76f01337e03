// @switchyard/otel: index.d.ts
// @switchyard/otel/scaling: scaling/index.d.ts

// backlog.d.ts
import type { Meter } from "@opentelemetry/api";
import type { Duration, TelemetryContext } from "@switchyard/core";
export interface BacklogOptions {
    readonly every?: Duration;
    readonly channels?: readonly {
        readonly name: string;
    }[];
    readonly partitions?: boolean;
}
export declare function checkBacklog(options: unknown): void;
export declare class Backlog {
    #private;
    constructor(meter: Meter, context: TelemetryContext, { every, channels, partitions }: BacklogOptions);
    stop(): void;
}

// index.d.ts
export { otel } from "./otel.ts";
export type { OtelOptions } from "./options.ts";
export type { BacklogOptions } from "./backlog.ts";
export type { Logger, LoggerProvider } from "./logs.ts";
export { CONVENTIONAL, CONVENTIONAL_METRICS, CONVENTIONS, OWN, OWN_METRICS, PROCESS_EXCEPTION } from "./names.ts";

// logs.d.ts
import type { Attributes, Context } from "@opentelemetry/api";
export interface LoggerProvider {
    getLogger(name: string, version?: string, options?: {
        readonly schemaUrl?: string;
    }): Logger;
}
export interface Logger {
    emit(record: {
        readonly eventName: string;
        readonly severityNumber: number;
        readonly severityText: string;
        readonly attributes: Attributes;
        readonly context: Context;
    }): void;
}
export declare const SEVERITY_ERROR = 17;

// names.d.ts
export declare const CONVENTIONS = "1.45.0";
export declare const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";
export declare const SCOPE = "@switchyard/otel";
export declare const CONVENTIONAL: {
    readonly system: "messaging.system.name";
    readonly operation: "messaging.operation.name";
    readonly operationType: "messaging.operation.type";
    readonly destination: "messaging.destination.name";
    readonly channel: "messaging.destination.template";
    readonly group: "messaging.consumer.group.name";
    readonly partition: "messaging.destination.partition.id";
    readonly messageId: "messaging.message.id";
    readonly batch: "messaging.batch.message_count";
    readonly error: "error.type";
    readonly exceptionType: "exception.type";
    readonly exceptionStack: "exception.stacktrace";
    readonly server: "server.address";
    readonly port: "server.port";
};
export declare const PROCESS_EXCEPTION = "messaging.process.exception";
export declare const OTHER = "_OTHER";
export declare const OWN: {
    readonly type: "switchyard.message.type";
    readonly attempt: "switchyard.attempt";
    readonly outcome: "switchyard.outcome";
    readonly dead: "switchyard.dead_letter";
    readonly failed: "switchyard.messages.failed";
    readonly leftOut: "switchyard.links.left_out";
    readonly state: "switchyard.state";
    readonly change: "switchyard.change";
    readonly during: "switchyard.during";
};
export declare const CONVENTIONAL_METRICS: {
    readonly operationDuration: "messaging.client.operation.duration";
    readonly processDuration: "messaging.process.duration";
    readonly sent: "messaging.client.sent.messages";
    readonly consumed: "messaging.client.consumed.messages";
};
export declare const OWN_METRICS: {
    readonly inFlight: "switchyard.in_flight";
    readonly retries: "switchyard.retries";
    readonly deadLetters: "switchyard.dead_letters";
    readonly holdsLost: "switchyard.holds.lost";
    readonly blocked: "switchyard.blocked";
    readonly positionsLost: "switchyard.positions.lost";
    readonly leaseMoves: "switchyard.lease.moves";
    readonly breaker: "switchyard.breaker.open";
    readonly calls: "switchyard.client.calls";
    readonly backlog: "switchyard.backlog";
    readonly backlogAge: "switchyard.backlog.age";
    readonly backlogUnknown: "switchyard.backlog.unknown";
    readonly partition: "switchyard.backlog.partition";
    readonly partitionAge: "switchyard.backlog.partition.age";
};
export declare const SECONDS: readonly [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
export declare const systemOf: (transport: string) => string;
export declare const pushes: (transport: string) => boolean;

// options.d.ts
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { type Duration, type HandledMessage } from "@switchyard/core";
import { type BacklogOptions } from "./backlog.ts";
import type { LoggerProvider } from "./logs.ts";
import type { SpanRules } from "./spans.ts";
export interface OtelOptions {
    readonly tracerProvider?: TracerProvider | false;
    readonly meterProvider?: MeterProvider | false;
    readonly loggerProvider?: LoggerProvider | false;
    readonly trace?: "parent" | "link";
    readonly createSpans?: boolean;
    readonly trust?: (message: Pick<HandledMessage, "source" | "type" | "foreign">) => boolean;
    readonly parentFor?: Duration;
    readonly backlog?: BacklogOptions;
}
export declare function rulesOf(options: OtelOptions): SpanRules;

// otel.d.ts
import type { Telemetry } from "@switchyard/core";
import { type OtelOptions } from "./options.ts";
export declare function otel(options?: OtelOptions): Telemetry;

// scaling/ecs.d.ts
import type { Scale } from "./scale.ts";
export interface EcsOptions {
    readonly cluster: string;
}
export declare function ecsTargetTracking(scale: Scale, { cluster }: EcsOptions): {
    readonly target: object;
    readonly policy: object;
};

// scaling/hpa.d.ts
import { type Flavour } from "./query.ts";
import type { Scale } from "./scale.ts";
export declare function horizontalPodAutoscaler(scale: Scale, { flavour, }?: {
    readonly flavour?: Flavour;
}): object;

// scaling/index.d.ts
export { type ScaleInput, type Scale, scaleOf } from "./scale.ts";
export type { Flavour } from "./query.ts";
export { kedaScaledObject, type KedaOptions } from "./keda.ts";
export { horizontalPodAutoscaler } from "./hpa.ts";
export { ecsTargetTracking, type EcsOptions } from "./ecs.ts";
export { lambdaConcurrency } from "./lambda.ts";

// scaling/keda.d.ts
import type { Scale } from "./scale.ts";
import { type Flavour } from "./query.ts";
export interface KedaOptions {
    readonly prometheus?: string;
    readonly sqs?: {
        readonly queueURL: string;
        readonly awsRegion: string;
    };
    readonly hostFromEnv?: string;
    readonly flavour?: Flavour;
}
export declare function kedaScaledObject(scale: Scale, options: KedaOptions): object;
export declare const behaviorOf: () => object;

// scaling/lambda.d.ts
import type { Scale } from "./scale.ts";
export declare function lambdaConcurrency(scale: Scale): object;

// scaling/query.d.ts
import type { Scale } from "./scale.ts";
export type Flavour = "js" | "collector";
export declare function ageSeries(flavour: Flavour): string;
export declare const labelsOf: ({ input }: Scale) => Readonly<Record<string, string>>;
export declare function workQuery(scale: Scale, flavour: Flavour): {
    readonly query: string;
    readonly threshold: string;
};

// scaling/scale.d.ts
import { type Duration, type Explanation } from "@switchyard/core";
export interface ScaleInput {
    readonly channel: string;
    readonly group: string;
    readonly name: string;
    readonly handler: Duration;
    readonly latency: Duration;
    readonly max: number;
    readonly min?: number;
    readonly parallel?: number;
}
export interface Scale {
    readonly input: ScaleInput;
    readonly transport: string;
    readonly address: string;
    readonly form: string;
    readonly model: string;
    readonly concurrency: number;
    readonly perReplica: number;
    readonly latencySeconds: number;
    readonly min: number;
    readonly max: number;
    readonly capped?: string;
}
export declare function scaleOf({ channels }: Explanation, input: ScaleInput): Scale;

// spans.d.ts
import type { Context, Span, SpanContext, Tracer } from "@opentelemetry/api";
import type { Ended, HandledMessage, HandlerEnd, MessageTrace, PublishedMessage, Publishing, ReceivedMessages, Runtime, TelemetryPlace, TelemetryResult } from "@switchyard/core";
export declare const OUTCOMES: {
    readonly ack: "handled";
    readonly failed: "failed";
    readonly retry: "retry";
    readonly deadLetter: "dead-letter";
    readonly release: "released";
    readonly down: "dependency-down";
    readonly skip: "skipped";
};
export interface SpanRules {
    readonly trace: "parent" | "link";
    readonly createSpans: boolean;
    readonly trust: (message: HandledMessage) => boolean;
    readonly parentForMs: number;
}
export type Ends = readonly {
    readonly end: HandlerEnd;
    readonly error?: unknown;
}[];
export declare class Spans {
    #private;
    constructor(tracer: Tracer, rules: SpanRules, runtime: Runtime);
    publishing(place: TelemetryPlace, { id, type }: PublishedMessage): Publishing | undefined;
    sending(place: TelemetryPlace, traces: readonly (MessageTrace | undefined)[]): Ended;
    received(place: TelemetryPlace, messages: ReceivedMessages, tookMs: number, failure: TelemetryResult | undefined): void;
    handling(place: TelemetryPlace, messages: readonly HandledMessage[], batch: boolean): ProcessSpan;
    settling(place: TelemetryPlace, actions: readonly string[], handled: readonly (ProcessSpan | undefined)[]): Ended;
}
export declare class ProcessSpan {
    #private;
    constructor(span: Span, batch: boolean);
    get spanContext(): SpanContext;
    context(): Context;
    ended(ends: Ends): void;
}
export declare function traceContext(messages: readonly HandledMessage[], batch: boolean): Context;
