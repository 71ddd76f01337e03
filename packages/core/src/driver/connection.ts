/** An open client of a broker: it gives senders and receivers, and names the errors of both. */
import type { Destination, Position } from "./destination.ts";
import type { ReceiverDriver } from "./receiver.ts";
import type { SenderDriver } from "./sender.ts";

export interface Connection {
  /** Checks that the destination exists and reads its own limits; less than `Adapter.capabilities` said is refused by core as `config`. */
  sender(to: Destination, signal: AbortSignal): Promise<SenderDriver>;
  /**
   * As `sender`. `prefetch`: the most messages held here over all leases, handed to core or not. `holdMs`: the hold wanted.
   * An opening that must wait for a known time calls `announce` before it does, with milliseconds and a sentence on what for:
   * people are told, and that time does not count against the limit of `start()`.
   */
  receiver(from: Destination, options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver>;
  depth?(of: Destination, signal: AbortSignal): Promise<readonly Depth[]>;
  /** Removes all messages, held ones included. */
  purge?(of: Destination, signal: AbortSignal): Promise<void>;
  /** Moves a stream group's stored position. */
  seek?(of: Destination, to: Position, signal: AbortSignal): Promise<void>;
  /** Names a raw error. Never throws. What it does not know: `ambiguous` during `send`, else `retryable`. */
  classify(cause: unknown, during: Phase): Fault;
  /** After every sender and receiver is closed. Idempotent. */
  close(): Promise<void>;
}

export type Phase = "open" | "send" | "receive" | "settle" | "extend" | "topology";

export interface ReceiverOptions {
  readonly holdMs: number;
  readonly prefetch: number;
  /** For a broker that pushes: the most messages held here at first, over all leases. At most `prefetch`. {@link Lease.limit} changes it. */
  readonly window?: number;
  readonly start: Position;
  readonly announce?: (waitMs: number, why: string) => void;
}

export interface Depth {
  readonly lease?: string;
  /** The worker that has the lease, as its lease table names it. */
  readonly holder?: string;
  readonly ready?: number;
  readonly delayed?: number;
  readonly held?: number;
  /** The age of the oldest message not settled: how far behind the group is. */
  readonly oldestMs?: number;
}

export interface Fault {
  /** `lost`: the hold is gone (settle, extend). The others are {@link MessagingError}'s kinds. */
  readonly kind: "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed" | "lost";
  /** kebab-case, the driver's own vocabulary: `queue-not-found`. */
  readonly code: string;
  /** What the user should change, if anything; no secret in it. */
  readonly hint?: string;
  /** The resource by its physical name, and where it was asked for: `queue "shop-orders.fifo" in eu-west-1 at https://…`. */
  readonly where?: string;
  /** What the service said, as it said it. Core clips it, quotes it and masks what looks like a credential. */
  readonly said?: string;
  readonly retryAfterMs?: number;
  /** Throttled, one message of a `send`: only what shares its shard is; the destination goes on. */
  readonly partial?: boolean;
}
