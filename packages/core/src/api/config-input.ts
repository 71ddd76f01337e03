/** What users may write: in switchyard.config.{yaml,json}, or with `defineConfig` in switchyard.config.ts. */
import type { Adapter, Model, Position } from "../driver/index.ts";
import type { Duration } from "./duration.ts";

/** How the waits between attempts grow: `constant` is always `first`, `linear` is `first` times the failures, `exponential` doubles from `first`. */
export type Backoff = "constant" | "linear" | "exponential";

/**
 * Every interface here has a parameter `Null`: `never` in the base, `null` in a profile, where null removes a key. A mapped type
 * would be shorter, and editors would show none of these comments through it.
 */
interface LayerInput<Null, Connection> {
  /**
   * First part of every physical name, kebab-case: `dev` makes `dev_orders_billing`. Two environments in one account need
   * two prefixes, so there is no default, except `local` where everything in use is on memory or has an `address`.
   */
  readonly prefix?: string | Null;
  /** How long a stop waits for running handlers. Default 25s, which fits into the 30 s orchestrators usually give. */
  readonly drain?: Duration | Null;
  /** By name, kebab-case. `memory` is always there. In a profile, a connection that names another `use` starts afresh. */
  readonly connections?: Readonly<Record<string, Connection | Null>> | Null;
  /**
   * By the channel's name; `"*"` is for all channels, and a name beats it within the same layer. A layer that moves a channel to
   * another connection or model leaves behind what earlier layers said for the old one: `address`, `form`, `native`.
   */
  readonly channels?: Readonly<Record<string, ChannelInput<Null> | Null>> | Null;
  /**
   * What becomes of a message whose handler failed: retries and dead letters, by a name of your choice, kebab-case. `default` holds
   * where no policy is named; the others start from it.
   */
  readonly policies?: Readonly<Record<string, PolicyInput<Null> | Null>> | Null;
}

/** The base. `Connection` is what a connection may be, `ProfileConnection` what it may be in a profile. */
export interface ConfigInput<Connection = ConnectionInput, ProfileConnection = ConnectionOverlay>
  extends LayerInput<never, Connection> {
  /**
   * By name, kebab-case. One is laid over the base when chosen by `SWITCHYARD_PROFILE` or `connect({ profile })`; then
   * `SWITCHYARD__...` variables are laid over it. `null` removes what the base says.
   */
  readonly profiles?: Readonly<Record<string, OverlayInput<ProfileConnection>>>;
}

/**
 * The same keys, laid over the base: objects are merged, everything else is replaced, and `null` removes what the base
 * says: a group, a channel, a connection, a policy or any key, which then has its default. A name that is not there to be
 * removed is a mistake. In YAML, an entry with nothing after the colon is one without settings (`{}`) and removes nothing.
 */
export interface OverlayInput<Connection = ConnectionOverlay> extends LayerInput<null, Connection> {}

/** Default `auto` on memory, else `off`. */
export type Provision = "auto" | "verify" | "off";

/** What core itself reads of a connection. */
export interface ConnectionBasics {
  /**
   * The adapter. `"sqs"` is the package `@switchyard/sqs`; a specifier with a slash is taken as it is; a value bypasses loading.
   */
  readonly use: string | Adapter;
  /**
   * Who creates queues, topics and the like. `auto`: this process, at start; `verify`: somebody else, and a difference refuses to
   * start; `off`: somebody else, and existence is checked on use. Default `auto` on memory, else `off`.
   */
  readonly provision?: Provision;
}

/** Everything but `use` and `provision` is the adapter's own and checked by its schema. */
export interface ConnectionInput extends ConnectionBasics {
  readonly [option: string]: unknown;
}

/** A connection in a profile: the keys that differ. */
export interface ConnectionOverlay {
  /** The adapter. Where it is another than the base's, nothing of the base's connection is kept. */
  readonly use?: string | Adapter | null;
  /** Who creates queues, topics and the like: this process (`auto`) or somebody else (`verify`, `off`). */
  readonly provision?: Provision | null;
  readonly [option: string]: unknown;
}

export interface ChannelInput<Null = never> {
  /**
   * `queue`: each message goes to one consumer of the one group. `pubsub`: each group gets a copy. `stream`: an ordered log that each
   * group reads from a position of its own. Required, here or under `"*"`.
   */
  readonly model?: Model | Null;
  /** The name of the connection it runs on. Required, here or under `"*"`. */
  readonly on?: string | Null;
  /** Who receives, by name, kebab-case. A queue has exactly one group; pub/sub and streams at least one. `{}` is all defaults. */
  readonly groups?: Readonly<Record<string, GroupInput<Null> | Null>> | Null;
  /** A policy's name, for groups that name none. Default `default`. */
  readonly policy?: string | Null;
  /** Number of partitions of an ordered RabbitMQ queue or a stream, from 1. Fixed once used. Default: the transport's. */
  readonly partitions?: number | Null;
  /** The transport's variety. Chosen by the ordering key; saying it makes a contradiction an error. */
  readonly form?: Form | Null;
  /** An existing topic or stream; on a queue, its one group's queue. Its name, ARN or URL. Default: named after prefix and channel. */
  readonly address?: string | Null;
  /** How long the broker keeps an unconsumed message. Default: the transport's (4 days on SQS). */
  readonly retention?: Duration | Null;
  /** How long and how much `publish()` keeps while the broker does not answer. */
  readonly publish?: PublishInput<Null> | Null;
  /** The transport's own settings: not portable, reported as such. Default none. */
  readonly native?: Readonly<Record<string, unknown>> | Null;
}

