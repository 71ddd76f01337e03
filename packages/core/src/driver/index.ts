/**
 * The seam: what an adapter author implements, and nothing else.
 *
 * Core owns batching, resending, order per key, retries, dead letters, heartbeats, back-pressure, expiry, shutdown and
 * the one error class. A driver owns wire mapping, the broker's calls, its limits, its fault table and its connection.
 * A driver throws raw errors and never retries: core calls {@link Connection.classify} and decides.
 *
 * All times are milliseconds. A time called `deadline` is on {@link Runtime.monotonic}'s clock; one called `At` or `time`
 * is on {@link Runtime.now}'s (the Unix epoch).
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Capabilities } from "./capabilities.ts";
import type { Runtime } from "./runtime.ts";
import type { Topology } from "./topology.ts";

export type { Capabilities } from "./capabilities.ts";
export type { Runtime } from "./runtime.ts";
export type { Change, Topology, TopologyPlan } from "./topology.ts";

/** How a channel decouples: competing consumers, a copy for every group, or an ordered log per partition. */
export type Model = "queue" | "pubsub" | "stream";

export interface WireMessage {
  /** A string is text and is carried as text; bytes are only given to a driver whose `capabilities.binary` is true. */
  readonly body: string | Uint8Array;
  /** At most `capabilities.headers` of them. Names are lower-case `[a-z0-9-]`; values are well-formed text, and core's own hold no control characters. */
  readonly headers: Readonly<Record<string, string>>;
  /** The message type in clear: filter attribute, routing key. Absent on most foreign messages. */
  readonly type?: string;
  /** The order key. On receive it is set only where the broker keeps the order of it. May come back in another form than it was sent in, equal for equal keys. */
  readonly key?: string;
  /** Tenant for fair queues; never implies order. */
  readonly fairness?: string;
  /** Deduplication id, `id` and hop (contract C4); a driver whose broker has no such thing ignores it. */
  readonly dedup?: string;
  /** Not to be delivered earlier than this many milliseconds from now; at most `capabilities.delayedPublishMs`. */
  readonly delayMs?: number;
  /** The same message, not yet written out: only where {@link SenderDriver.local}, and then to be handed back as it is. */
  readonly local?: LocalContent;
}

/** What a message for a broker in this process holds. It never changes. */
export interface LocalContent {
  /** Core's own. */
  readonly envelope: object;
  /** Characters of the body, roughly. */
  readonly length: number;
  /** What `size` would say of body and headers, or more. */
  readonly atMostBytes: number;
  /** The data, a new copy at each call. */
  fresh(): unknown;
}

/** One place to send to or to receive from. Core resolves it from configuration; topology takes the same value. */
export interface Destination {
  /** The channel's logical name, as in code and configuration. */
  readonly channel: string;
  /** The physical name the channel's groups share: `prefix_channel`. The topic or the stream. */
  readonly base: string;
  /** This destination's own physical name: `prefix_channel[_group][_dead]`. The broker's suffixes are the driver's ({@link Adapter.locate}). */
  readonly name: string;
  readonly model: Model;
  /** An ordering key was declared: the broker's ordered variety is wanted. */
  readonly ordered: boolean;
  /** A dead-letter destination of a group; its model is `queue`. */
  readonly dead?: boolean;
  readonly partitions?: number;
  /** Receive: the group that receives. Send: into that group only (a queue's one group; a redrive). Absent: to all. */
  readonly group?: string;
  /** The message types the group handles, where known and filtering is wanted. */
  readonly types?: readonly string[];
  /** Beside `types`: the channel names what a foreign message is, so messages without a type are wanted as well. */
  readonly foreign?: boolean;
  /** An existing resource (name, URL or ARN as the broker understands it) to use in place of `name`. */
  readonly address?: string;
  /** An existing resource in place of `base`. */
  readonly baseAddress?: string;
  /** The group's dead-letter destination, for topology. */
  readonly deadLetter?: Destination;
  /** How many failed receives the broker itself should allow before it gives up; far above the policy's attempts (C9). */
  readonly nativeAttempts?: number;
  /** How long the hold lasts unless extended. */
  readonly holdMs?: number;
  /** How long an unconsumed message is to be kept, for topology. Absent: the transport's default. */
  readonly retentionMs?: number;
  /** Whatever stands under `native` in the configuration: not portable, validated by the driver. */
  readonly native: Readonly<Record<string, unknown>>;
}

/** Where a group of a stream starts; `at` is a position a driver gave. */
export type Position = "earliest" | "latest" | { readonly time: number } | { readonly at: string };

/** Where the broker will find a destination. `problem` says why it can't (a name too long, a character not allowed), with the limit. */
export interface Located {
  readonly address: string;
  /** The broker's own name, where an adapter stands for several: `aws` says `sqs`. Default: the adapter's name. */
  readonly transport?: string;
  readonly problem?: string;
}

