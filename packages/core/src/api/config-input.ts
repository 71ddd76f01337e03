/** What users may write: in switchyard.config.{yaml,json}, or with `defineConfig` in switchyard.config.ts. */
import type { Adapter, Model, Position } from "../driver/index.ts";
import type { Duration } from "./duration.ts";

/** How the waits between attempts grow: `constant` is always `first`, `linear` is `first` times the failures, `exponential` doubles from `first`. */
export type Backoff = "constant" | "linear" | "exponential";

export interface ConfigInput {
  /**
   * First part of every physical name, kebab-case: `dev` makes `dev_orders_billing`. Two environments in one account need
   * two prefixes, so there is no default, except `local` where everything in use is on memory or has an `address`.
   */
  readonly prefix?: string;
  /** How long a stop waits for running handlers. Default 25s, which fits into the 30 s orchestrators usually give. */
  readonly drain?: Duration;
  /** By name. `memory` is always there. */
  readonly connections?: Readonly<Record<string, ConnectionInput>>;
  /** By the channel's name; `"*"` is for all channels, and a name beats it within the same layer. */
  readonly channels?: Readonly<Record<string, ChannelInput>>;
  /** `default` holds where no policy is named; the others start from it. */
  readonly policies?: Readonly<Record<string, PolicyInput>>;
  /** Laid over the base when chosen by `SWITCHYARD_PROFILE` or `connect({ profile })`; then `SWITCHYARD__...` variables are laid over it. */
  readonly profiles?: Readonly<Record<string, OverlayInput>>;
}

/**
 * The same keys, laid over the base: objects are merged, everything else is replaced, and `null` removes what the base
 * says: a group, a channel, a connection, a policy or any key, which then has its default. A name that is not there to be
 * removed is a mistake. In YAML, an entry with nothing after the colon is one without settings (`{}`) and removes nothing.
 */
export interface OverlayInput {
  readonly prefix?: string | null;
  readonly drain?: Duration | null;
  /** A connection that names another `use` starts afresh. */
  readonly connections?: Readonly<Record<string, Overlaid<Partial<ConnectionInput>> | null>> | null;
  /** A layer that moves a channel to another connection or model leaves behind what earlier layers said for the old one: `address`, `form`, `native`. */
  readonly channels?: Readonly<Record<string, ChannelOverlay | null>> | null;
  readonly policies?: Readonly<Record<string, PolicyOverlay | null>> | null;
}

// Interfaces, so that a compiler's message names them.
interface ChannelOverlay extends Overlaid<ChannelInput> {
  readonly groups?: Readonly<Record<string, Overlaid<GroupInput> | null>> | null;
}
interface PolicyOverlay extends Overlaid<PolicyInput> {}

/** An object of the configuration in which every key may also be `null`; single values, lists and adapters stay whole. */
type Overlaid<T> = unknown extends T
  ? T
  : T extends string | number | boolean | Date | readonly unknown[] | Adapter | undefined
    ? T
    : { readonly [K in keyof T]: Overlaid<T[K]> | null };

export type Provision = "auto" | "verify" | "off";

/** Everything but `use` and `provision` is the adapter's own and checked by its schema. */
export interface ConnectionInput {
  /** `sqs` is the package `@switchyard/sqs`; a specifier with a slash is taken as it is; a value bypasses loading. */
  readonly use: string | Adapter;
  /** `auto`: topology is applied at start; `verify`: a difference refuses to start; `off`: existence is checked on use. Default `auto` on memory, else `off`. */
  readonly provision?: Provision;
  readonly [option: string]: unknown;
}

