/**
 * The `ce` header of core in AMQP's form: a `cloudEvents_` header for each attribute, which is the binding that AMQP 1.0 clients of
 * RabbitMQ see, the user's headers as headers, and the content type as a property.
 *
 * An envelope that could not be read back exactly is sent as `ce` itself, so that nothing is lost.
 */
import { Buffer } from "node:buffer";
import { DEAD_ATTRIBUTES, ENVELOPE_ATTRIBUTES } from "@switchyard/core/driver-kit";
import { headerText } from "./header-text.ts";

const PREFIX = "cloudEvents_";
export const TYPE_HEADER = "cloudEvents_type";
/** The ordering key. It decides the partition of a stream's record, and the bucket of another ordered message. */
export const KEY_HEADER = "cloudEvents_partitionkey";
const OTHER_PREFIX = "cloudEvents:";
const JSON_TYPE = "application/json";

/** The required attributes, in the order in which core writes them. */
const REQUIRED = ["specversion", "id", "source", "time"] as const;
const LEADING = [...REQUIRED, ...ENVELOPE_ATTRIBUTES.map(({ name }) => name)];
const NUMBERS = new Set([
  ...ENVELOPE_ATTRIBUTES.filter(({ json }) => json === "number").map(({ name }) => name),
  ...DEAD_ATTRIBUTES.filter(({ json }) => json === "number").map(({ name }) => `dead${name}`),
]);
const KNOWN = new Set<string>([...LEADING, "datacontenttype", "encoding", "headers", "dead"]);
/** Names that RabbitMQ or we use ourselves. A user's header of such a name stays inside `ce`. */
const TAKEN =
  /^(?:ce|traceparent|tracestate|content-type|cc|bcc|x-(?:death|delivery-count|acquired-count|stream-.*|opt-.*|first-death-.*|last-death-.*|received-from)|switchyard-.*)$/;

export interface Attributes {
  readonly headers: Record<string, string | number>;
  readonly contentType: string;
  readonly id: string | undefined;
  /** True if there is no attribute besides specversion, id, source and time. Absent: not known. */
  readonly plain?: boolean;
}

/**
 * The attributes of a `ce` text as headers. Undefined if we did not write the text or could not read it back exactly. The text itself is
 * then sent.
 */
export function spread(ce: string): Attributes | undefined {
  const found = parse(ce);
  if (found?.["specversion"] !== "1.0") return undefined;
  const headers: Record<string, string | number> = {};
  for (const name in found) {
    if (!KNOWN.has(name)) return undefined;
    const value = found[name];
    if (name === "headers" || name === "dead") continue;
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    if (name !== "datacontenttype") headers[PREFIX + name] = value;
  }
  const { headers: user = {}, dead, datacontenttype = JSON_TYPE } = found as Record<string, any>;
  for (const name in user) {
    if (TAKEN.test(name) || name.startsWith(PREFIX) || typeof user[name] !== "string") return undefined;
    headers[name] = user[name];
  }
  if (dead !== undefined) for (const name in dead) headers[`${PREFIX}dead${name}`] = dead[name];
  const contentType = String(datacontenttype);
  if (Buffer.byteLength(contentType) > 255 || gather(headers, contentType) !== ce) return undefined;
  return { headers, contentType, id: found["id"] as string };
}

/** The `ce` text of a message. Undefined if it lacks a required attribute and so is not a CloudEvent. */
export function gather(
  headers: Readonly<Record<string, unknown>>,
  contentType: string | undefined,
): string | undefined {
  const attribute = (name: string): string | number | undefined => {
    const value = headers[PREFIX + name] ?? headers[OTHER_PREFIX + name];
    if (!NUMBERS.has(name)) return textOf(value);
    // `Number` of an object would call a method that the sender chose.
    return typeof value === "number" || typeof value === "string" ? Number(value) : undefined;
  };
  if (attribute("specversion") === undefined || attribute("id") === undefined || attribute("source") === undefined)
    return undefined;
  const found: Record<string, unknown> = {};
  const take = (name: string) => {
    const value = attribute(name);
    if (value !== undefined) found[name] = value;
  };
  for (const name of LEADING) take(name);
  if (contentType !== undefined && contentType !== JSON_TYPE) found["datacontenttype"] = contentType;
  take("encoding");
  const user: Record<string, string> = {};
  let any = false;
  for (const name in headers) {
    if (TAKEN.test(name) || name.startsWith(PREFIX) || name.startsWith(OTHER_PREFIX)) continue;
    const value = headerText(headers[name]);
    if (value === undefined) continue;
    user[name] = value;
    any = true;
  }
  if (any) found["headers"] = user;
  const dead: Record<string, unknown> = {};
  for (const { name } of DEAD_ATTRIBUTES) {
    const value = attribute(`dead${name}`);
    if (value !== undefined) dead[name] = value;
  }
  if (dead["reason"] !== undefined) found["dead"] = dead;
  return JSON.stringify(found);
}

/** An attribute as another client may write it, such as a time as AMQP's timestamp. Undefined for a time that no `Date` can hold. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const typed = value as { "!"?: unknown; value?: unknown } | undefined | null;
  if (typed?.["!"] !== "timestamp" || typeof typed.value !== "number") return undefined;
  const time = new Date(typed.value * 1_000);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

function parse(text: string): Record<string, unknown> | undefined {
  if (text.includes("__proto__")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
