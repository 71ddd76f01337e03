/**
 * Checks and escapes text (contract C16). Text that some broker would refuse or change is either escaped, so that it is delivered
 * unchanged, or refused with the name of the field. The rules are the same on every transport.
 */
import { copyWithoutText, MessagingError } from "../api/errors.ts";

export { excerpt, oneLine } from "../base/excerpt.ts";

const NONCHARACTERS = /[\uFFFE\uFFFF]/;
const EVERY_NONCHARACTER = /[\uFFFE\uFFFF]/g;
/** How `JSON.stringify` writes a lone surrogate. Also matches an escaped backslash followed by `ud8`. */
const SUSPECT = /\\ud[89a-f]/;
/** A search for this text is eight times as fast as the pattern. */
const SUSPECT_START = "\\ud";
const HEADER_NAME = /^[a-z0-9-]+$/;
/** V8 overflows its stack at far more. */
const MAX_DEPTH = 500;

const refuse = (code: string, message: string): MessagingError =>
  new MessagingError(code, message, { kind: "permanent" });

/** Escapes U+FFFE and U+FFFF, which SQS and XML refuse. In JSON they occur only in strings, where an escape is allowed. */
export function escapeNoncharacters(json: string): string {
  return NONCHARACTERS.test(json)
    ? json.replace(EVERY_NONCHARACTER, (c) => (c === "\uFFFE" ? "\\ufffe" : "\\uffff"))
    : json;
}

/** The text as a JSON string literal. The text must be well-formed. */
export function quote(text: string): string {
  return escapeNoncharacters(JSON.stringify(text));
}

/** A text whose characters JSON writes unchanged. */
export const PLAIN = /^[\w .:/+@-]*$/;
/** Like {@link quote}, but faster for plain text. */
export const quoteName = (text: string): string => (PLAIN.test(text) ? `"${text}"` : quote(text));

/** Throws `bad-text` if the value is not a string or contains a lone surrogate (half of a UTF-16 pair), which UTF-8 cannot carry. */
function checkText(value: unknown, field: string): string {
  if (typeof value !== "string") throw refuse("bad-text", `${field} must be a string, not ${describe(value)}`);
  if (value.isWellFormed()) return value;
  throw refuse(
    "bad-text",
    `${field} holds a lone surrogate (half of a UTF-16 pair); pass well-formed text (String.prototype.toWellFormed repairs it)`,
  );
}

/** Like {@link checkText}, and throws `bad-text` for empty text. */
export function checkName(value: unknown, field: string): string {
  const text = checkText(value, field);
  if (text === "") throw refuse("bad-text", `${field} is empty; leave it out or give it text`);
  return text;
}

/** A checked copy of user headers. Throws `bad-header` for a name outside `[a-z0-9-]` or a value that is not a string, `bad-text` for malformed text. */
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
 * The JSON text of `data`, with C0 controls, U+FFFE and U+FFFF escaped. Throws `not-json` for values that JSON drops or changes (undefined,
 * bigint, Date, Map, NaN, a cycle), `bad-text` for a lone surrogate and `bad-key` for an own key `__proto__`. Each error names the field.
 */
export function jsonText(data: unknown, field = "data"): string {
  checkJson(data, field, 0);
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw new MessagingError("not-json", `${field} cannot be written as JSON; pass plain data`, {
      kind: "permanent",
      cause: copyWithoutText(cause),
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
      if (depth > 0) return; // JSON leaves out the key of an optional field.
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

/** True for plain objects and instances of a user's class. False for built-in types that JSON would lose (Date, Map, bytes, Promise). */
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

/** Cuts untrusted text so that it takes at most `maxBytes` bytes of UTF-8 as JSON. The result is always well-formed. */
export function clip(text: string, maxBytes: number): string {
  let end = Math.min(text.length, maxBytes);
  for (;;) {
    const cut = text.slice(0, end).toWellFormed();
    const over = Buffer.byteLength(quote(cut)) - 2 - maxBytes;
    if (over <= 0) return cut;
    end -= Math.max(1, Math.floor(over / 6));
  }
}

/** The key `__proto__`, or an escape of one of its letters. */
const PROTO = /__proto__|\\u00(?:5f|6f|7[024])/i;

/** `JSON.parse` without `__proto__` keys, so that code which copies fields one by one is safe. Throws the same errors. */
export function parseJson(text: string): unknown {
  // Two plain searches cost a third of the pattern, which is needed only if an escape could be one of the key's letters.
  if (!text.includes("__proto__") && (!text.includes("\\u00") || !PROTO.test(text))) return JSON.parse(text);
  return JSON.parse(text, (name, value) => (name === "__proto__" ? undefined : value));
}

/** True for a `Uint8Array` of any realm. Jest, for example, has its own globals. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]")
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The body as text if its bytes are valid UTF-8, otherwise unchanged. */
export function asText(body: string | Uint8Array): string | Uint8Array {
  if (typeof body === "string") return body;
  try {
    return utf8.decode(body);
  } catch {
    return body;
  }
}
