import type { Fault } from "../driver/index.ts";
import { copiedError } from "../base/copied-error.ts";
import { quotedWords } from "../base/quoted-words.ts";

/**
 * What a caller can do about an error. New codes may be added, new kinds will not.
 *
 * For `publish`, the kind says whether a retry is safe (contract C1). `ambiguous`: the broker may have the message, so a retry may
 * duplicate it. `permanent`: the message will never be accepted as it is. All others: it was not accepted, and a retry is safe.
 */
export type Kind = "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed";

export interface ErrorDetails {
  readonly kind: Kind;
  readonly cause?: unknown;
  readonly channel?: string | undefined;
  readonly group?: string | undefined;
  /** The id of the message. */
  readonly id?: string | undefined;
  /** How long to wait before a retry, in milliseconds, if the broker said so. */
  readonly retryAfterMs?: number | undefined;
  /**
   * While a delivery cannot be read: how long it is tried again before it is dead-lettered, in milliseconds. Absent: forever.
   */
  readonly giveUpAfterMs?: number | undefined;
  /** One entry for each mistake, if the error can report several (configuration, validation). */
  readonly problems?: readonly Problem[] | undefined;
}

/** One mistake among several that an error reports. */
export interface Problem {
  /** Where the mistake is: `channels.orders.groups.billing`, or a field of a message. */
  readonly path: string;
  readonly message: string;
}

const BRAND = "~switchyard-error";

/**
 * The only error class of Switchyard. Test for it with {@link isMessagingError} and by `code`, not with `instanceof` or by text: this
 * also works with two copies of core in one process, a bundler or a minifier. `cause` is a copy of the error behind it: its name, message
 * with credentials masked, `code`, `status`, `requestId`, stack and cause, and nothing else. Neither contains a secret or a body.
 */
export class MessagingError extends Error {
  override readonly name = "MessagingError";
  /** A kebab-case code such as `too-large` or `queue-not-found`. */
  readonly code: string;
  readonly kind: Kind;
  readonly channel?: string | undefined;
  readonly group?: string | undefined;
  readonly id?: string | undefined;
  /** How long to wait before a retry, in milliseconds, if the broker said so. */
  readonly retryAfterMs?: number | undefined;
  /** While a delivery cannot be read: how long it is tried again before it is dead-lettered, in milliseconds. Absent: forever. */
  readonly giveUpAfterMs?: number | undefined;
  readonly problems: readonly Problem[];
  readonly [BRAND] = true;

  constructor(code: string, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: copyOf(details.cause) });
    this.code = code;
    this.kind = details.kind;
    this.channel = details.channel;
    this.group = details.group;
    this.id = details.id;
    this.retryAfterMs = details.retryAfterMs;
    this.giveUpAfterMs = details.giveUpAfterMs;
    this.problems = details.problems ?? [];
  }

  /** For `JSON.stringify` and structured loggers: the text and the details that are set. The cause is left out: it may hold anything. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...detailsOf(this), ...problemsOf(this) };
  }

  /** For `console.log` and uncaught errors: the text with the stack, the details that are set, and the cause. */
  [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: object, inspect?: Inspect): string {
    const text = this.stack ?? `${this.name}: ${this.message}`;
    if (inspect === undefined) return text;
    // The text of a configuration error already lists its problems.
    const listed = this.problems.every(({ message }) => this.message.includes(message));
    const details = { ...detailsOf(this), ...(listed ? {} : problemsOf(this)) };
    const cause = this.cause === undefined ? "" : `\n[cause]: ${inspect(this.cause, { ...options, depth })}`;
    return `${text}\n${inspect(details, { ...options, depth })}${cause}`;
  }
}

/** A copy of any error without what a client or a user hung on it. A {@link MessagingError} has only copies in it already. */
export const copyOf = (error: unknown, redact?: (text: string) => string): unknown =>
  copiedError(error, { redact, isSafe: isOurs });

/** A copy without any text: of an error thrown by code that had a message's data in its hands, and may quote it. */
export const copyWithoutText = (error: unknown): unknown => copyOf(error, () => "[hidden: it may quote the message]");

/** Made by this module or another copy of it: a copied object cannot have the mark, as it is no `Error`. */
const isOurs = (error: object): boolean => isMessagingError(error) && error instanceof Error;

type Inspect = (value: unknown, options: object) => string;

function detailsOf({ code, kind, channel, group, id, retryAfterMs }: MessagingError): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ code, kind, channel, group, id, retryAfterMs }).filter(([, value]) => value !== undefined),
  );
}

function problemsOf({ problems }: MessagingError): { readonly problems?: readonly Problem[] } {
  return problems.length === 0 ? {} : { problems };
}

/** True if `error` is a {@link MessagingError} of any copy of core and, if `code` is given, has that code. */
export function isMessagingError(error: unknown, code?: string): error is MessagingError {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as MessagingError).code === code;
}

/** A fault of a connection whose texts may hold values from the environment. */
export interface RedactedFault extends Fault {
  readonly redact?: (text: string) => string;
}

/**
 * Makes an error from a driver's fault. `doing` says what failed and comes first in the text. The kind `lost` exists only while a
 * message is held, so it becomes `retryable`.
 */
export function fromFault(
  fault: Fault,
  doing: string,
  cause: unknown,
  context: Omit<ErrorDetails, "kind" | "cause">,
): MessagingError {
  const kind = fault.kind === "lost" ? "retryable" : fault.kind;
  const text = `${doing}: ${sentence(fault)}`;
  const { redact } = fault as RedactedFault;
  const copied = redact === undefined ? cause : copyOf(cause, redact);
  return new MessagingError(fault.code, text, { ...context, kind, cause: copied, retryAfterMs: fault.retryAfterMs });
}

/** The code, what to change, where it happened, and what the service said. */
function sentence({ code, hint, where, said }: Fault): string {
  let text = code;
  if (hint !== undefined && hint !== "") text += `; ${hint}`;
  if (where !== undefined && where !== "") text += `; ${where}`;
  if (said !== undefined && said !== "") text += `; the service said ${quotedWords(said)}`;
  return text;
}
