import type { OperatorAction } from "./dead-letters.ts";
import type { MessagingError } from "./errors.ts";

/**
 * Operational events: retries, losses, reconnects and, on request, each handled message. Events are plain data. They contain no
 * message body, header, ordering key or secret. Errors in them are copies: name, redacted message, `code`, `status`, `requestId`, stack and
 * cause. `connect({ observe })` receives them. Without an observer, events of level `warn` and `error` go to
 * `console`.
 */
export type MessagingEvent = EventContext &
  /** The handler has returned and the message will be settled. Only with `connect({ observeHandled: true })`. */
  (
    | {
        readonly type: "handled";
        readonly level: "info";
        /** The type of the message. */
        readonly messageType: string;
        /** The number of the attempt, from 1. */
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
        /** The number of the attempt that failed, from 1. */
        readonly attempt: number;
        /** The least time until the next attempt, in milliseconds. */
        readonly delayMs: number;
        /** A copy of what the handler threw. */
        readonly error: unknown;
      }
    /**
     * The body of the message cannot be read now: its key or its stored body is not available. It waits and is tried again, without
     * using up an attempt. Reported once for each time that it is held.
     */
    | {
        readonly type: "unreadable";
        readonly level: "warn";
        /** Why it cannot be read. */
        readonly error: MessagingError;
        /** The time until the next try, in milliseconds. */
        readonly retryInMs: number;
      }
    /** The circuit breaker of the group has changed its state. While it is `open`, nothing is received and no handler starts. */
    | {
        readonly type: "breaker";
        readonly level: "warn" | "info";
        /** What it is now. */
        readonly state: "open" | "half-open" | "closed";
        /** The class or code of the last error that counted. */
        readonly reason: string;
        /** When `open`: how long until the next try, in milliseconds. */
        readonly pauseMs?: number;
      }
    /** The message was copied to its dead-letter destination. */
    | {
        readonly type: "dead-letter";
        readonly level: "warn";
        /** The number of the last attempt, from 1. */
        readonly attempt: number;
        /** The code that the dead letter carries. */
        readonly code: string;
        /** Why, in words. */
        readonly reason: string;
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /** The message could not be copied as a dead letter. It stays and is redelivered, and later messages of its key wait. */
    | {
        readonly type: "blocked-message";
        readonly level: "error";
        /** Why, in words. */
        readonly reason: string;
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /** The message used up its attempts and was settled, because the policy says `deadLetter: skip`. */
    | {
        readonly type: "skipped";
        readonly level: "warn";
        /** Who decided it. */
        readonly by: "policy";
        /** Why, in words. */
        readonly reason: string;
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /** A handler or middleware threw `Skip`. The message was settled as if it had been handled. */
    | {
        readonly type: "skipped";
        readonly level: "info";
        /** Who decided it. */
        readonly by: "handler";
        /** Why, in words. */
        readonly reason: string;
      }
    /** The message passed its `expires` time and was settled without a handler. */
    | {
        readonly type: "expired";
        readonly level: "info";
      }
    /** The message's handler is `"ignore"`, so the message was settled without a handler. */
    | {
        readonly type: "discarded";
        readonly level: "info";
        /** The type of the message. */
        readonly messageType: string;
      }
    /** A message left the order of its key, or comes back outside that order. */
    | {
        readonly type: "order-gap";
        readonly level: "warn";
        /** How it left the order: as a dead letter, skipped or expired; or why it comes back: a redrive or a replay. */
        readonly reason: "dead-letter" | "skip" | "expiry" | "redrive" | "replay";
      }
    /** The hold ended, or a settlement did not reach the broker. The message will be redelivered. */
    | {
        readonly type: "lost";
        readonly level: "warn";
        /** `handling`: the handler had not returned. `settling`: it had, and the broker was not told. */
        readonly during: "handling" | "settling";
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /**
     * The handler still ran when the time of the event that brought the message was over (Lambda: of the invocation). What it comes to does
     * not count: the message will be redelivered, and the handler may go on beside that.
     */
    | {
        readonly type: "abandoned";
        readonly level: "warn";
      }
    /** The message was returned to the broker unsettled. */
    | {
        readonly type: "released";
        readonly level: "info";
        /**
         * - `stop`: the process is stopping.
         * - `asked`: a handler or middleware threw `Release`, or the policy says `release` for the error.
         * - `order`: an earlier message of its key was given back or failed.
         * - `hold`: its handler did not start in time, and the hold cannot be extended.
         * - `breaker`: the circuit breaker of its group has opened.
         * - `room`: it waits for its time, and other messages need its place. It comes no earlier than then.
         */
        readonly reason: "stop" | "asked" | "order" | "hold" | "breaker" | "room";
        /** True if the broker counts the return as an attempt, as SQS does. Absent: it does not. */
        readonly counted?: boolean;
      }
    /** Receiving failed. It is tried again after `retryInMs` milliseconds. */
    | {
        readonly type: "receive-failed";
        readonly level: "warn" | "error";
        /** The error. */
        readonly error: unknown;
        /** The time until the next try, in milliseconds. */
        readonly retryInMs: number;
      }
    /** The broker did not accept messages. They are sent again after `retryInMs` milliseconds. */
    | {
        readonly type: "resend";
        readonly level: "info";
        /** The error. */
        readonly error: unknown;
        /** The time until the next try, in milliseconds. */
        readonly retryInMs: number;
      }
    /** The state of a connection, or of a part of it, changed. */
    | {
        readonly type: "connection";
        readonly level: "info" | "warn";
        /** `blocked`: the broker takes no publishes for now. `throttled`: it asks for fewer calls. */
        readonly state: "up" | "down" | "blocked" | "unblocked" | "throttled";
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /**
     * Somebody asked for an operation that moves, deletes or copies messages. Told when it begins and when it has ended. `deadLetters()` and
     * `replay()` take `by`, and `audit` to be told before anything is done.
     */
    | {
        readonly type: "operation";
        readonly level: "info";
        /** The same at the beginning and the end. */
        readonly operation: string;
        /** What it is. */
        readonly action: OperatorAction;
        /** Told before anything is done, and when it has ended. */
        readonly phase: "begin" | "end";
        /** Who asked for it, as the caller said. */
        readonly by?: string;
        /** What was asked for. Ordering keys are hashed. */
        readonly asked: Readonly<Record<string, unknown>>;
        /** At the end: what was done, in numbers. */
        readonly done?: Readonly<Record<string, unknown>>;
        /** At the end: why it failed. */
        readonly error?: unknown;
      }
    /** The stored position of a stream group is no longer in the log. Messages may have been lost. */
    | {
        readonly type: "position-lost";
        readonly level: "error";
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /** A consumer cannot start for a known time, `waitMs` milliseconds. That time does not count against the limit of `start()`. */
    | {
        readonly type: "start-waits";
        readonly level: "warn";
        /** The time, in milliseconds. */
        readonly waitMs: number;
        /** Why, in words. */
        readonly reason: string;
      }
    /** A part of a connection works less well than it should. The error says what it is and what to do. */
    | {
        readonly type: "warning";
        readonly level: "warn";
        /** The error behind it, if there is one. */
        readonly error?: unknown;
      }
    /** `stop()` reached its deadline, which was shorter than the configured drain. */
    | {
        readonly type: "stop-shortened";
        readonly level: "warn";
        /** What `stop()` was given, in milliseconds. */
        readonly deadlineMs: number;
        /** The configured `drain`, in milliseconds. */
        readonly drainMs: number;
      }
  );

/** What an event is about. Fields that do not apply are absent. */
interface EventContext {
  /** The connection's name in the configuration. */
  readonly connection?: string;
  /** The channel's name. */
  readonly channel?: string;
  /** The group's name. */
  readonly group?: string;
  /** The id of the message. */
  readonly id?: string;
  /** A short hash of the message's ordering key. `keyHash()` gives that of a key you know. */
  readonly key?: string;
  /** What was read from: a queue, a shard or a partition. */
  readonly lease?: string;
}

/** Receives every event. Given to `connect({ observe })`. */
export type Observe = (event: MessagingEvent) => void;