/** `fifo` is what SQS and SNS call `ordered`. */
export type Form = "standard" | "ordered" | "fifo";

export interface PublishInput<Null = never> {
  /** How long core resends before it gives up. Default 30s. */
  readonly timeout?: Duration | Null;
  /** Messages waiting for the broker's answer, per destination. Default 10 000. */
  readonly maxPending?: number | Null;
  /** Bytes waiting for the broker's answer, per destination. Default 67 108 864 (64 MiB). */
  readonly maxPendingBytes?: number | Null;
  /** At the limit publishers wait (`"wait"`, the default) or get the error `backpressure` (`"reject"`). */
  readonly whenFull?: "wait" | "reject" | Null;
}

export interface GroupInput<Null = never> {
  /** Handlers running at once, per process; at most `maxInFlight`. Default 10, or `maxInFlight` where that is less. */
  readonly concurrency?: number | Null;
  /**
   * Messages fetched and not settled, per process: waiting or being handled, driver buffers included; at least `concurrency` and
   * `batch.size`. Default twice the concurrency.
   */
  readonly maxInFlight?: number | Null;
  /** The same in bytes. Default 67 108 864 (64 MiB). */
  readonly maxInFlightBytes?: number | Null;
  /**
   * How long a hold on a message lasts between heartbeats: how soon another process gets what a dead one held. SQS: at most 12h;
   * RabbitMQ: at most the connection's `consumerTimeout`. Default 60s.
   */
  readonly hold?: Duration | Null;
  /** A policy's name. Default: the channel's. */
  readonly policy?: string | Null;
  /** Where a new group of a stream starts. Default `earliest`, so that nothing is missed. A time is ISO 8601 or epoch milliseconds. */
  readonly start?:
    | Exclude<Position, object>
    | { readonly time: string | number | Date }
    | { readonly at: string }
    | Null;
  /** An existing queue of this group: its name, ARN or URL. Default: named after prefix, channel and group. */
  readonly address?: string | Null;
  /** An existing queue for its dead letters: its name, ARN or URL. Default: named after the group's queue. */
  readonly deadLetterAddress?: string | Null;
  /** For batch handlers: how messages are gathered. */
  readonly batch?: BatchInput<Null> | Null;
  /** Let the broker drop other message types: those listed, or (true) those its handlers name when `plan()` is given the consumers. Default false. */
  readonly filter?: boolean | readonly string[] | Null;
  /** The transport's own settings of this group: not portable, reported as such. Default none. */
  readonly native?: Readonly<Record<string, unknown>> | Null;
}

interface BatchInput<Null> {
  /** The most messages of a batch. Default 10. */
  readonly size?: number | Null;
  /** How long an incomplete batch waits for more. Default 0ms. */
  readonly wait?: Duration | Null;
  /** The most of one ordering key in a batch; at most `size`. Default as many as the batch takes. */
  readonly perKey?: number | Null;
}

export interface RetryInput<Null = never> {
  /** Deliveries in all, the first included; at most 1,000. Default 5. */
  readonly attempts?: number | Null;
  /**
   * How the waits grow: `constant` is always `first`, `linear` is `first` times the failures, `exponential` (the default) doubles
   * from `first`. No attempt comes earlier than that.
   */
  readonly backoff?: Backoff | Null;
  /** The wait before the second attempt; at most `max`. Default 1s, or `max` where that is shorter. */
  readonly first?: Duration | Null;
  /** The longest wait, jitter included. Default 5m, or `first` where that is longer. */
  readonly max?: Duration | Null;
  /**
   * At most this share of each wait is added at random, 0 to 1, so that messages that failed together do not come back
   * together. Jitter only adds, and never past `max`. Default 0.5 for `exponential`, 0 for `constant` and `linear`.
   */
  readonly jitter?: number | Null;
}

interface RetriesInput<Null> extends RetryInput<Null> {
  /** Other rules for some errors, by the error's `name` or `code`. */
  readonly errors?: Readonly<Record<string, RetryInput<Null> | "deadLetter" | "release" | Null>> | Null;
}

export interface PolicyInput<Null = never> {
  /** How often and when a failed message is tried again. */
  readonly retry?: RetriesInput<Null> | Null;
  /**
   * What becomes of a message whose attempts are exhausted. true (default): copied to a queue on the same connection, on a
   * stream `park`. false or `block`: it is retried for ever. `skip`: settled and reported. `{ channel }`: copied to that channel.
   */
  readonly deadLetter?: boolean | "park" | "block" | "skip" | { readonly channel: string } | Null;
}
