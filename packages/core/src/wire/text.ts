/**
 * Hostile text (contract C16). What a broker might refuse or change is either escaped, so that it comes back as it was, or
 * refused here with the name of the field: alike on every transport.
 */
import { MessagingError } from "../api/errors.ts";

export { excerpt, oneLine } from "../base/excerpt.ts";

const NONCHARACTERS = /[\uFFFE\uFFFF]/;
const EVERY_NONCHARACTER = /[\uFFFE\uFFFF]/g;
/** How `JSON.stringify` writes a lone surrogate; also matches an escaped backslash before `ud8..`. */
const SUSPECT = /\\ud[89a-f]/;
/** Found, or not, eight times as fast. */
const SUSPECT_START = "\\ud";
const HEADER_NAME = /^[a-z0-9-]+$/;
/** V8 overflows its stack at far more. */
const MAX_DEPTH = 500;

const refuse = (code: string, message: string): MessagingError =>
  new MessagingError(code, message, { kind: "permanent" });

/** SQS and XML refuse U+FFFE and U+FFFF; inside JSON they only occur in strings, where they may be escaped. */
export function escapeNoncharacters(json: string): string {
  return NONCHARACTERS.test(json)
    ? json.replace(EVERY_NONCHARACTER, (c) => (c === "\uFFFE" ? "\\ufffe" : "\\uffff"))
    : json;
}

/** A JSON string literal. The text must be well-formed. */
export function quote(text: string): string {
  return escapeNoncharacters(JSON.stringify(text));
}

/** Characters that JSON writes as they are. */
export const PLAIN = /^[\w .:/+@-]*$/;
/** As {@link quote}, which costs more than the look. */
export const quoteName = (text: string): string => (PLAIN.test(text) ? `"${text}"` : quote(text));

/** Throws `bad-text` for what is not a string or has a lone surrogate (half of a UTF-16 pair), which UTF-8 cannot carry. */
function checkText(value: unknown, field: string): string {
  if (typeof value !== "string") throw refuse("bad-text", `${field} must be a string, not ${describe(value)}`);
  if (value.isWellFormed()) return value;
  throw refuse(
    "bad-text",
    `${field} holds a lone surrogate (half of a UTF-16 pair); pass well-formed text (String.prototype.toWellFormed repairs it)`,
  );
}

/** As {@link checkText}, and not empty. */
export function checkName(value: unknown, field: string): string {
  const text = checkText(value, field);
  if (text === "") throw refuse("bad-text", `${field} is empty; leave it out or give it text`);
  return text;
}

/** A copy of user headers, names `[a-z0-9-]` and string values; throws `bad-header`, or `bad-text` for a value. */
export function checkHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw refuse("bad-header", `headers must be an object of strings, not ${describe(headers)}`);
  }
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name)) {
      throw refuse("bad-header", `header ${JSON.stringify(name)}: a name is lower-case letters, digits and "-" only`);
    }
    if (typeof value !== "string") {
      throw refuse("bad-header", `header "${name}" must be a string, not ${describe(value)}; write String(value)`);
    }
    checked[name] = checkText(value, `header "${name}"`);
  }
  return checked;
}

/**
 * The JSON of `data`, C0 controls, U+FFFE and U+FFFF escaped. Throws `not-json` for what JSON drops or changes (undefined,
 * bigint, Date, Map, NaN, a cycle), `bad-text` for a lone surrogate and `bad-key` for an own `__proto__`; each names the field.
 */
export function jsonText(data: unknown, field = "data"): string {
  checkJson(data, field, 0);
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw new MessagingError("not-json", `${field} cannot be written as JSON; pass plain data`, {
      kind: "permanent",
      cause,
    });
  }
  if (text === undefined) throw refuse("not-json", `${field} is ${describe(data)}, which JSON cannot carry`);
  if (text.includes(SUSPECT_START) && SUSPECT.test(text)) findSurrogate(data, field);
  return escapeNoncharacters(text);
}

function checkJson(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      break;
    case "undefined":
      if (depth > 0) return; // JSON leaves it out, as `?:` means
      break;
    case "object":
      if (value === null) return;
      if (depth > MAX_DEPTH) {
        throw refuse(
          "not-json",
          `${path.slice(0, 80)}... is nested deeper than ${MAX_DEPTH} levels or refers to itself`,
        );
      }
      if (Array.isArray(value)) return checkArray(value, path, depth);
      if (isPlain(value)) return checkObject(value as Record<string, unknown>, path, depth);
      break;
  }
  throw refuse("not-json", `${path} is ${describe(value)}, which JSON cannot carry; convert it before publishing`);
}

function checkArray(value: readonly unknown[], path: string, depth: number): void {
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    if (typeof item === "string") continue;
    if (item === undefined)
      throw refuse("not-json", `${path}[${i}] is undefined, which JSON turns into null; write null`);
    checkJson(item, `${path}[${i}]`, depth + 1);
  }
}

function checkObject(value: Record<string, unknown>, path: string, depth: number): void {
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue;
    if (name === "__proto__")
      throw refuse("bad-key", `${path} has a key "__proto__"; readers drop it, so it is refused`);
    const field = value[name];
    const type = typeof field;
    if (type === "string" || type === "boolean" || field === null) continue;
    if (type === "number" && Number.isFinite(field)) continue;
    checkJson(field, `${path}.${name}`, depth + 1);
  }
}

/** Plain data or an instance of a user's class; not what the platform gives a meaning JSON loses (Date, Map, bytes, Promise). */
function isPlain(value: object): boolean {
  const proto = Object.getPrototypeOf(value);
  if (proto === Object.prototype || proto === null) return true;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  return Object.prototype.toString.call(value) === "[object Object]";
}

function findSurrogate(value: unknown, path: string): void {
  if (typeof value === "string") checkText(value, path);
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    checkText(name, `a key of ${path}`);
    findSurrogate(item, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
  }
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number" || typeof value === "undefined") return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return `a ${Array.isArray(value) ? "array" : (value.constructor?.name ?? "object")}`;
}

/** At most `maxBytes` of UTF-8 once written as JSON, well-formed whatever came in: for text nobody promised anything about. */
export function clip(text: string, maxBytes: number): string {
  let end = Math.min(text.length, maxBytes);
  for (;;) {
    const cut = text.slice(0, end).toWellFormed();
    const over = Buffer.byteLength(quote(cut)) - 2 - maxBytes;
    if (over <= 0) return cut;
    end -= Math.max(1, Math.floor(over / 6));
  }
}

/** The key in clear, or an escape of one of its letters. */
const PROTO = /__proto__|\\u00(?:5f|6f|7[024])/i;

/** `JSON.parse` that drops `__proto__` keys: code that later copies fields one by one cannot be tricked. Throws as it does. */
export function parseJson(text: string): unknown {
  // Two plain searches cost a third of the expression, which decides only where an escape could be one of its letters.
  if (!text.includes("__proto__") && (!text.includes("\\u00") || !PROTO.test(text))) return JSON.parse(text);
  return JSON.parse(text, (name, value) => (name === "__proto__" ? undefined : value));
}

/** Whatever realm they are from: jest's globals are not ours. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]")
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text where the bytes are UTF-8, else the bytes. */
export function asText(body: string | Uint8Array): string | Uint8Array {
  if (typeof body === "string") return body;
  try {
    return utf8.decode(body);
  } catch {
    return body;
  }
}
