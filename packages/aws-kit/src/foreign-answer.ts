/** Answers that do not come from the service: pages of proxies and portals, and bodies that cannot be read. */
import type { Fault, Phase } from "@switchyard/core/driver";

/** Longer texts are cut before they are searched. */
const MOST_TEXT = 2_000;

/** The SDK's names for an answer that it could not read or that names no error. */
const NAMELESS = new Set(["Unknown", "UnknownError", "SyntaxError", "Error", "TypeError"]);
const WORDLESS = new Set(["Unknown", "UnknownError"]);

/** An error's message without what the SDK adds for debugging. At most 2,000 characters. */
export function messageOf(error: object): string {
  const { message } = error as { message?: unknown };
  if (typeof message !== "string") return "";
  const text = message.slice(0, MOST_TEXT);
  const added = text.indexOf("\n  Deserialization error");
  return added < 0 ? text : text.slice(0, added);
}

/** The HTTP status of an answer, if there was one. */
export function statusOf(error: object): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

type Headers = Readonly<Record<string, string | undefined>>;

function headersOf(error: object): Headers | undefined {
  return (error as { $response?: { headers?: Headers } }).$response?.headers;
}

/**
 * Whether something other than the service answered. The service's own errors have a type: `__type` in JSON, the header
 * `x-amzn-errortype`, or `Error.Code` in XML. If the response is available, the error's name alone is not enough, because the SDK uses the
 * `code` in a gateway's JSON as a name, and calls any 404 in XML `NotFound`.
 */
export function isForeign(error: object): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  const { name, message } = error as { name?: unknown; message?: unknown };
  const headers = headersOf(error);
  if (isTyped(error, headers)) return false;
  if (NAMELESS.has(String(name)) || WORDLESS.has(String(message))) return true;
  return headers !== undefined && status >= 300;
}

function isTyped(error: object, headers: Headers | undefined): boolean {
  const {
    __type,
    Code,
    Error: inner,
  } = error as { __type?: unknown; Code?: unknown; Error?: { Code?: unknown } | null };
  if (isText(__type) || isText(headers?.["x-amzn-errortype"])) return true;
  return isText(typeof inner === "object" && inner !== null ? inner.Code : Code);
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

/**
 * An answer that is not the service's decides nothing for good. A refused call was not carried out and may succeed later. After any other
 * answer the outcome is unknown. Only a body that is too large for a proxy is a permanent failure.
 */
export function foreignFault(error: object, during: Phase): Fault {
  const status = statusOf(error) ?? 0;
  const type = headersOf(error)?.["content-type"];
  const what = `HTTP ${status}${type === undefined || type === "" ? "" : `, ${type.slice(0, 100)}`}`;
  const message = messageOf(error);
  const said = WORDLESS.has(message) || message === "" ? what : `${what}: ${message}`;
  const hint = "the answer is not from the service: check the endpoint and the proxies on the way to it";
  if (status === 413 && during === "send") return { kind: "permanent", code: "too-large", hint, said };
  if (status === 429) return { kind: "throttled", code: "throttled", hint, said };
  if (status >= 500) return { kind: during === "send" ? "ambiguous" : "retryable", code: "service-failed", hint, said };
  const refused = status >= 400 && status !== 408;
  return { kind: refused || during !== "send" ? "retryable" : "ambiguous", code: "unexpected-answer", hint, said };
}
