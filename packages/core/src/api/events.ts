/**
 * Operational events: retries, losses, reconnects and, on request, each handled message. Events are plain data. They contain no
 * message body, header or secret. `connect({ observe })` receives them. Without an observer, events of level `warn` and `error` go to
 * `console`.
 */
export type MessagingEvent = EventContext &
  /** The handler has returned and the message will be settled. Only with `connect({ observeHandled: true })`. */
  (
    | {
        readonly type: "handled";
        readonly level: "info";
        readonly messageType: string;
        readonly attempt: number;
        /** The time that handler and middleware took, in milliseconds. For a batch, the time of the whole batch. */
        readonly durationMs: number;
        /** For a batch: the number of its deliveries. */
        readonly batch?: number;
      }
    /** An attempt failed. The next one follows after `delayMs` milliseconds. */
    | {
        readonly type: "retry";
        readonly level: "info";
        readonly attempt: number;
        readonly delayMs: number;
        readonly error: unknown;
      }
    /** The message was copied to its dead-letter destination. */
    | {
        readonly type: "dead-letter";
        readonly level: "warn";
        readonly attempt: number;
        readonly code: string;
        readonly reason: string;
        readonly error?: unknown;
      }
    /** The message could not be copied as a dead letter. It stays and is redelivered, and later messages of its key wait. */
    | { readonly type: "blocked-message"; readonly level: "error"; readonly reason: string; readonly error?: unknown }
    /** The message used up its attempts and was settled, because the policy says `deadLetter: skip`. */
    | {
        readonly type: "skipped";
        readonly level: "warn";
        readonly by: "policy";
        readonly reason: string;
        readonly error?: unknown;
      }
    /** A handler or middleware threw `Skip`. The message was settled as if it had been handled. */
    | { readonly type: "skipped"; readonly level: "info"; readonly by: "handler"; readonly reason: string }
    /** The message passed its `expires` time and was settled without a handler. */
    | { readonly type: "expired"; readonly level: "info" }
    /** The message's handler is `"ignore"`, so the message was settled without a handler. */
    | { readonly type: "discarded"; readonly level: "info"; readonly messageType: string }
    /** A message left the order of its key, or comes back outside that order. */
    | {
        readonly type: "order-gap";
        readonly level: "warn";
        readonly reason: "dead-letter" | "skip" | "expiry" | "redrive" | "replay";
      }
    /** The hold ended, or a settlement did not reach the broker. The message will be redelivered. */
    | {
        readonly type: "lost";
        readonly level: "warn";
        readonly during: "handling" | "settling";
        readonly error?: unknown;
      }
    /** The message was given back to the broker unsettled. */
    | {
        readonly type: "released";
        readonly level: "info";
        /**
         * - `stop`: the process is stopping.
         * - `asked`: a handler or middleware threw `Release`, or the policy says `release` for the error.
         * - `order`: an earlier message of its key was given back or failed.
         * - `hold`: its handler did not start in time, and the hold cannot be extended.
         */
        readonly reason: "stop" | "asked" | "order" | "hold";
      }
    /** Receiving failed. It is tried again after `retryInMs` milliseconds. */
    | {
        readonly type: "receive-failed";
        readonly level: "warn" | "error";
        readonly error: unknown;
        readonly retryInMs: number;
      }
    /** The broker did not accept messages. They are sent again after `retryInMs` milliseconds. */
    | { readonly type: "resend"; readonly level: "info"; readonly error: unknown; readonly retryInMs: number }
    /** The state of a connection, or of a part of it, changed. */
    | {
        readonly type: "connection";
        readonly level: "info" | "warn";
        readonly state: "up" | "down" | "blocked" | "unblocked" | "throttled";
        readonly error?: unknown;
      }
    /** The stored position of a stream group is no longer in the log. Messages may have been lost. */
    | { readonly type: "position-lost"; readonly level: "error"; readonly error?: unknown }
    /** A consumer cannot start for a known time, `waitMs` milliseconds. That time does not count against the limit of `start()`. */
    | { readonly type: "start-waits"; readonly level: "warn"; readonly waitMs: number; readonly reason: string }
    /** A part of a connection works less well than it should. The error says what it is and what to do. */
    | { readonly type: "warning"; readonly level: "warn"; readonly error?: unknown }
    /** `stop()` reached its deadline, which was shorter than the configured drain. */
    | { readonly type: "stop-shortened"; readonly level: "warn"; readonly deadlineMs: number; readonly drainMs: number }
  );

/** What an event is about. Fields that do not apply are absent. */
interface EventContext {
  readonly connection?: string;
  readonly channel?: string;
  readonly group?: string;
  readonly id?: string;
  readonly key?: string;
  readonly lease?: string;
}

export type Observe = (event: MessagingEvent) => void;
