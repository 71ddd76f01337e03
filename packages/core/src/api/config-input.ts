/** The configuration as users write it: in switchyard.config.{yaml,json}, or with `defineConfig` in switchyard.config.ts. */
import type { Adapter, Model, Position } from "../driver/index.ts";
import type { ByteSize } from "./byte-size.ts";
import type { Duration } from "./duration.ts";
import type { ClaimCheckExtension, KeysExtension } from "../pipeline/extension.ts";

/**
 * How the waits between attempts grow. `constant`: each wait is `first`. `linear`: `first` times the number of failures.
 * `exponential`: starts at `first` and doubles.
 */
export type Backoff = "constant" | "linear" | "exponential";

/**
 * Every interface here has a parameter `Null`. It is `never` in the base and `null` in a profile, where null removes a key. A mapped
 * type would be shorter, but editors would not show these comments through it.
 */
interface LayerInput<Null, Connection> {
  /**
   * The first part of every physical name, kebab-case: `dev` makes `dev_orders_billing`. Two environments in one account need
   * different prefixes, so there is no default. Exception: `local`, if every channel runs on memory or has an `address`.
   */
  readonly prefix?: string | Null;
  /** How long `stop()` waits for running handlers. Default 25s: Kubernetes, for example, kills a process after 30 s. */
  readonly drain?: Duration | Null;
  /**
   * Connections by name, kebab-case. `memory` always exists. A connection to which a profile gives another `use` keeps nothing of the
   * base's options.
   */
  readonly connections?: Readonly<Record<string, Connection | Null>> | Null;
  /**
   * Channels by name. `"*"` applies to all channels; within a layer, an entry by name overrides it. When a layer moves a channel to
   * another connection or model, the `address`, `form` and `native` of earlier layers no longer apply.
   */
  readonly channels?: Readonly<Record<string, ChannelInput<Null> | Null>> | Null;
  /**
   * Policies by name, kebab-case. A policy says how a failed message is retried and dead-lettered. `default` applies if a channel or
   * group names no policy. The other policies start from the values of `default`.
   */
  readonly policies?: Readonly<Record<string, PolicyInput<Null> | Null>> | Null;
  /**
   * Encryption keys by name, kebab-case. A channel names one in `encrypt.keys`. An entry to which a profile gives another `use` keeps
   * nothing of the base's options.
   */
  readonly keys?: Readonly<Record<string, KeysInput<Null> | Null>> | Null;
}

/** The base configuration. `Connection` is the type of a connection, `ProfileConnection` its type in a profile. */
export interface ConfigInput<Connection = ConnectionInput, ProfileConnection = ConnectionOverlay>
  extends LayerInput<never, Connection> {
  /**
   * Profiles by name, kebab-case. `SWITCHYARD_PROFILE` or `connect({ profile })` chooses one, which overrides the base.
   * `SWITCHYARD__...` variables then override the profile. `null` removes a value of the base.
   */
  readonly profiles?: Readonly<Record<string, OverlayInput<ProfileConnection>>>;
}

/**
 * A profile: the keys that override the base. Objects are merged, other values are replaced. `null` removes a group, a channel, a
 * connection or a policy, or resets any other key to its default. Removing a name that does not exist is an error. In YAML, an entry
 * with nothing after the colon is an entry without settings (`{}`); it removes nothing.
 */
export interface OverlayInput<Connection = ConnectionOverlay> extends LayerInput<null, Connection> {}

/** See {@link ConnectionBasics.provision}. */
export type Provision = "auto" | "verify" | "off";

/** The keys of a connection that core reads. */
export interface ConnectionBasics {
  /**
   * The adapter. `"sqs"` means the package `@switchyard/sqs`. A name with a slash is imported as it is. An adapter passed as a value
   * is used directly.
   */
  readonly use: string | Adapter;
  /**
   * Who creates queues and topics. `auto`: this process, at start. `verify`: a deployment step; this process refuses to start if they
   * differ from the configuration. `off`: a deployment step; this process only checks on use that they exist. Default `auto` on
   * memory, `off` elsewhere.
   */
  readonly provision?: Provision;
}

