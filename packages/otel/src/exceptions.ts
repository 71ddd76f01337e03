import type { Attributes, Context } from "@opentelemetry/api";
import { isMessagingError, verdictKindOf } from "@switchyard/core";
import { codeOf } from "./codes.ts";
import { type Logger, SEVERITY_ERROR } from "./logs.ts";
import { CONVENTIONAL as IS, PROCESS_EXCEPTION } from "./names.ts";
import type { Ends } from "./spans.ts";

/** The name of a class, as source code may have it. Anything else may be data. */
const CLASS = /^[A-Za-z_$][\w$]{0,63}$/;
/** A line of V8's stack traces that names a place in a program: a file, a module of Node's, or compiled code. */
const FRAME =
  /^ {4}at (?:[^()]{1,200} \()?(?:(?:file|node|webpack|webpack-internal):|\/|[A-Za-z]:\\|native\b|<anonymous>)/;
const MOST_FRAMES = 50;
const MOST_CHARACTERS = 500;

/**
 * Records what handlers throw, as the conventions have it: a log record for each, in the context of the handler. It tells the class and
 * where it was thrown. The text of an error may quote the message that it is about, so it stays in the process.
 */
export class Exceptions {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A handler that ran in `context` has ended. A message that it only gave back has not failed. */
  ended(context: () => Context, ends: Ends): void {
    for (const { end, error } of ends)
      if (end !== "ack" && end !== "skip" && end !== "release") this.#thrown(context(), error);
  }

  #thrown(context: Context, error: unknown): void {
    this.#logger.emit({
      eventName: PROCESS_EXCEPTION,
      severityNumber: SEVERITY_ERROR,
      severityText: "ERROR",
      attributes: { ...exceptionOf(error), [IS.error]: codeOf(error) },
      context,
    });
  }
}

/** What may be told of a thrown value. A verdict is told as its cause, if it has one. */
export function exceptionOf(error: unknown): Attributes {
  try {
    const { cause } = (error ?? {}) as { readonly cause?: unknown };
    const thrown = cause !== undefined && verdictKindOf(error) !== undefined ? cause : error;
    const stack = stackOf(thrown);
    return { [IS.exceptionType]: classOf(thrown), ...(stack !== undefined && { [IS.exceptionStack]: stack }) };
  } catch {
    // It has throwing getters, or is a revoked proxy.
    return { [IS.exceptionType]: "Error" };
  }
}

/** The name of its class, and not its `name`, which a program may set to anything. */
function classOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  if (isMessagingError(error)) return "MessagingError";
  const name: unknown = (Object.getPrototypeOf(error) as { constructor?: { name?: unknown } } | null)?.constructor
    ?.name;
  return typeof name === "string" && CLASS.test(name) ? name : "Error";
}

/** Where it was thrown: the frames, without the line before them, which has the text. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  const { stack, message } = error;
  // The text may have lines that look like frames, and may have been changed after the stack was made.
  const at = message === "" ? 0 : stack.indexOf(message);
  if (at < 0) return undefined;
  const lines = stack.slice(at + message.length).split("\n");
  const frames = lines.slice(1, MOST_FRAMES + 1).filter((line) => line.length <= MOST_CHARACTERS && FRAME.test(line));
  return frames.length === 0 ? undefined : frames.join("\n");
}
