/** A sender: how messages get to a destination. */
import type { Capabilities } from "./capabilities.ts";
import type { WireMessage } from "./message.ts";

/** Sends messages to one destination. */
export interface SenderDriver {
  /** The capabilities of the resource as it was found. */
  readonly capabilities: Capabilities;
  /** Whether the broker encrypts what it stores of the resource. Leave it out if the broker does not tell. */
  readonly encryptedAtRest?: boolean;
  /**
   * True if the broker runs in this process and returns the same message object on receive. Core then neither encodes nor decodes.
   * Body and headers are still available: they are computed when they are read.
   */
  readonly local?: boolean;
  /**
   * The size of a message in bytes, as the broker counts it against `maxMessageBytes` and `maxBatch.bytes`. It must be pure and fast:
   * core calls it for every message.
   */
  size(message: WireMessage): number;
  /**
   * Sends a batch. Resolves once the broker has answered for every message, with one result for each, in the same order. Reject only
   * if the result of every message is unknown. It must not retry.
   *
   * Core passes at most `maxBatch` and makes at most `concurrency.send` calls at once. When `signal` aborts, reject: the messages may
   * have been accepted, so `classify` must call the error `ambiguous`.
   */
  send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]>;
  /** Frees the sender's resources. The connection stays open. */
  close(): Promise<void>;
}

/** The result for one message: the error, or the broker's id and, on a log, the position. */
export type Sent =
  | { readonly cause: unknown }
  | { readonly cause?: never; readonly id: string; readonly position?: string };