/** The other keys are the adapter's options. Its schema checks them. */
export interface ConnectionInput extends ConnectionBasics {
  readonly [option: string]: unknown;
}

/** A connection in a profile: the keys that differ from the base. */
export interface ConnectionOverlay {
  /** The adapter. If it differs from the base's, nothing of the base's connection is kept. */
  readonly use?: string | Adapter | null;
  /** Who creates queues and topics: this process (`auto`) or a deployment step (`verify`, `off`). */
  readonly provision?: Provision | null;
  readonly [option: string]: unknown;
}

export interface ChannelInput<Null = never> {
  /**
   * `queue`: each message goes to one consumer of the only group. `pubsub`: each group gets a copy. `stream`: an ordered log, in which
   * each group has its position. Required here or under `"*"`.
   */
  readonly model?: Model | Null;
  /** The name of the connection that the channel runs on. Required here or under `"*"`. */
  readonly on?: string | Null;
  /** The consumer groups by name, kebab-case. A queue has exactly one; pub/sub and streams have at least one. `{}`: all defaults. */
  readonly groups?: Readonly<Record<string, GroupInput<Null> | Null>> | Null;
  /** The policy of groups that name none. Default: the policy `default`. */
  readonly policy?: string | Null;
  /** The number of partitions of an ordered RabbitMQ queue or a stream, from 1. Do not change it later. Default: the transport's. */
  readonly partitions?: number | Null;
  /** The transport's variety. The ordering key decides it. If you set it, a contradiction with the code is an error. */
  readonly form?: Form | Null;
  /** An existing topic, stream or queue to use: its name, ARN or URL. Default: a name made from prefix and channel. */
  readonly address?: string | Null;
  /** How long the broker keeps an unconsumed message. Default: the transport's (4 days on SQS). */
  readonly retention?: Duration | Null;
  /** Limits of publishing: how long core resends, and how many messages may wait for the broker's answer. */
  readonly publish?: PublishInput<Null> | Null;
  /**
   * Refuses queues, topics and streams that the broker stores unencrypted, dead letters included. `required`: the broker must say that it
   * encrypts. RabbitMQ cannot say it. `assume`: accepts a broker that does not say, because its disks are encrypted by other means.
   * Set it under `"*"` for all channels. Default: not checked.
   */
  readonly atRest?: "required" | "assume" | Null;
  /** Compresses large messages. Default: no compression. Every consumer reads compressed messages, whatever its configuration. */
  readonly compress?: CompressInput<Null> | Null;
  /** Encrypts the data of messages in this process, so that the broker and its operators cannot read it. Default: no encryption. */
  readonly encrypt?: EncryptInput<Null> | Null;
  /**
   * Stores the data of messages that are too large for the broker elsewhere, and sends a pointer. Default: such a message is refused
   * with `too-large`.
   */
  readonly claimCheck?: ClaimCheckInput<Null> | Null;
  /** Settings of the transport. They are not portable; `explain()` lists them. Default none. */
  readonly native?: Readonly<Record<string, unknown>> | Null;
}

/** How large messages are compressed. */
export interface CompressInput<Null = never> {
  /** Smaller data is not compressed. Default 4KiB. */
  readonly above?: ByteSize | Null;
  /** The content coding. Required. `zstd` needs Node 22.15 or later. The compressed form is sent only if it is a tenth smaller. */
  readonly with?: "brotli" | "gzip" | "zstd" | Null;
}

/** How messages are encrypted. */
export interface EncryptInput<Null = never> {
  /** The name of an entry of `keys`. Required. */
  readonly keys?: string | Null;
  /**
   * A name that is authenticated with each message, so that a message cannot be moved to a channel of another context. Services that
   * share a queue under different channel names set the same context. Default: the channel's name.
   */
  readonly context?: string | Null;
  /**
   * What is done with a message that is not encrypted. `required` (the default): it is dead-lettered with `not-encrypted`. `optional`:
   * it is read, until all publishers encrypt; `health()` is yellow meanwhile.
   */
  readonly accept?: "required" | "optional" | Null;
  /** With `accept: optional`: the date by which all publishers are to encrypt. Required there. After it, `health()` is red. */
  readonly until?: string | number | Date | Null;
}