/**
 * What a module named by `use:` exports as `adapter`. A plain value: importing it opens nothing.
 *
 * `Keeps` is type-level only: the needs each model keeps, for `defineConfig`'s compile-time check.
 */
export interface Adapter<O = any, Keeps = unknown> {
  readonly name: string;
  /** Everything of a connection in the configuration but `use` and `provision`. Unknown keys must be refused. */
  readonly options: StandardSchemaV1<unknown, O>;
  /** Pure, the best case; undefined: no such model here. `explain()` and the refusal at `connect()` use it. */
  capabilities(of: Destination, options: O): Capabilities | undefined;
  /** Pure. The broker's name of a destination, suffixes included. */
  locate(of: Destination, options: O): Located;
  /** Pure. What is wrong with `of.native`; each a sentence that names the key and what is allowed. */
  nativeProblems?(of: Destination, options: O): readonly string[];
  /** Resolves once the client exists; need not have spoken to the broker. `about`: for what a broker shows of its clients. */
  open(
    options: O,
    runtime: Runtime,
    report: (event: DriverEvent) => void,
    about?: { readonly service: string },
  ): Promise<Connection>;
  /** Loads the topology half, kept apart so that a runtime without create rights never loads it. */
  topology?(options: O, runtime: Runtime): Promise<Topology>;
  /** Never set: carries `Keeps` for the compiler. */
  readonly "~keeps"?: Keeps;
}

export interface DriverEvent {
  /**
   * `down`, `blocked` and `throttled` last, for health, until `up` or `unblocked` comes with the same `id`.
   * `warning`: something works less well than it should; `cause` says what, and what to do about it. Health is as before.
   */
  readonly type: "up" | "down" | "blocked" | "unblocked" | "throttled" | "position-lost" | "warning";
  /** The lease, queue or connection meant. */
  readonly id?: string;
  readonly cause?: unknown;
}

export type Phase = "open" | "send" | "receive" | "settle" | "extend" | "topology";

export interface Connection {
  /** Checks that the destination exists and reads its own limits; less than `Adapter.capabilities` said is refused by core as `config`. */
  sender(to: Destination, signal: AbortSignal): Promise<SenderDriver>;
  /**
   * As `sender`. `prefetch`: the most messages held here over all leases, handed to core or not. `holdMs`: the hold wanted.
   * An opening that must wait for a known time calls `announce` before it does, with milliseconds and a sentence on what for:
   * people are told, and that time does not count against the limit of `start()`.
   */
  receiver(from: Destination, options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver>;
  depth?(of: Destination, signal: AbortSignal): Promise<readonly Depth[]>;
  /** Removes all messages, held ones included. */
  purge?(of: Destination, signal: AbortSignal): Promise<void>;
  /** Moves a stream group's stored position. */
  seek?(of: Destination, to: Position, signal: AbortSignal): Promise<void>;
  /** Names a raw error. Never throws. What it does not know: `ambiguous` during `send`, else `retryable`. */
  classify(cause: unknown, during: Phase): Fault;
  /** After every sender and receiver is closed. Idempotent. */
  close(): Promise<void>;
}

export interface ReceiverOptions {
  readonly holdMs: number;
  readonly prefetch: number;
  readonly start: Position;
  readonly announce?: (waitMs: number, why: string) => void;
}

export interface Depth {
  readonly lease?: string;
  /** The worker that has the lease, as its lease table names it. */
  readonly holder?: string;
  readonly ready?: number;
  readonly delayed?: number;
  readonly held?: number;
  /** The age of the oldest message not settled: how far behind the group is. */
  readonly oldestMs?: number;
}

export interface Fault {
  /** `lost`: the hold is gone (settle, extend). The others are {@link MessagingError}'s kinds. */
  readonly kind: "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed" | "lost";
  /** kebab-case, the driver's own vocabulary: `queue-not-found`. */
  readonly code: string;
  /** What the user should change, if anything; no secret in it. */
  readonly hint?: string;
  /** The resource by its physical name, and where it was asked for: `queue "shop-orders.fifo" in eu-west-1 at https://…`. */
  readonly where?: string;
  /** What the service said, as it said it. Core clips it, quotes it and masks what looks like a credential. */
  readonly said?: string;
  readonly retryAfterMs?: number;
  /** Throttled, one message of a `send`: only what shares its shard is; the destination goes on. */
  readonly partial?: boolean;
}

/** Per item, in the order given: undefined is success. */
export type Outcome = undefined | { readonly cause: unknown };
export type Sent =
  | { readonly cause: unknown }
  | { readonly cause?: never; readonly id: string; readonly position?: string };

export interface SenderDriver {
  readonly capabilities: Capabilities;
  /**
   * The broker is in this process: it keeps a message as the object it is and gives that back, so that core need not write
   * out and read again. Body and headers are there as ever; looking at them makes them.
   */
  readonly local?: boolean;
  /** Bytes as the broker counts them against `maxMessageBytes` and `maxBatch.bytes`. Pure; called for every message. */
  size(message: WireMessage): number;
  /**
   * Resolves once the broker answered for every message; one result each, in order. Rejects only when nothing is known
   * of any. Never retries. Called with at most `maxBatch`, at most `concurrency.send` at once. An aborted send is
   * ambiguous: the driver rejects and does not pretend to know.
   */
  send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]>;
  close(): Promise<void>;
}

