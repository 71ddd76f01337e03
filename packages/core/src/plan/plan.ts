/**
 * The plan: configuration, profile and environment merged, and checked against what the channels need and the adapters can do. Core runs
 * on it, and `explain()` prints it.
 */
import type { Backoff } from "../api/config-input.ts";
import type { Exhausted, Explanation } from "../api/explanation.ts";
import type { ClaimCheckExtension, KeysExtension } from "../pipeline/extension.ts";
import type { Adapter, Capabilities, Destination, Model, Position } from "../driver/index.ts";

export interface RetryRule {
  /** How often a message is delivered to a handler in total, including the first time. Default 5. */
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly firstMs: number;
  /** The longest wait, jitter included. */
  readonly maxMs: number;
  /** The largest share of a wait, 0 to 1, that is added at random. Default 0.5 for `exponential`, otherwise 0. */
  readonly jitter?: number;
  /** For how long a message is tried, from when the broker accepted it, in milliseconds. Absent: no limit. */
  readonly totalMs?: number;
}

export interface Policy {
  readonly retry: RetryRule;
  /** Rules by the error's `name` or `code`. The first match along the error's `cause` chain applies. */
  readonly errors: Readonly<Record<string, Partial<RetryRule> | "deadLetter" | "release">>;
  readonly exhausted: Exhausted;
}

export interface GroupPlan {
  readonly group: string;
  readonly from: Destination;
  /** Absent only if `policy.exhausted` is `block` or `skip`. */
  readonly deadLetter?: Destination;
  /** The connection of the dead-letter destination. It is the channel's, unless the policy names another channel. */
  readonly deadLetterOn?: string;
  readonly policy: Policy;
  /** Whether operators may change its dead letters. Absent: they may not. */
  readonly editDeadLetters?: true;
  /** The most handlers running at once in this process. Default 10. */
  readonly concurrency: number;
  /** The most unsettled messages in this process, including the driver's buffers. Default twice the concurrency. */
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  /** How long a hold lasts unless a heartbeat extends it. Default 60 s. */
  readonly holdMs: number;
  readonly start: Position;
  /** `perKey`: the most messages with the same ordering key in a batch. Absent: no limit. */
  readonly batch: { readonly size: number; readonly waitMs: number; readonly perKey?: number };
  /** Whether its queue and its dead letters must be encrypted at rest. */
  readonly atRest?: AtRest;
  /** Absent: no circuit breaker. */
  readonly breaker?: BreakerPlan;
  /** Absent: no rate limit. */
  readonly rate?: {
    readonly max: number;
    readonly perMs: number;
    readonly key?: "ordering-key" | "fairness-key" | "type";
  };
  /** What the adapter declares, before any I/O. */
  readonly capabilities: Capabilities;
  /** Of a group that `from.runsOn` runs: what differs for a process that pulls all the same. */
  readonly pulled?: { readonly from: Destination; readonly capabilities: Capabilities };
  /** Why no process may consume: what runs the group keeps its position. */
  readonly elsewhere?: string;
}

export interface BreakerPlan {
  /** Names and codes of errors. `"*"`: all. */
  readonly on: readonly string[];
  readonly windowMs: number;
  readonly failures: number;
  readonly minimum: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface PublishPlan {
  /** How long core resends a message before `publish()` rejects. Default 30 s. */
  readonly timeoutMs: number;
  /** The most messages that wait for the broker's answer, for each destination. `whenFull` says what happens at the limit. */
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly whenFull: "wait" | "reject";
  /** Whether the destination must be encrypted at rest. */
  readonly atRest?: AtRest;
}

/** `required`: the broker must say that it encrypts. `assume`: it must not say that it does not. */
export type AtRest = "required" | "assume";

/** What the messages of a channel pass between the application and the broker. */
export interface ContentPlan {
  readonly compress?: { readonly above: number; readonly with: "br" | "gzip" | "zstd" };
  readonly encrypt?: {
    /** The name of the entry of `keys`. */
    readonly keys: string;
    readonly context: string;
    /** The contexts that may be read: the channel's own, and those of channels whose dead letters come here. */
    readonly contexts: readonly string[];
    readonly accept: "required" | "optional";
    /** Until when unencrypted messages are to be accepted (epoch milliseconds). */
    readonly untilMs?: number;
  };
  readonly claimCheck?: {
    readonly store: string;
    readonly extension: ClaimCheckExtension;
    readonly options: unknown;
    /** Larger messages are stored even if they would fit, in bytes. */
    readonly above?: number;
  };
}

/** An entry of `keys` that a channel uses. */
export interface KeysPlan {
  readonly name: string;
  readonly extension: KeysExtension;
  /** May hold secrets and is never printed. */
  readonly options: unknown;
}

export interface ChannelPlan {
  readonly channel: string;
  readonly model: Model;
  /** The connection's name. */
  readonly on: string;
  readonly ordered: boolean;
  /** Where `publish` sends to: the queue of the only group, the topic, or the stream. */
  readonly to: Destination;
  readonly groups: Readonly<Record<string, GroupPlan>>;
  readonly publish: PublishPlan;
  readonly capabilities: Capabilities;
  /** Absent if messages stand on the wire as they are serialised. */
  readonly content?: ContentPlan;
}

export interface ConnectionPlan {
  readonly name: string;
  readonly adapter: Adapter;
  /** The options as validated by the adapter's schema. They may hold secrets and are never printed. */
  readonly options: unknown;
  /** `auto`: plan and apply at start. `verify`: refuse to start on a difference. `off`: check only on use that resources exist. */
  readonly provision: "auto" | "verify" | "off";
}

export interface Plan {
  readonly service: string;
  readonly profile: string | undefined;
  readonly prefix: string;
  readonly drainMs: number;
  readonly connections: Readonly<Record<string, ConnectionPlan>>;
  readonly channels: Readonly<Record<string, ChannelPlan>>;
  readonly keys: Readonly<Record<string, KeysPlan>>;
  /** The folder of the configuration file. Relative paths start there. */
  readonly directory: string;
  /** The printable form, without secrets. */
  readonly explanation: Explanation;
  /** Masks values that came from the environment in a driver's text. Absent if there are none. */
  readonly redact?: (text: string) => string;
}
