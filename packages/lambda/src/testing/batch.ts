import type { AnyChannel, PayloadOf, TypeOf } from "@switchyard/core";

/** A message: its type and data, and the options of `publish()`. */
export type Item<C extends AnyChannel> = {
  [K in TypeOf<C>]: readonly [type: K, data: PayloadOf<C, K>, options?: ItemOptions];
}[TypeOf<C>];

/** What a message can have beside its data. */
export interface ItemOptions {
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Which receive of the message it is, from 1. Default 1. Kinesis does not tell it. */
  readonly receives?: number;
}

/** Where the messages come from. */
export interface BatchOptions {
  /** The group, if the function has consumers of several groups of the channel. */
  readonly group?: string;
  /** Kinesis: the shard. Default `shardId-000000000000`. */
  readonly shard?: string;
}

/** Messages of one channel, which `invoke()` makes an event of. */
export interface Batch {
  readonly from: "queue" | "stream";
  readonly channel: AnyChannel;
  readonly items: readonly (readonly [type: string, data: unknown, options?: ItemOptions])[];
  readonly options: BatchOptions;
}

/** An event of a group's queue: of a channel with the model queue or pubsub. */
export function sqs<C extends AnyChannel>(channel: C, items: readonly Item<C>[], options: BatchOptions = {}): Batch {
  return { from: "queue", channel, items, options };
}

/** An event of a stream: of a channel with the model stream. */
export function kinesis<C extends AnyChannel>(
  channel: C,
  items: readonly Item<C>[],
  options: BatchOptions = {},
): Batch {
  return { from: "stream", channel, items, options };
}
