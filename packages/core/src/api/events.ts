/**
 * Operational events: retries, losses, reconnects, and on request each handled message. Every event is plain data and holds no
 * message body, header or secret.
 * `connect({ observe })` receives them; without an observer, those of level `warn` and `error` go to `console`.
 */
export type MessagingEvent = About &
  /** Its handler has returned; its settlement follows. Only with `connect({ observeHandled: true })`. */
  (
    | {
        readonly type: "handled";
        readonly level: "info";
        readonly messageType: string;
        readonly attempt: number;
        /** Handler and middleware, in milliseconds; of a batch, the time of all its deliveries. */
        readonly durationMs: number;
        /** Of a batch: how many deliveries it had. */
        readonly batch?: number;
      }
    | {
        readonly type: "retry";
        readonly level: "info";
        readonly attempt: number;
        readonly delayMs: number;
        readonly error: unknown;
      }
    | {
        readonly type: "dead-letter";
        readonly level: "warn";
        readonly attempt: number;
        readonly code: string;
        readonly reason: string;
        readonly error?: unknown;
      }
    /** No dead-letter copy could be made: the message stays and comes again; its key waits. */
    | { readonly type: "blocked-message"; readonly level: "error"; readonly reason: string; readonly error?: unknown }
    /** The policy settles what it would have dead-lettered (`deadLetter: skip`). */
    | {
        readonly type: "skipped";
        readonly level: "warn";
        readonly by: "policy";
        readonly reason: string;
        readonly error?: unknown;
      }
    /** A handler or a middleware threw `Skip`: settled as if handled. */
    | { readonly type: "skipped"; readonly level: "info"; readonly by: "handler"; readonly reason: string }
    | { readonly type: "expired"; readonly level: "info" }
    | { readonly type: "discarded"; readonly level: "info"; readonly messageType: string }
    /** A message of an ordering key left the sequence: dead-lettered, skipped or expired. */
    | {
        readonly type: "order-gap";
        readonly level: "warn";
        readonly reason: "dead-letter" | "skip" | "expiry" | "redrive" | "replay";
      }
    /** The hold ended, or a settlement did not reach the broker: the message will come again. */
    | {
        readonly type: "lost";
        readonly level: "warn";
        readonly during: "handling" | "settling";
        readonly error?: unknown;
      }
    | {
        readonly type: "released";
        readonly level: "info";
        /** `hold`: it was not started in time, and its hold cannot be extended. */
        readonly reason: "stop" | "asked" | "order" | "hold";
      }
    | {
        readonly type: "receive-failed";
        readonly level: "warn" | "error";
        readonly error: unknown;
        readonly retryInMs: number;
      }
    | { readonly type: "resend"; readonly level: "info"; readonly error: unknown; readonly retryInMs: number }
    | {
        readonly type: "connection";
        readonly level: "info" | "warn";
        readonly state: "up" | "down" | "blocked" | "unblocked" | "throttled";
        readonly error?: unknown;
      }
    | { readonly type: "position-lost"; readonly level: "error"; readonly error?: unknown }
    /** A consumer's start waits for a known time, which does not count against its limit; the reason is a sentence. */
    | { readonly type: "start-waits"; readonly level: "warn"; readonly waitMs: number; readonly reason: string }
    /** Something of a connection works less well than it should; the error says what, and what to do about it. */
    | { readonly type: "warning"; readonly level: "warn"; readonly error?: unknown }
    | { readonly type: "stop-shortened"; readonly level: "warn"; readonly deadlineMs: number; readonly drainMs: number }
  );

interface About {
  readonly connection?: string;
  readonly channel?: string;
  readonly group?: string;
  readonly id?: string;
  readonly key?: string;
  readonly lease?: string;
}

export type Observe = (event: MessagingEvent) => void;
