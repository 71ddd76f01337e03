/** A destination: the names of a channel, a group or its dead letters, and where the broker finds them. */

/**
 * How a channel distributes messages. `queue`: consumers compete. `pubsub`: every group gets a copy. `stream`: an ordered log for
 * each partition.
 */
export type Model = "queue" | "pubsub" | "stream";

/** A place to send to or to receive from. Core makes it from the configuration and passes the same value to topology. */
export interface Destination {
  /** The channel's logical name, as in code and configuration. */
  readonly channel: string;
  /** The physical name of the topic or stream that the channel's groups share: `prefix_channel`. */
  readonly base: string;
  /** The physical name of this destination: `prefix_channel[_group][_dead]`. {@link Adapter.locate} adds the broker's suffixes. */
  readonly name: string;
  readonly model: Model;
  /** The channel has an ordering key, so the broker's ordered variety is needed. */
  readonly ordered: boolean;
  /** This is the dead-letter destination of a group. Its model is `queue`. */
  readonly dead?: boolean;
  /** Absent: the transport's default. */
  readonly partitions?: number;
  /**
   * When receiving: the group that receives. When sending: the only group that should get the message (the one group of a queue, or a
   * redrive). Absent: every group gets it.
   */
  readonly group?: string;
  /** The message types that the broker should deliver to the group. Absent: all. */
  readonly types?: readonly string[];
  /** Deliver messages without a type as well as `types`: the channel accepts messages from other producers. */
  readonly foreign?: boolean;
  /** An existing resource to use instead of `name`: its name, URL or ARN, as the broker understands it. */
  readonly address?: string;
  /** An existing resource to use instead of `base`. */
  readonly baseAddress?: string;
  /** The group's dead-letter destination, for topology. */
  readonly deadLetter?: Destination;
  /**
   * After how many failed deliveries the broker itself should give up a message. Core sets it far above the policy's attempts, because
   * crashes count here too (C9).
   */
  readonly nativeAttempts?: number;
  /** How long a hold lasts unless it is extended, in milliseconds. */
  readonly holdMs?: number;
  /**
   * What runs the group's handlers if it is not a process that pulls, such as `lambda`. {@link Adapter.capabilities} then says `pushed`
   * if the broker, or a service in front of it, can push to it.
   */
  readonly runsOn?: string;
  /** How long the broker should keep an unconsumed message, in milliseconds; for topology. Absent: the transport's default. */
  readonly retentionMs?: number;
  /** The settings under `native` in the configuration. They are not portable; the driver validates them. */
  readonly native: Readonly<Record<string, unknown>>;
}

/** Where a stream group starts. `time` is in epoch milliseconds. `at` is a position that a driver returned earlier. */
export type Position = "earliest" | "latest" | { readonly time: number } | { readonly at: string };

/** How the broker addresses a destination. */
export interface Located {
  readonly address: string;
  /** The names of the queues or streams behind the address, if it is several. */
  readonly partitionNames?: readonly string[];
  /** The name of the broker, if one adapter serves several: `aws` returns `sqs`. Default: the adapter's name. */
  readonly transport?: string;
  /** Why the broker cannot have such a name (too long, a forbidden character), including the limit. */
  readonly problem?: string;
}
