import type { TraceContext } from "./trace.ts";

/** What few messages have. */
export interface ResolvedOptions {
  /** The ordering key. */
  readonly key: string | undefined;
  /** The user's own, without a trace context. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly trace: TraceContext | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
  /** Deduplication id, of a message whose id the user chose: another service may choose the same one. */
  readonly dedup: string | undefined;
  readonly fairness: string | undefined;
  readonly delayMs: number | undefined;
  /** Rejects where an asynchronous schema refuses the data. */
  readonly valid: Promise<void> | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
}