/** What a resource, as it was found, does to messages by itself. What is not known is absent. */
export interface Existing {
  /** The broker gives a message up after so many deliveries. `setting`: its name for that: `maxReceiveCount`, `x-delivery-limit`. */
  readonly deliveries?: { readonly count: number; readonly setting: string };
  /** It deletes or moves away a message that is older; by default `capabilities.retentionMs`. */
  readonly retentionMs?: number;
  /** Settings that throw messages away whatever the policy; a sentence each, with the number and what to change. */
  readonly discards?: readonly string[];
}

export interface ReceiverDriver<R = any> {
  readonly capabilities: Capabilities;
  /** Compared with the group's policy: core refuses to start where the resource would cut it short. */
  readonly existing?: Existing;
  /** One lease per right to read: a queue, an AMQP channel, a shard. Throws on connection failure; core reopens the receiver. */
  leases(signal: AbortSignal): AsyncIterable<Lease<R>>;
  /** The only thing that cuts a running receive. Idempotent. */
  close(): Promise<void>;
}

export interface Lease<R = any> {
  /** For people and metrics: the queue, the shard. */
  readonly id: string;
  /** Rises with every new holder of the same right. */
  readonly fencingToken?: number;
  /** Receipts are worthless from the moment it aborts. */
  readonly lost: AbortSignal;
  /**
   * At least one message, at most `max`, within `waitMs`; `[]` when that passed. On abort it ends early with what it has,
   * once nothing can be lost by it: what was read is returned, never dropped. `null`: the right to read ends (a shard's
   * end, or another worker asked for it); core settles what it holds and calls `release`. The array is core's from then
   * on: it empties it, so that the promise of a receive that waited long keeps no messages alive.
   * Core aborts a receive to stop, and to give its room to another lease of the group; then it calls again.
   * Called at most `concurrency.receive` times at once.
   */
  receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<R>[] | null>;
  /** One outcome each, in order. Rejects only when nothing is known of any. On a log the only action is `ack`: all up to it. */
  settle(batch: readonly Settlement<R>[], signal: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * Prolongs the hold to `forMs` from now. An outcome whose fault is `lost` ends the delivery. Absent where a hold lasts until its
   * `deadline` and no longer: what core must let go of then, it settles as `release`, a tenth of the hold before the end.
   */
  extend?(receipts: readonly R[], forMs: number, signal: AbortSignal): Promise<readonly Outcome[]>;
  /** `drained`: everything handed out was settled and stored. */
  release(reason: "drained" | "stopping", signal: AbortSignal): Promise<void>;
}

export interface Delivery<R = any> {
  /** The broker's id of the message, for logs. Never empty. */
  readonly id: string;
  /**
   * `false`: the id is a stranger's word, and other messages may have the same one. Core then adds up no attempts by it, so
   * `attempt` has to count every failed attempt that `settle` was told of.
   */
  readonly unique?: false | undefined;
  readonly message: WireMessage;
  readonly receipt: R;
  /** The broker's own message, for `delivery.raw`. */
  readonly raw: unknown;
  /** Counted by the broker, from 1. */
  readonly attempt?: number | undefined;
  /** When the broker accepted it (epoch). */
  readonly enqueuedAt?: number;
  /** On a log: the position, for `seek` and for people. */
  readonly position?: string;
  /** The hold ends then unless extended. Absent: it lasts as long as the lease. */
  readonly deadline?: number;
  /** No extension and no retry delay passes it (SQS: 12 hours from the receive). */
  readonly lastDeadline?: number;
}

export type Settlement<R = any> =
  | { readonly receipt: R; readonly action: "ack" }
  /** A failed attempt; not delivered again earlier than `delayMs`. `attempt` is the one that failed. */
  | { readonly receipt: R; readonly action: "retry"; readonly delayMs: number; readonly attempt: number }
  /** Nobody's fault: deliver again at once. */
  | { readonly receipt: R; readonly action: "release" };
