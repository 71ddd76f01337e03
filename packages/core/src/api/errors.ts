import type { Fault } from "../driver/index.ts";
import { quotedWords } from "../base/quoted-words.ts";

/**
 * What a caller can do about an error; closed, while codes may grow.
 *
 * For `publish` the kind says which of the contract's three answers (C1) it is: `ambiguous` is *Ambiguous* (a retry may
 * duplicate), `permanent` is *Permanent* (never acceptable as it is), all others are *NotAccepted* (a retry is safe).
 */
export type Kind = "retryable" | "throttled" | "ambiguous" | "permanent" | "auth" | "config" | "closed";

export interface ErrorDetails {
  readonly kind: Kind;
  readonly cause?: unknown;
  readonly channel?: string | undefined;
  readonly group?: string | undefined;
  /** The message's id. */
  readonly id?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** One entry for each thing found wrong, where an error reports several (configuration, validation). */
  readonly problems?: readonly Problem[] | undefined;
}

export interface Problem {
  /** Where: `channels.orders.groups.billing`, or a field of a message. */
  readonly path: string;
  readonly message: string;
}

const BRAND = "~switchyard-error";

/**
 * The one error class. Match it with {@link isMessagingError} and by `code`, never by `instanceof` or text: two copies of
 * core in one process, a bundler or a minifier then change nothing. The raw error is in `cause`; the text holds no secret.
 */
export class MessagingError extends Error {
  override readonly name = "MessagingError";
  /** kebab-case: `too-large`, `queue-not-found`. */
  readonly code: string;
  readonly kind: Kind;
  readonly channel?: string | undefined;
  readonly group?: string | undefined;
  readonly id?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly problems: readonly Problem[];
  readonly [BRAND] = true;

  constructor(code: string, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.kind = details.kind;
    this.channel = details.channel;
    this.group = details.group;
    this.id = details.id;
    this.retryAfterMs = details.retryAfterMs;
    this.problems = details.problems ?? [];
  }

  /** What `JSON.stringify` and structured loggers take: the text and the details that are set. The cause is a stranger's object and stays out. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...detailsOf(this), ...problemsOf(this) };
  }

  /** What `console.log` and an uncaught error print: the text with the stack, the details that are set, and the cause. */
  [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: object, inspect?: Inspect): string {
    const text = this.stack ?? `${this.name}: ${this.message}`;
    if (inspect === undefined) return text;
    // A configuration's problems are lines of the text already.
    const told = this.problems.every(({ message }) => this.message.includes(message));
    const details = { ...detailsOf(this), ...(told ? {} : problemsOf(this)) };
    const cause = this.cause === undefined ? "" : `\n[cause]: ${inspect(this.cause, { ...options, depth })}`;
    return `${text}\n${inspect(details, { ...options, depth })}${cause}`;
  }
}

type Inspect = (value: unknown, options: object) => string;

function detailsOf({ code, kind, channel, group, id, retryAfterMs }: MessagingError): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ code, kind, channel, group, id, retryAfterMs }).filter(([, value]) => value !== undefined),
  );
}

function problemsOf({ problems }: MessagingError): { readonly problems?: readonly Problem[] } {
  return problems.length === 0 ? {} : { problems };
}

export function isMessagingError(error: unknown, code?: string): error is MessagingError {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as MessagingError).code === code;
}

/** Wraps a driver's raw error once, by its fault. `lost` has no meaning outside a hold and becomes `retryable`. */
export function fromFault(
  fault: Fault,
  doing: string,
  cause: unknown,
  about: Omit<ErrorDetails, "kind" | "cause">,
): MessagingError {
  const kind = fault.kind === "lost" ? "retryable" : fault.kind;
  const text = `${doing}: ${sentence(fault)}`;
  return new MessagingError(fault.code, text, { ...about, kind, cause, retryAfterMs: fault.retryAfterMs });
}

/** The code, what to change, where it happened, and at the end the service's own words. */
function sentence({ code, hint, where, said }: Fault): string {
  let text = code;
  if (hint !== undefined && hint !== "") text += `; ${hint}`;
  if (where !== undefined && where !== "") text += `; ${where}`;
  if (said !== undefined && said !== "") text += `; the service said ${quotedWords(said)}`;
  return text;
}
