/** How messages leave. */
import type { Capabilities } from "./capabilities.ts";
import type { WireMessage } from "./message.ts";

export interface SenderDriver {
  readonly capabilities: Capabilities;
  /**
   * The broker is in this process: it keeps a message as the object it is and gives that back, so that core need not write
   * out and read again. Body and headers are there as ever; looking at them makes them.
   */
  readonly local?: boolean;
  /** Bytes as the broker counts them against `maxMessageBytes` and `maxBatch.bytes`. Pure; called for every message. */
  size(message: WireMessage): number;
  /**
   * Resolves once the broker answered for every message; one result each, in order. Rejects only when nothing is known
   * of any. Never retries. Called with at most `maxBatch`, at most `concurrency.send` at once. An aborted send is
   * ambiguous: the driver rejects and does not pretend to know.
   */
  send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]>;
  close(): Promise<void>;
}

export type Sent =
  | { readonly cause: unknown }
  | { readonly cause?: never; readonly id: string; readonly position?: string };
