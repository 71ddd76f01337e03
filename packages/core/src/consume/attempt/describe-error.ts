import { masked } from "../../base/masked.ts";
import { oneLine } from "../../wire/text.ts";
import { verdictOf } from "../../api/verdicts.ts";

/** Removes secrets from a text. */
export type Redact = (text: string) => string;

/** The most characters of an error's text in a dead letter's reason. The whole reason is clipped to 1,500 bytes on the wire. */
const MOST = 1_000;
/** The most characters passed to the redaction, so that a user's pattern never runs over a megabyte. */
const LOOKED_AT = 10_000;
/** The most errors of a cause chain in a description. */
const CHAIN = 3;

/**
 * The class and message of an error and of its causes in one line, redacted and bounded: `TypeError: fetch failed; caused by Error:
 * connect ECONNREFUSED`. Describes the cause of a verdict, not the verdict. Empty if there is no error. Never throws.
 */
export function describeError(error: unknown, redact?: Redact): string {
  let text: string;
  try {
    text = chainOf(verdictOf(error) === undefined ? error : (error as Error).cause);
  } catch {
    return "an error that cannot be read";
  }
  return redactedText(text, redact);
}

/** A text of a user's code as a dead letter or an event may show it: on one line, credentials masked, redacted, bounded. */
export function redactedText(text: string, redact?: Redact): string {
  const line = masked(oneLine(text, LOOKED_AT));
  return oneLine(redact === undefined ? line : redact(line), MOST);
}

function chainOf(error: unknown): string {
  const parts: string[] = [];
  for (let current = error, depth = 0; current !== undefined && depth < CHAIN; depth++) {
    parts.push(oneOf(current));
    current = typeof current === "object" && current !== null ? (current as { cause?: unknown }).cause : undefined;
  }
  return parts.join("; caused by ");
}

function oneOf(error: unknown): string {
  if (typeof error === "string") return error;
  if (typeof error !== "object" || error === null) return String(error);
  const { message } = error as { message?: unknown };
  const name = nameOf(error);
  return typeof message === "string" && message !== "" ? `${name}: ${message}` : name;
}

/** An error's name, for dead letters. For a verdict with a cause, the cause's name. */
export function classOf(error: unknown): string {
  const cause = verdictOf(error)?.cause;
  return nameOf(cause ?? error);
}

export function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  const { name } = error as { name?: unknown };
  return typeof name === "string" && name !== "" ? name : "Error";
}

/** Appends an error's description: `failed 4 times: TypeError: fetch failed`. */
export function withError(reason: string, described: string): string {
  return described === "" ? reason : `${reason}: ${described}`;
}

/** Combines both redactions, the user's last. A hook that throws or returns no text hides the whole text. */
export function redacting(secrets: Redact | undefined, hook: Redact | undefined): Redact | undefined {
  if (hook === undefined) return secrets;
  return (text) => {
    try {
      const shown: unknown = hook(secrets === undefined ? text : secrets(text));
      return typeof shown === "string" ? shown : "";
    } catch {
      return "[redact() threw]";
    }
  };
}
