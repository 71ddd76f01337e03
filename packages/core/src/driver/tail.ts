/** Watching: how an operator sees what is sent to a topic or a stream, without taking anything from its groups. */
import type { Destination, Position } from "./destination.ts";
import type { WireMessage } from "./message.ts";

/** How a connection watches. Core calls it for topics and streams only: whoever reads a queue takes from its group. */
export interface Tails {
  /**
   * Starts to watch, and resolves once everything that is accepted from then on will be read. On a topic it makes a group of its own, with a
   * copy of every message; `start` is then `latest`. It must not lease a stream and must not store a position, and reads each partition at
   * most once a second, a small part at a time: the quota is shared with the groups.
   *
   * What it makes at the broker must end with this process, or carry the time at which it may be removed: `expiresAt`.
   */
  open(of: Destination, options: TailStart, signal: AbortSignal): Promise<TailDriver>;
  /** Finds what tails that were killed left behind of `of`. Required if {@link open} makes anything that outlives the process. */
  left?(of: Destination, signal: AbortSignal): Promise<readonly TailLeft[]>;
  /** Removes what {@link left} found. It is not an error if it is gone. */
  remove?(of: Destination, left: TailLeft, signal: AbortSignal): Promise<void>;
}

/** How watching starts. */
export interface TailStart {
  readonly start: Position;
  /** When the tail ends, and what it made may be removed (epoch milliseconds). */
  readonly expiresAt: number;
}

/** An opened tail. */
export interface TailDriver {
  /**
   * Resolves with messages, or with `[]` after about a second or when `signal` aborts. It must not retry. After it has rejected, a further
   * call goes on where that is possible.
   */
  read(signal: AbortSignal): Promise<readonly TailRecord[]>;
  /** Removes what was made for it. A second call must do nothing. */
  close(): Promise<void>;
}

/** A message as it was read. */
export interface TailRecord {
  /** The broker's id. */
  readonly id: string;
  readonly message: WireMessage;
  readonly raw: unknown;
  /** When the broker accepted it (epoch milliseconds). */
  readonly enqueuedAt?: number;
  /** On a stream: the partition, and the position in the form of `Delivery.position`. */
  readonly partition?: string;
  readonly position?: string;
}

/** What a tail left at the broker. */
export interface TailLeft {
  /** The physical name of the resource. */
  readonly name: string;
  /** From when on it may be removed (epoch milliseconds). Absent: at any time. */
  readonly expiresAt?: number;
}
