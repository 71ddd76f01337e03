/** A connection: an open client of a broker. It creates senders and receivers and classifies their errors. */
import type { Destination, Position } from "./destination.ts";
import type { ReceiverDriver } from "./receiver.ts";
import type { SenderDriver } from "./sender.ts";
import type { Tails } from "./tail.ts";

/** A driver's connection to one broker: it opens senders and receivers. */
export interface Connection {
  /**
   * Resolves with a sender for `to`. It should check that the destination exists and read the resource's real limits. Core compares
   * the sender's capabilities with those of {@link Adapter.capabilities}; where the sender has less, core refuses it with an error of
   * kind `config`. Reject when `signal` aborts.
   */
  sender(to: Destination, signal: AbortSignal): Promise<SenderDriver>;
  /**
   * Resolves with a receiver for the group of `from`. The same checks apply as for `sender`. Reject when `signal` aborts.
   */
  receiver(from: Destination, options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver>;
  /** Returns the backlog, one entry for each lease. Leave out a number that the broker does not give. */
  depth?(of: Destination, signal: AbortSignal): Promise<readonly Depth[]>;
  /**
   * Resolves with where `of` is, as the broker itself says: not what the options say. Operators see it before they change something. It
   * needs no rights that `depth` does not need. Rejects with a fault whose code ends in `-not-found` if `of` does not exist, and with
   * `wrong-account` if the connection names another account. Absent: the broker has no places.
   */
  place?(of: Destination, signal: AbortSignal): Promise<FoundPlace>;
  /** Deletes all messages of the destination, including messages that are held. */
  purge?(of: Destination, signal: AbortSignal): Promise<void>;
  /** How the broker itself moves all messages of a dead-letter queue. Required if {@link Capabilities.moveAll} is true of one. */
  readonly moves?: Moves;
  /** How topics and streams are watched by operators. Absent: they cannot be. */
  readonly tails?: Tails;
  /**
   * Moves the stored position of a stream group. The workers of the group must then lose their leases and continue from `to`. It should call
   * `moved` after each partition: operators see how far it is.
   */
  seek?(of: Destination, to: Position, signal: AbortSignal, moved?: Moved): Promise<void>;
  /**
   * Says what a raw error means. It must not throw. For an error it does not know, it returns `ambiguous` if `during` is `send`, and
   * `retryable` otherwise.
   */
  classify(cause: unknown, during: Phase): Fault;
  /**
   * Where calls for `of` go, for telemetry alone. It must not wait: undefined while it is not known. It is asked again with each call, so
   * it may change when the client connects to another host. Absent: there is no server, or the client does not say.
   */
  server?(of: Destination): ServerAddress | undefined;
  /** Closes the client. Core calls it after every sender and receiver is closed. A second call must do nothing. */
  close(): Promise<void>;
}

/** Is told how many of a group's partitions are at their new position. */
export type Moved = (step: { readonly done: number; readonly total: number }) => void;

/** Where something is, as its broker says. What the broker does not have is absent. Never a user or a password. */
export interface FoundPlace {
  /** The account that owns it. */
  readonly account?: string;
  readonly region?: string;
  /** The host and the port that answered. */
  readonly host?: string;
  readonly virtualHost?: string;
  /** The name that the cluster has for itself. */
  readonly cluster?: string;
}

/** The address of a server. Never a user, a password or a path. */
export interface ServerAddress {
  /** The name of its host or its IP address, that of version 6 without brackets. */
  readonly address: string;
  readonly port?: number;
}

/** Tasks by which a broker moves all messages of a dead-letter queue to a queue, without handing them out. */
export interface Moves {
  /**
   * Starts a task and resolves with a handle to cancel it. It must not retry. `perSecond`: the most messages a second; absent: as fast as
   * the broker can. The destination must be named to the broker.
   */
  start(from: Destination, to: Destination, perSecond: number | undefined, signal: AbortSignal): Promise<string>;
  /** Returns the last tasks of `from`, newest first, running or ended. `to` is compared with their destinations. */
  list(from: Destination, to: Destination, signal: AbortSignal): Promise<readonly MoveTask[]>;
  /** Asks a task to stop. Messages that were moved stay moved. */
  cancel(handle: string, signal: AbortSignal): Promise<void>;
}

/** One task of {@link Moves}. Numbers may be approximate. */
export interface MoveTask {
  readonly state: "running" | "cancelling" | "completed" | "cancelled" | "failed";
  /** Present while it can be cancelled. */
  readonly handle?: string;
  /** Whether it moves to the destination asked about. */
  readonly into: boolean;
  /** When it began (epoch milliseconds, the broker's clock). It tells the tasks of a queue apart. */
  readonly startedAt: number;
  readonly moved: number;
  /** How many messages there were to move. Absent: not known yet. */
  readonly total?: number;
  /** Why it failed, in the broker's words. */
  readonly failure?: string;
}

/** The call in which an error occurred. */
export type Phase = "open" | "send" | "receive" | "settle" | "extend" | "topology";

/** What core tells a driver that opens a receiver. */
export interface ReceiverOptions {
  /** How long a hold should last unless it is extended, in milliseconds. */
  readonly holdMs: number;
  /** The most messages to hold in this process over all leases, including messages that core has not taken yet. */
  readonly prefetch: number;
  /**
   * For a broker that pushes: the most messages to hold at first, over all leases. At most `prefetch`. Core changes it later with
   * {@link Lease.limit}.
   */
  readonly window?: number;
  /** Where a new stream group starts. */
  readonly start: Position;
  /**
   * Call it before waiting for a known time while opening, with the time in milliseconds and a sentence that says why. Core tells the
   * operator, and does not count that time against the limit of `start()`.
   */
  readonly announce?: (waitMs: number, why: string) => void;
}

/** The backlog of a lease, or of a queue. A number that the broker does not give is absent. */
export interface Depth {
  readonly lease?: string;
  /** The worker that holds the lease, as the lease table names it. */
  readonly holder?: string;
  /** Messages that can be received now. */
  readonly ready?: number;
  /** Messages whose delay has not passed. */
  readonly delayed?: number;
  /** Messages that are delivered and not settled. */
  readonly held?: number;
  /** The age of the oldest unsettled message in milliseconds: how far behind the group is. */
  readonly oldestMs?: number;
  /** When `oldestMs` was true, if that is not now: a metric that comes late. */
  readonly oldestAsOf?: Date;
}

/** What a raw error means for core. */
export interface Fault {
  /** `lost`: the hold is gone; only for `settle` and `extend`. The others are the kinds of {@link MessagingError}. */
  readonly kind: "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed" | "lost";
  /** The driver's own kebab-case code, such as `queue-not-found`. */
  readonly code: string;
  /** What the user should change. It must not contain a secret. */
  readonly hint?: string;
  /** The resource by its physical name and its location: `queue "shop-orders.fifo" in eu-west-1 at https://…`. */
  readonly where?: string;
  /** The service's own message, unchanged. Core shortens it, quotes it and masks what looks like a credential. */
  readonly said?: string;
  /** How long to wait before the next try, in milliseconds, if the broker said so. */
  readonly retryAfterMs?: number;
  /** For a throttled message of a `send`: only messages for the same shard are throttled. Core keeps sending the others. */
  readonly partial?: boolean;
}
