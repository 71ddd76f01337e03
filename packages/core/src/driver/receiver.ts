/** A receiver: how a group reads from a destination. It yields one lease for each right to read. */
import type { Capabilities } from "./capabilities.ts";
import type { Lease } from "./lease.ts";

/** Receives the messages of one destination, by leases. */
export interface ReceiverDriver<R = any> {
  /** The capabilities of the resource as it was found. */
  readonly capabilities: Capabilities;
  /** Settings of the resource as it was found. Core refuses to start if they contradict the group's policy. */
  readonly existing?: Existing;
  /**
   * Yields one lease for each right to read: a queue, an AMQP channel, a shard. A lease may be yielded at any time while the receiver
   * is open. Throw if the connection fails; core closes the receiver and opens a new one.
   */
  leases(signal: AbortSignal): AsyncIterable<Lease<R>>;
  /** Closes the receiver. Unlike an aborted signal, this may cut off a running `receive`. A second call must do nothing. */
  close(): Promise<void>;
}

/** What an existing resource does to messages by itself. Leave out what is not known. */
export interface Existing {
  /** The broker gives up a message after `count` deliveries. `setting` is the broker's name for it, such as `maxReceiveCount`. */
  readonly deliveries?: { readonly count: number; readonly setting: string };
  /** The broker deletes or moves messages older than this many milliseconds. Default: `capabilities.retentionMs`. */
  readonly retentionMs?: number;
  /** Whether the broker encrypts what it stores of the resource. Leave it out if the broker does not tell. */
  readonly encryptedAtRest?: boolean;
  /** Settings that drop messages whatever the policy says: one sentence each, with the value and what to change. */
  readonly discards?: readonly string[];
}
