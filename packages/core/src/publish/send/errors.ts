/** The errors of publishing. Each says what to change, and whether the message may have been accepted. */
import type { Fault } from "../../driver/index.ts";
import {
  copyWithoutText,
  type ErrorDetails,
  fromFault,
  isMessagingError,
  type Kind,
  MessagingError,
} from "../../api/errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";

export type ErrorContext = Omit<ErrorDetails, "kind" | "cause">;

const MAYBE =
  "; it may have been accepted: publish again only with the same id, to a consumer that tolerates duplicates";

/** Once an attempt was ambiguous, the failure stays ambiguous (C1). */
export function failure(
  message: OutgoingMessage,
  errorContext: ErrorContext,
  code: string,
  kind: Kind,
  text: string,
  cause?: unknown,
): MessagingError {
  const doubt = message.ambiguous || kind === "ambiguous";
  return new MessagingError(code, doubt ? text + MAYBE : text, {
    ...errorContext,
    id: message.id,
    kind: doubt ? "ambiguous" : kind,
    cause,
    retryAfterMs: isMessagingError(cause) ? cause.retryAfterMs : undefined,
  });
}

export function attemptFailed(
  message: OutgoingMessage,
  errorContext: ErrorContext,
  fault: Fault,
  cause: unknown,
): MessagingError {
  return fromFault(fault, `publish to "${errorContext.channel}"`, cause, { ...errorContext, id: message.id });
}

/** The error reported to the caller, made from the last attempt's error. */
export function finalFailure(
  message: OutgoingMessage,
  errorContext: ErrorContext,
  error: MessagingError,
): MessagingError {
  if (!message.ambiguous) return error;
  const sure = error.kind === "ambiguous" ? "" : " after an attempt whose answer was lost";
  return new MessagingError(error.code, `${error.message}${sure}${MAYBE}`, {
    ...errorContext,
    id: message.id,
    kind: "ambiguous",
    cause: error.cause ?? error,
    retryAfterMs: error.retryAfterMs,
  });
}

export function timedOut(
  message: OutgoingMessage,
  errorContext: ErrorContext,
  timeoutMs: number,
  lastError: MessagingError | undefined,
): MessagingError {
  const doing = `publish to "${errorContext.channel}"`;
  const error = message.error ?? lastError;
  if (message.call !== undefined) {
    return failure(
      message,
      errorContext,
      "publish-timeout",
      "ambiguous",
      `${doing}: no answer from the broker within ${timeoutMs} ms`,
      error,
    );
  }
  if (!message.admitted) {
    const text = `${doing}: no room within ${timeoutMs} ms, maxPending or maxPendingBytes is reached; publish more slowly or raise them`;
    return failure(message, errorContext, "backpressure", "retryable", text);
  }
  if (message.gated)
    return failure(
      message,
      errorContext,
      "publish-timeout",
      "retryable",
      `${doing}: preparing it (validation, encryption or storing its body elsewhere) took longer than ${timeoutMs} ms`,
    );
  const why = error === undefined ? "" : `; last: ${error.message}`;
  return failure(
    message,
    errorContext,
    "publish-timeout",
    error?.kind ?? "retryable",
    `${doing}: not accepted within ${timeoutMs} ms${why}`,
    error,
  );
}

export function tooLarge(
  message: OutgoingMessage,
  errorContext: ErrorContext,
  limit: number,
  reserved: number,
  /** The size once the body is stored elsewhere, if it can be. */
  once?: number,
): MessagingError {
  const kept = reserved > 0 ? ` (${reserved} bytes of its limit are kept for dead-letter fields)` : "";
  const made = message.sizes === undefined ? "" : ` (${message.sizes})`;
  const advice =
    once === undefined
      ? "send less, or configure a claim check"
      : `with its body stored elsewhere it could still have ${once}: send fewer or shorter headers`;
  const text = `message of ${message.size} bytes with its envelope${made}; "${errorContext.channel}" takes ${limit}${kept}; ${advice}`;
  return failure(message, errorContext, "too-large", "permanent", text);
}

export function blocked(message: OutgoingMessage, errorContext: ErrorContext): MessagingError {
  const text = `an earlier message of the same ordering key in this publishMany failed, so this one was not sent; publish it again once the earlier one is settled`;
  return failure(message, errorContext, "blocked-by-earlier", "retryable", text);
}

export function closedError(message: OutgoingMessage, errorContext: ErrorContext): MessagingError {
  return failure(
    message,
    errorContext,
    "closed",
    "closed",
    `publish to "${errorContext.channel}": messaging is stopped; publish before stop()`,
  );
}

export function backpressure(errorContext: ErrorContext, id: string | undefined): MessagingError {
  const text = `publish to "${errorContext.channel}": maxPending or maxPendingBytes is reached; publish more slowly, raise them, or set whenFull: wait`;
  return new MessagingError("backpressure", text, { ...errorContext, id, kind: "retryable" });
}

export function wrap(id: string | undefined, errorContext: ErrorContext, cause: unknown): MessagingError {
  if (isMessagingError(cause)) return cause;
  const text = `publish to "${errorContext.channel}": it could not be prepared; see the cause`;
  return new MessagingError("publish-failed", text, {
    ...errorContext,
    id,
    kind: "permanent",
    cause: copyWithoutText(cause),
  });
}
