/** What `messaging.tail()` takes and gives: messages as they pass, for the eyes of an operator. */
import type { Duration } from "./duration.ts";
import type { ReplayFrom } from "./replay-from.ts";

/** What `tail()` takes. */
export interface TailOptions {
  /** Where it starts on a stream. Default `latest`: what is published from now on. Pub/sub keeps nothing, so only `latest`. */
  readonly from?: ReplayFrom;
  /** Also reads headers and data, as far as this process has the keys and may fetch. Default false. */
  readonly data?: boolean;
  /**
   * The longest that it watches; it ends by then. What a killed tail left at the broker may be removed after that time. Default 1 h, at most
   * 12 h.
   */
  readonly for?: Duration;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** A message that a tail saw. */
export interface TailedMessage {
  readonly id: string;
  /** Absent on a message of another producer that the channel cannot name. */
  readonly type?: string;
  /** The service that published it. Absent on a message of another producer. */
  readonly source?: string;
  /** The ordering key. */
  readonly key?: string;
  /** When it was published, by its publisher's clock; of another producer, when the broker accepted it. */
  readonly publishedAt?: Date;
  /** The bytes of its body on the wire. */
  readonly bytes: number;
  /** On a stream: where it stands. `position` is a place for `replay()`. */
  readonly partition?: string;
  readonly position?: string;
  /** The only group that handles it: it was redriven on a stream. */
  readonly to?: string;
  /** With `data`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With `data`: the data as it was published. It is not validated. Absent if it cannot be read. */
  readonly data?: unknown;
  /** With `data`: why the data cannot be read here. */
  readonly unreadable?: { readonly code: string; readonly message: string };
}

/** Messages as they pass. Iterate it once; it starts with the iteration and ends with it, at the `signal`, or when its time is over. */
export interface Tail extends AsyncIterable<TailedMessage> {
  /** Resolves once it watches: what is accepted from then on is shown. Rejects if it cannot. */
  readonly watching: Promise<void>;
}

/** What a killed tail left at the broker. */
export interface LeftTail {
  /** The name of the queue. */
  readonly name: string;
  /** From when on it may be removed. A tail that still runs has one that is not over. Absent: at any time. */
  readonly expiresAt?: Date;
  /** Whether it was removed. */
  readonly removed: boolean;
}
