import type { TraceContext } from "./trace.ts";

/** The publish options of a message after checking. Most messages have none. */
export interface ResolvedOptions {
  /** The ordering key. */
  readonly key: string | undefined;
  /** The user's headers, without the trace context. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly trace: TraceContext | undefined;
  /** When the message expires (epoch milliseconds). */
  readonly expiresAt: number | undefined;
  /** The deduplication id of a message whose id the user chose. Another service may choose the same id. */
  readonly dedup: string | undefined;
  readonly fairness: string | undefined;
  readonly delayMs: number | undefined;
  /** Rejects if an asynchronous schema refuses the data. */
  readonly valid: Promise<void> | undefined;
  /** Aborts when the caller stops waiting. */
  readonly signal: AbortSignal | undefined;
}
