/**
 * Copies of errors that others made: of a broker's client, of a schema, of a handler. A client's own error object may hold the request
 * with its body and credentials, so only what is listed here is copied.
 */
import { masked } from "./masked.ts";

/** The most characters of a name or a code. */
const MOST_NAME = 200;
/** The most characters of a message. */
const MOST_TEXT = 2_000;
/** The longest chain of causes, and the most errors of an AggregateError. */
const MOST_CAUSES = 5;
const MOST_ERRORS = 10;
const FRAME = /^ {4}at [^\n]{1,1000}$/gm;
/** The form of codes: `ECONNREFUSED`, `AccessDenied`, `ERR_TLS_CERT_ALTNAME_INVALID`, `08006`. */
const CODE = /^[\w.:#/-]{1,200}$/;

/** What is copied of an error beside its name, message, stack and cause. A part that the error does not have is absent. */
export interface CopiedError extends Error {
  readonly code?: string | number;
  /** The HTTP status of a service's answer. */
  readonly status?: number;
  /** The service's id of the request, for its support. */
  readonly requestId?: string;
}

export interface CopyOptions {
  /** Redacts messages, after what looks like a credential was masked. */
  readonly redact?: ((text: string) => string) | undefined;
  /** True for errors that are taken as they are, because they were made of copies only. */
  readonly isSafe: (error: object) => boolean;
}

/** The copy. What is no object is text: masked, redacted and bounded. Never throws. */
export function copiedError(error: unknown, options: CopyOptions): unknown {
  try {
    return copy(error, options, MOST_CAUSES);
  } catch {
    return new Error("an error that cannot be read");
  }
}

function copy(error: unknown, options: CopyOptions, left: number): unknown {
  if (error === undefined || error === null || typeof error === "number" || typeof error === "boolean") return error;
  const shown = (text: string): string => {
    const bounded = masked(text.slice(0, MOST_TEXT));
    return options.redact === undefined ? bounded : options.redact(bounded);
  };
  if (typeof error === "string") return shown(error);
  if (typeof error !== "object") return typeof error;
  if (options.isSafe(error)) return error;
  const { message, cause } = error as { readonly message?: unknown; readonly cause?: unknown };
  const name = nameOf(error);
  const text = typeof message === "string" ? shown(message) : "";
  const made = new Error(text) as Error & { -readonly [K in keyof CopiedError]: CopiedError[K] };
  hide(made, "name", name);
  hide(made, "stack", [text === "" ? name : `${name}: ${text}`, ...framesOf(error, message)].join("\n"));
  Object.assign(made, factsOf(error));
  if (cause !== undefined && left > 0) hide(made, "cause", copy(cause, options, left - 1));
  const { errors } = error as { readonly errors?: unknown };
  if (Array.isArray(errors) && left > 0)
    hide(
      made,
      "errors",
      errors.slice(0, MOST_ERRORS).map((one) => copy(one, options, left - 1)),
    );
  return made;
}

/** Not enumerable, as with errors of the language. */
function hide(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}

function nameOf(error: object): string {
  const { name } = error as { readonly name?: unknown };
  return typeof name === "string" && CODE.test(name.slice(0, MOST_NAME)) ? name.slice(0, MOST_NAME) : "Error";
}

function factsOf(error: object): { code?: string | number; status?: number; requestId?: string } {
  const { code, Code, status, statusCode, requestId, $metadata } = error as Readonly<Record<string, unknown>>;
  const answer = (typeof $metadata === "object" ? $metadata : undefined) as
    | { readonly httpStatusCode?: unknown; readonly requestId?: unknown }
    | undefined
    | null;
  const facts: { code?: string | number; status?: number; requestId?: string } = {};
  const coded = code ?? Code;
  if (typeof coded === "number" || (typeof coded === "string" && CODE.test(coded))) facts.code = coded;
  const http = status ?? statusCode ?? answer?.httpStatusCode;
  if (typeof http === "number") facts.status = http;
  const request = requestId ?? answer?.requestId;
  if (typeof request === "string" && CODE.test(request)) facts.requestId = request;
  return facts;
}

/** The lines of the stack that say where. The message, which may pose as one, is cut away first. */
function framesOf(error: object, message: unknown): readonly string[] {
  const { stack } = error as { readonly stack?: unknown };
  if (typeof stack !== "string") return [];
  const at = typeof message === "string" && message !== "" ? stack.indexOf(message) : -1;
  const frames = at < 0 ? stack : stack.slice(at + (message as string).length);
  return frames.slice(0, 20_000).match(FRAME) ?? [];
}
