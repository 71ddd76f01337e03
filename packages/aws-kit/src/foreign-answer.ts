/** Answers that are not the service's: pages of proxies and portals, and bodies nobody can read. */
import type { Fault, Phase } from "@switchyard/core/driver";

/** Longer texts are cut before anything is looked for in them. */
const MOST_TEXT = 2_000;

/** The SDK's names for an answer that it could not read, or that has no name. */
const NAMELESS = new Set(["Unknown", "UnknownError", "SyntaxError", "Error", "TypeError"]);
const WORDLESS = new Set(["Unknown", "UnknownError"]);

/** What an error says, without what the SDK adds for those who debug it. At most 2,000 characters. */
export function messageOf(error: object): string {
  const { message } = error as { message?: unknown };
  if (typeof message !== "string") return "";
  const text = message.slice(0, MOST_TEXT);
  const added = text.indexOf("\n  Deserialization error");
  return added < 0 ? text : text.slice(0, added);
}

function statusOf(error: object): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

type Headers = Readonly<Record<string, string | undefined>>;

function headersOf(error: object): Headers | undefined {
  return (error as { $response?: { headers?: Headers } }).$response?.headers;
}

/**
 * Something answered, and not in the form of the service. Its own errors have a type: `__type` in JSON, the header
 * `x-amzn-errortype`, or `Error.Code` in XML. A gateway's JSON may have a `code`, which the SDK takes for the name, and any
 * 404 in XML is `NotFound` to it: where the response is there to be looked at, the name alone is not enough.
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
 * What is no answer of the service settles nothing for good: a refusal was not carried out and may pass, and after anything else
 * nobody knows. Only a body too large for what stands between is told as what it is.
 */
export function foreignFault(error: object, during: Phase): Fault {
  const status = statusOf(error) ?? 0;
  const type = headersOf(error)?.["content-type"];
  const what = `HTTP ${status}${type === undefined || type === "" ? "" : `, ${type.slice(0, 100)}`}`;
  const message = messageOf(error);
  const said = WORDLESS.has(message) || message === "" ? what : `${what}: ${message}`;
  const hint = "what answered is not the service: check the endpoint, and the proxies on the way to it";
  if (status === 413 && during === "send") return { kind: "permanent", code: "too-large", hint, said };
  if (status === 429) return { kind: "throttled", code: "throttled", hint, said };
  if (status >= 500) return { kind: during === "send" ? "ambiguous" : "retryable", code: "service-failed", hint, said };
  const refused = status >= 400 && status !== 408;
  return { kind: refused || during !== "send" ? "retryable" : "ambiguous", code: "unexpected-answer", hint, said };
}
