import type { FoundPlace } from "../driver/index.ts";

/** A part of a channel: its topic or stream, a group's queue (of a stream: the stream), and where a group's dead letters go. */
export type ChannelPart = "channel" | "group" | "deadLetters";

/** The options of `places()`. */
export interface PlacesOptions {
  /** Only this group. Default: all. */
  readonly group?: string;
  /** Only these parts. Default: all. */
  readonly parts?: readonly ChannelPart[];
}

/** Where something with a name is, as its broker says. What the broker does not tell is absent. */
export interface NamedPlace extends FoundPlace {
  /** The connection's name in the configuration. */
  readonly connection: string;
  /** The physical name. */
  readonly address: string;
  /** It is not there, so nothing is known. Absent: it is there, as far as the broker was asked. */
  readonly missing?: true;
}

/** Where a part of a channel is. */
export interface ChannelPlace extends NamedPlace {
  readonly part: ChannelPart;
  /** Absent for the part `channel`. */
  readonly group?: string;
}
