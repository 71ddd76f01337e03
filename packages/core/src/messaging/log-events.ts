import type { MessagingEvent, Observe } from "../api/events.ts";
import { isMessagingError, MessagingError } from "../api/errors.ts";
import { oneLine } from "../wire/text.ts";

/** A logger that takes fields and a text, as pino's does. */
export interface EventLogger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** The options of {@link logEvents}. */
export interface LogOptions {
  /** The level of events that ask for nothing: retries, releases, reconnects. Default `debug`, so that a service in order is quiet. */
  readonly info?: "debug" | "info";
  /** Write the stacks of errors, too. Default false. */
  readonly stacks?: boolean;
}

/** An error as plain fields: a logger without a serializer writes an `Error` as `{}`. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly kind?: string;
  readonly stack?: string;
}

/** Characters of a text field. */
const LONGEST = 2_000;

const LEVELS = ["debug", "info", "warn", "error"] as const;

/**
 * An observer that writes each event as one line: `connect({ observe: logEvents(pino()) })`. The fields are those of the event, with the
 * type as `event` and the error as `error`, in plain fields. Their names do not change. No body, header or key is ever in one.
 *
 * @throws MessagingError `bad-option` if the logger has not the methods of {@link EventLogger}, or `info` is no level of the options.
 */
export function logEvents(logger: EventLogger, options: LogOptions = {}): Observe {
  const missing = LEVELS.find(
    (level) => typeof (logger as Partial<EventLogger> | null | undefined)?.[level] !== "function",
  );
  if (missing !== undefined)
    throw bad(`(logger): the logger has no method ${missing}(fields, text); pass one like pino's`);
  const { info = "debug", stacks = false } = options;
  if (info !== "debug" && info !== "info") throw bad('(logger, { info }): pass "debug" or "info"');
  return (event) => {
    const { type, level, ...rest } = event;
    const facts = Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, name === "error" ? plain(value, stacks) : inLine(value)] as const);
    const fields = { event: type, ...Object.fromEntries(facts) };
    logger[level === "info" ? info : level](fields, sentence(event));
  };
}

const bad = (text: string): MessagingError => new MessagingError("bad-option", `logEvents${text}`, { kind: "config" });

/** A logger that writes text and not JSON would otherwise break its line. */
const inLine = (value: unknown): unknown => (typeof value === "string" ? oneLine(value, LONGEST) : value);

function plain(error: unknown, stacks: boolean): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: oneLine(String(error), LONGEST) };
  const { code } = error as { readonly code?: unknown };
  return {
    type: error.name,
    message: oneLine(error.message, LONGEST),
    ...(typeof code === "string" && { code }),
    ...(isMessagingError(error) && { kind: error.kind }),
    ...(stacks && error.stack !== undefined && { stack: error.stack }),
  };
}

/** The event in a few words. What it is about stands in the fields, too. */
function sentence(event: MessagingEvent): string {
  const { type, channel, group, connection, error } = event as MessagingEvent & { readonly error?: unknown };
  const at = channel === undefined ? (connection ?? "") : group === undefined ? channel : `${channel}/${group}`;
  const { reason, state } = event as { readonly reason?: string; readonly state?: string };
  const why = reason ?? state ?? (error instanceof Error ? error.message : "");
  return oneLine([type, at, why].filter((part) => part !== "").join(" "), 300);
}
