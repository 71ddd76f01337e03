/**
 * What core tells a telemetry package, such as `@switchyard/otel`. Without one, nothing of it is loaded and no message pays for it.
 *
 * Every method of a session is called in the middle of the work: be quick, and do not wait. If one throws, that is printed to the
 * console once for each method, and changes nothing else.
 */
import type { ServerAddress } from "../driver/connection.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { MessagingEvent } from "./events.ts";
import type { GroupDepth } from "./depth.ts";

/** Given to `connect({ telemetry })`. */
export interface Telemetry {
  /** Called once by `connect()`, before a connection is opened. If it rejects, so does `connect()`. */
  open(context: TelemetryContext): TelemetrySession | Promise<TelemetrySession>;
}

/** What a telemetry package knows of the messaging that it serves. */
export interface TelemetryContext {
  /** The name of the service. */
  readonly service: string;
  readonly runtime: Runtime;
  /** The names of the channels of `connect({ channels })`. */
  readonly channels: readonly string[];
  /** The messages that consumers of this process hold now, waiting and running ones together. Empty until `connect()` has resolved. */
  inFlight(): readonly InFlight[];
  /** The backlog of a channel's groups, as `Messaging.depth` gives it, without groups that cannot tell. At most a second old. Rejects until `connect()` has resolved, and after `stop()`. */
  depth(channel: string, group?: string): Promise<readonly GroupDepth[]>;
}

/** How many messages a group holds in this process. */
export interface InFlight {
  readonly channel: string;
  readonly group: string;
  readonly messages: number;
}

/** Where something happens. One object for each destination that is sent to and for each group that receives, so it can be a key of a cache. */
export interface TelemetryPlace {
  /** The connection's name in the configuration. */
  readonly connection: string;
  /** The name of the transport: `sqs`, `sns`, `kinesis`, `amqp`, `memory`. */
  readonly transport: string;
  readonly channel: string;
  /** The group that receives or, for a dead-letter destination, whose dead letters they are. */
  readonly group?: string;
  /** The destination's name at the broker, suffixes included. Values that came from the environment are masked. */
  readonly destination: string;
  /** True for the destination of dead letters. */
  readonly dead: boolean;
  /** The server of the broker, without credentials. Read it with each call: it may not be known at once, and change later. */
  readonly server?: ServerAddress | undefined;
  /** True if messages come in events, as on AWS Lambda: nobody asks for a receive. */
  readonly pushed?: boolean;
}

/** The trace context that a message carries. */
export interface MessageTrace {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** A message that the application publishes. */
export interface PublishedMessage {
  readonly id: string;
  readonly type: string;
}

/** A message that is handed to a handler. */
export interface HandledMessage {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** When it was published, as it says itself. */
  readonly time: Date;
  /** From 1. */
  readonly attempt: number;
  /** Not published by Switchyard. */
  readonly foreign: boolean;
  /** 0, raised by each dead letter and redrive. */
  readonly hop: number;
  readonly trace: MessageTrace | undefined;
}

/** How a handler ended: `ack` is success. The others say what it threw; for `failed` the retry policy decides. */
export type HandlerEnd = "ack" | "failed" | "retry" | "deadLetter" | "release" | "down" | "skip";

/** A delivery that is being settled. */
export interface TelemetrySettlement {
  readonly action: "ack" | "retry" | "release";
  /** What {@link TelemetrySession.handling} returned for its last attempt in this process. Absent if no handler ran here. */
  readonly handling: Handling | undefined;
}

/** The result of one message of a call. */
export interface TelemetryResult {
  /** The code of the error, absent on success. */
  readonly code?: string;
}

/** What to call when an operation has ended. The results are in the order of the messages. */
export type Ended = (results: readonly TelemetryResult[]) => void;

/** A publish that has begun. */
export interface Publishing {
  /** What the message carries. Absent: the active context of the caller, as without telemetry. */
  readonly trace?: MessageTrace;
  /** Call this when the broker has accepted the message, or with the error if it has not. */
  ended(error?: unknown): void;
}

/** A handler that is about to run. */
export interface Handling {
  /** Calls the handler. What it makes belongs to this operation. Must call it exactly once and return its result. */
  run<T>(call: () => T): T;
  /** One end for each message, in their order. */
  ended(ends: readonly { readonly end: HandlerEnd; readonly error?: unknown }[]): void;
}

/** The messages that a receive has brought. */
export interface ReceivedMessages {
  readonly count: number;
  /** Reads the trace contexts that they carry. Call it at once or not at all. */
  traces(): readonly (MessageTrace | undefined)[];
}

/** Receives what happens in one messaging. Every method may be left out. */
export interface TelemetrySession {
  /**
   * A message is being published, in the async context of the caller. Not called for a message whose headers have a `traceparent`: it keeps
   * its own.
   */
  publishing?(place: TelemetryPlace, message: PublishedMessage): Publishing | undefined;
  /** A call of the broker begins that sends these messages. Called again if they are sent again. */
  sending?(place: TelemetryPlace, traces: readonly (MessageTrace | undefined)[]): Ended | undefined;
  /** A receive has ended after `tookMs` milliseconds, with what it brought. */
  received?(place: TelemetryPlace, messages: ReceivedMessages, tookMs: number, failure?: TelemetryResult): void;
  /** Handlers are about to run: with one message, or with those of a batch if `batch`. */
  handling?(place: TelemetryPlace, messages: readonly HandledMessage[], batch: boolean): Handling | undefined;
  /** A call of the broker begins that settles these deliveries. On a log, the one delivery stands for all before it. */
  settling?(place: TelemetryPlace, settlements: readonly TelemetrySettlement[]): Ended | undefined;
  /** This process began or ceased to read a queue, a shard or a partition. */
  lease?(place: TelemetryPlace, change: "gained" | "ended" | "lost"): void;
  /** Every operational event, as `observe` gets it. */
  event?(event: MessagingEvent): void;
  /** Called at the end of `stop()`, which waits for it, at most a second; and if `connect()` rejects after it has opened telemetry. */
  close?(): Promise<void> | void;
}