/** Where large messages are stored. The other keys are the store's options. Its schema checks them. */
export interface ClaimCheckInput<Null = never> {
  /** `s3`, `folder`, `memory`, or the name of a package or file. Required. */
  readonly store?: string | ClaimCheckExtension | Null;
  /** Larger messages are stored even if the broker would take them. Default: only messages that the broker would refuse. */
  readonly above?: ByteSize | Null;
  readonly [option: string]: unknown;
}

/** An entry of `keys`. The other keys are the options of the key provider. Its schema checks them. */
export interface KeysInput<Null = never> {
  /** `local`, `kms`, `ephemeral`, or the name of a package or file. Required. */
  readonly use?: string | KeysExtension | Null;
  readonly [option: string]: unknown;
}

/** `fifo` is the name that SQS and SNS use for `ordered`. */
export type Form = "standard" | "ordered" | "fifo";

export interface PublishInput<Null = never> {
  /** How long core resends a message before `publish()` rejects. Default 30s. */
  readonly timeout?: Duration | Null;
  /** The most messages that wait for the broker's answer, for each destination. Default 10,000. */
  readonly maxPending?: number | Null;
  /** The most bytes that wait for the broker's answer, for each destination. Default 64MiB. */
  readonly maxPendingBytes?: ByteSize | Null;
  /** At the limit, `publish()` waits (`"wait"`, the default) or rejects with the error `backpressure` (`"reject"`). */
  readonly whenFull?: "wait" | "reject" | Null;
}

export interface GroupInput<Null = never> {
  /** The most handlers running at once in a process; at most `maxInFlight`. Default 10, or `maxInFlight` if that is less. */
  readonly concurrency?: number | Null;
  /**
   * The most unsettled messages in a process: waiting, being handled, or in the driver's buffers. At least `concurrency` and
   * `batch.size`. Default twice the concurrency.
   */
  readonly maxInFlight?: number | Null;
  /**
   * The most bytes of unsettled messages in a process. Bodies that were decrypted, inflated or fetched from a store count as much again:
   * they are opened only as far as they fit into this. Default 64MiB.
   */
  readonly maxInFlightBytes?: ByteSize | Null;
  /**
   * How long a hold on a message lasts unless a heartbeat extends it (SQS: the visibility timeout). After that time, another process
   * gets the messages of a process that died. SQS: at most 12h. RabbitMQ: at most the connection's `consumerTimeout`. Default 60s.
   */
  readonly hold?: Duration | Null;
  /** The policy of the group. Default: the channel's. */
  readonly policy?: string | Null;
  /**
   * Where a new stream group starts. Default `earliest`, so that it misses nothing. A time is ISO 8601 or epoch milliseconds, inside
   * `{ time }`: `start: { time: "2026-11-29T12:00:00Z" }`. `{ at }` takes a position that `delivery.position` gave.
   */
  readonly start?:
    | Exclude<Position, object>
    | { readonly time: string | number | Date }
    | { readonly at: string }
    | Null;
  /** An existing queue to use for this group: its name, ARN or URL. Default: a name made from prefix, channel and group. */
  readonly address?: string | Null;
  /** An existing queue to use for the group's dead letters: its name, ARN or URL. Default: a name made from the group's queue. */
  readonly deadLetterAddress?: string | Null;
  /**
   * Lets operators change a dead letter of this group and send it as a new message (`deadLetters().edit()`). Default false: data is sent
   * as its publisher wrote it, or not at all.
   */
  readonly editDeadLetters?: boolean | Null;
  /** How messages are collected for batch handlers. */
  readonly batch?: BatchInput<Null> | Null;
  /**
   * Lets the broker drop the message types that the group does not want. A list: the types to keep. `true`: keep the types that the
   * group's handlers name, if `plan()` is given the consumers. Default false.
   */
  readonly filter?: boolean | readonly string[] | Null;
  /** Pauses the group while something that its handlers need is down. Default: no breaker. */
  readonly breaker?: BreakerInput<Null> | Null;
  /** Limits how many messages of the group start within a time, in each process. Default: no limit. */
  readonly rate?: RateInput<Null> | Null;
  /**
   * What runs the group's handlers, if it is not a process that calls `consume()` and `start()`: `lambda` is a function with
   * `@switchyard/lambda`. Messages are then pushed to it. Default: a process.
   */
  readonly runsOn?: string | Null;
  /** Settings of the transport for this group. They are not portable; `explain()` lists them. Default none. */
  readonly native?: Readonly<Record<string, unknown>> | Null;
}

