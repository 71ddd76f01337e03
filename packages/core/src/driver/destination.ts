/** What a channel, a group or its dead letters are called, and where the broker will find them. */

/** How a channel decouples: competing consumers, a copy for every group, or an ordered log per partition. */
export type Model = "queue" | "pubsub" | "stream";

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
