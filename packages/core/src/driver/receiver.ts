/** How a group reads: what it was given to read from, and one lease for each right to read. */
import type { Capabilities } from "./capabilities.ts";
import type { Lease } from "./lease.ts";

export interface ReceiverDriver<R = any> {
  readonly capabilities: Capabilities;
  /** Compared with the group's policy: core refuses to start where the resource would cut it short. */
  readonly existing?: Existing;
  /** One lease per right to read: a queue, an AMQP channel, a shard. Throws on connection failure; core reopens the receiver. */
  leases(signal: AbortSignal): AsyncIterable<Lease<R>>;
  /** The only thing that cuts a running receive. Idempotent. */
  close(): Promise<void>;
}

/** What a resource, as it was found, does to messages by itself. What is not known is absent. */
export interface Existing {
  /** The broker gives a message up after so many deliveries. `setting`: its name for that: `maxReceiveCount`, `x-delivery-limit`. */
  readonly deliveries?: { readonly count: number; readonly setting: string };
  /** It deletes or moves away a message that is older; by default `capabilities.retentionMs`. */
  readonly retentionMs?: number;
  /** Settings that throw messages away whatever the policy; a sentence each, with the number and what to change. */
  readonly discards?: readonly string[];
}
