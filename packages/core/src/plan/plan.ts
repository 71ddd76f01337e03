/**
 * The resolved plan: configuration, profile and environment laid over each other, checked against what the channels need
 * and the adapters keep. The engine runs on it; `explain()` prints it.
 */
import type { Backoff } from "../api/config-input.ts";
import type { Exhausted, Explanation } from "../api/explanation.ts";
import type { Adapter, Capabilities, Destination, Model, Position } from "../driver/index.ts";

export interface RetryRule {
  /** Deliveries to a handler in all, the first included. Default 5. */
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly firstMs: number;
  /** The longest wait, jitter included. */
  readonly maxMs: number;
  /** At most this share of each wait is added at random, 0 to 1; nothing is ever taken away. Default 0.5 for `exponential`, else 0. */
  readonly jitter?: number;
}

export interface Policy {
  readonly retry: RetryRule;
  /** By the error's `name` or `code`; the first that matches along the error's `cause` chain. */
  readonly errors: Readonly<Record<string, Partial<RetryRule> | "deadLetter" | "release">>;
  readonly exhausted: Exhausted;
}

export interface GroupPlan {
  readonly group: string;
  readonly from: Destination;
  /** Absent only where `policy.exhausted` is `block` or `skip`. */
  readonly deadLetter?: Destination;
  /** The connection of the dead-letter destination; the channel's own unless a channel was named. */
  readonly deadLetterOn?: string;
  readonly policy: Policy;
  /** Handlers running at once in this process. Default 10. */
  readonly concurrency: number;
  /** Undispatched plus running, driver buffers included. Default twice the concurrency. */
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  /** How long a hold lasts between heartbeats. Default 60 s. */
  readonly holdMs: number;
  readonly start: Position;
  /** `perKey`: the most of one ordering key in a batch; absent: as many as the batch takes. */
  readonly batch: { readonly size: number; readonly waitMs: number; readonly perKey?: number };
  /** What the adapter said, before I/O. */
  readonly capabilities: Capabilities;
}

export interface PublishPlan {
  /** How long core resends before it gives up. Default 30 s. */
  readonly timeoutMs: number;
  /** Accepted by `publish` and not yet by the broker, per destination; beyond it publishers wait or are refused. */
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly whenFull: "wait" | "reject";
}

export interface ChannelPlan {
  readonly channel: string;
  readonly model: Model;
  /** The connection's name. */
  readonly on: string;
  readonly ordered: boolean;
  /** What `publish` sends to: the queue's one group, the topic, the stream. */
  readonly to: Destination;
  readonly groups: Readonly<Record<string, GroupPlan>>;
  readonly publish: PublishPlan;
  readonly capabilities: Capabilities;
}

export interface ConnectionPlan {
  readonly name: string;
  readonly adapter: Adapter;
  /** Validated by the adapter's own schema. May hold secrets: never printed. */
  readonly options: unknown;
  /** `auto`: plan and apply at start (development); `verify`: refuse to start on a difference; `off`: only existence is checked, on use. */
  readonly provision: "auto" | "verify" | "off";
}

export interface Plan {
  readonly service: string;
  readonly profile: string | undefined;
  readonly prefix: string;
  readonly drainMs: number;
  readonly connections: Readonly<Record<string, ConnectionPlan>>;
  readonly channels: Readonly<Record<string, ChannelPlan>>;
  /** The printable form, secrets left out. */
  readonly explanation: Explanation;
  /** Hides what came from the environment in a text that a driver made. */
  readonly redact?: (text: string) => string;
}