/** When a group's circuit breaker opens, and for how long. Each process has its own. */
export interface BreakerInput<Null = never> {
  /**
   * The errors that count, by `name` or `code`, as in `retry.errors`. They never use up an attempt. `"*"`: all errors of handlers; then
   * `retry.total` is required, or a message that can never succeed would be tried forever. Default `[DependencyDown]`.
   */
  readonly on?: readonly string[] | Null;
  /** How far back messages count. Default 30s. */
  readonly window?: Duration | Null;
  /** The share of distinct messages, above 0 to 1, that must have failed by one of these errors. Default 0.5. */
  readonly failures?: number | Null;
  /** The fewest distinct messages that decide. Default 10. */
  readonly minimum?: number | Null;
  /**
   * The first and the longest pause, such as `5s..2m`. Each pause is twice as long as the one before. Default `5s..2m`.
   */
  readonly pause?: string | Null;
}

/** How many messages may start within a time. */
export interface RateInput<Null = never> {
  /** The most messages. Required. So many may start at once. */
  readonly max?: number | Null;
  /** The time. Default 1s. */
  readonly per?: Duration | Null;
  /** Limits each ordering key, fairness key or message type on its own. Default: all messages of the group together. */
  readonly key?: "ordering-key" | "fairness-key" | "type" | Null;
}

interface BatchInput<Null> {
  /** The most messages in a batch. Default 10. */
  readonly size?: number | Null;
  /** How long an incomplete batch waits for more. Default 0ms. */
  readonly wait?: Duration | Null;
  /** The most messages with the same ordering key in a batch; at most `size`. Default: no limit. */
  readonly perKey?: number | Null;
}

export interface RetryInput<Null = never> {
  /** How often a message is delivered in total, including the first time; at most 1,000. Default 5. */
  readonly attempts?: number | Null;
  /**
   * How the waits grow. `constant`: each wait is `first`. `linear`: `first` times the number of failures. `exponential` (the default):
   * starts at `first` and doubles. An attempt never comes earlier than this.
   */
  readonly backoff?: Backoff | Null;
  /** The wait before the second attempt; at most `max`. Default 1s, or `max` if that is shorter. */
  readonly first?: Duration | Null;
  /** The longest wait, jitter included. Default 5m, or `first` if that is longer. */
  readonly max?: Duration | Null;
  /**
   * The largest share of a wait, from 0 to 1, that is added at random, so that messages that failed together are not retried
   * together. Jitter never shortens a wait and never exceeds `max`. Default 0.5 for `exponential`, 0 for `constant` and `linear`.
   */
  readonly jitter?: number | Null;
  /**
   * For how long a message is tried, counted from when the broker accepted it, or from when the delay is over that its publisher asked
   * for. After that, the next failure is its last, whatever `attempts` allows. Errors that use up no attempt are bounded by this alone.
   * A message whose handler has not begun yet gets one attempt, however late it is. Default: no limit.
   */
  readonly total?: Duration | Null;
}

interface RetriesInput<Null> extends RetryInput<Null> {
  /** Rules for particular errors, by the error's `name` or `code`. `deadLetter` and `release` take effect at once. */
  readonly errors?: Readonly<Record<string, RetryInput<Null> | "deadLetter" | "release" | Null>> | Null;
}

export interface PolicyInput<Null = never> {
  /** How often and when a failed message is retried. */
  readonly retry?: RetriesInput<Null> | Null;
  /**
   * What happens to a message that has used up its attempts.
   * - `true` (the default): it is copied to a dead-letter queue on the same connection. On a stream this is `park`.
   * - `false` or `block`: it is retried forever.
   * - `skip`: it is settled and reported.
   * - `{ channel }`: it is copied to that channel.
   */
  readonly deadLetter?: boolean | "park" | "block" | "skip" | { readonly channel: string } | Null;
}