export interface ChannelInput {
  readonly model?: Model;
  /** A connection's name. */
  readonly on?: string;
  /** Who receives. A queue has exactly one group; pub/sub and streams at least one. */
  readonly groups?: Readonly<Record<string, GroupInput>>;
  /** A policy's name, for groups that name none. Default `default`. */
  readonly policy?: string;
  /** Of an ordered RabbitMQ queue or a stream; fixed once used. */
  readonly partitions?: number;
  /** The transport's variety. Chosen by the ordering key; saying it makes a contradiction an error. */
  readonly form?: Form;
  /** An existing topic or stream; on a queue, its one group's queue. */
  readonly address?: string;
  /** How long the broker keeps an unconsumed message. Default: the transport's (4 days on SQS). */
  readonly retention?: Duration;
  readonly publish?: PublishInput;
  /** The transport's own settings: not portable, reported as such. */
  readonly native?: Readonly<Record<string, unknown>>;
}

/** `fifo` is what SQS and SNS call `ordered`. */
export type Form = "standard" | "ordered" | "fifo";

export interface PublishInput {
  /** How long core resends before it gives up. Default 30s. */
  readonly timeout?: Duration;
  /** Messages waiting for the broker's answer, per destination. Default 10 000. */
  readonly maxPending?: number;
  /** Default 67 108 864 (64 MiB). */
  readonly maxPendingBytes?: number;
  /** At the limit publishers wait (default) or get `backpressure`. */
  readonly whenFull?: "wait" | "reject";
}

export interface GroupInput {
  /** Handlers running at once, per process; at most `maxInFlight`. Default 10, or `maxInFlight` where that is less. */
  readonly concurrency?: number;
  /** Undispatched plus running, driver buffers included; at least `concurrency` and `batch.size`. Default twice the concurrency. */
  readonly maxInFlight?: number;
  /** Default 67 108 864 (64 MiB). */
  readonly maxInFlightBytes?: number;
  /** How long a hold lasts between heartbeats. SQS: at most 12h; RabbitMQ: at most the connection's `consumerTimeout`. Default 60s. */
  readonly hold?: Duration;
  /** A policy's name. Default: the channel's. */
  readonly policy?: string;
  /** Where a new group of a stream starts. Default `earliest`, so that nothing is missed. A time is ISO 8601 or epoch milliseconds. */
  readonly start?: Exclude<Position, object> | { readonly time: string | number | Date } | { readonly at: string };
  /** An existing queue of this group. */
  readonly address?: string;
  /** An existing queue for its dead letters. */
  readonly deadLetterAddress?: string;
  /** For batch handlers. `perKey` is at most `size`. Default size 10, wait 0ms, and as many of one ordering key (`perKey`) as the batch takes. */
  readonly batch?: { readonly size?: number; readonly wait?: Duration; readonly perKey?: number };
  /** Let the broker drop other message types: those listed, or (true) those its handlers name when `plan()` is given the consumers. Default false. */
  readonly filter?: boolean | readonly string[];
  readonly native?: Readonly<Record<string, unknown>>;
}

export interface RetryInput {
  /** Deliveries in all, the first included; at most 1,000. Default 5. */
  readonly attempts?: number;
  /** How the waits grow. Default exponential: `first`, then twice as long each time. No attempt comes earlier than that. */
  readonly backoff?: Backoff;
  /** The first wait; at most `max`. Default 1s. */
  readonly first?: Duration;
  /** The longest wait, jitter included. Default 5m. */
  readonly max?: Duration;
  /**
   * At most this share of each wait is added at random, 0 to 1, so that messages that failed together do not come back
   * together. Jitter only adds, and never past `max`. Default 0.5 for `exponential`, 0 for `constant` and `linear`.
   */
  readonly jitter?: number;
}

export interface PolicyInput {
  readonly retry?: RetryInput & {
    /** By the error's `name` or `code`. */
    readonly errors?: Readonly<Record<string, RetryInput | "deadLetter" | "release">>;
  };
  /**
   * What becomes of a message whose attempts are exhausted. true (default): copied to a queue on the same connection, on a
   * stream `park`. false or `block`: it is retried for ever. `skip`: settled and reported. `{ channel }`: copied to that channel.
   */
  readonly deadLetter?: boolean | "park" | "block" | "skip" | { readonly channel: string };
}
