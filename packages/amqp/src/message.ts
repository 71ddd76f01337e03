import { Buffer } from "node:buffer";
import { isUtf8 } from "node:buffer";
import type { WireMessage } from "@switchyard/core/driver";
import { charsetOf, readForeign } from "@switchyard/core/driver-kit";
import type { FastPaths } from "./fast-paths.ts";
import type { AmqpMessage, AmqpProperties, PublishOptions } from "./sdk.ts";
import { gather, KEY_HEADER, spread, TYPE_HEADER } from "./message/cloud-events.ts";
import { ATTEMPTS, LEFT } from "./retry/delay-queues.ts";
import { headerText } from "./message/header-text.ts";

const BYTES = "application/octet-stream";
const JSON_TYPE = "application/json";
const SHORT = 255;
/** Headers that RabbitMQ adds to a message. They are not part of what the producer sent. */
const BROKERS = /^x-(?:death|delivery-count|acquired-count|stream-offset|first-death-.*|last-death-.*|opt-.*)$/;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface ToSend {
  readonly content: Buffer;
  /** Made for this message, so more may be set. */
  readonly options: Mutable<PublishOptions> & { headers: Record<string, unknown>; messageId: string };
}

/**
 * `makeId` makes an id for a message without one, so that its return can be told apart from others. An attribute is sent once, as a header,
 * and not as a property too: the time and the type as properties cost the broker more than all the headers.
 */
export function toAmqp(message: WireMessage, makeId: () => string, fast: FastPaths | undefined): ToSend {
  const { body, type } = message;
  const { ce } = message.headers;
  const attributes = ce === undefined ? undefined : (fast?.spread(ce) ?? spread(ce));
  const headers = headersFor(message, attributes?.headers);
  const id = attributes?.id ?? (ce === undefined ? undefined : idOf(ce));
  const contentType = attributes?.contentType ?? (typeof body === "string" ? undefined : BYTES);
  const options: ToSend["options"] = {
    headers,
    persistent: true,
    messageId: id === undefined || !isShort(id) ? makeId() : id,
  };
  if (contentType !== undefined && isShort(contentType)) options.contentType = contentType;
  if (attributes === undefined && type !== undefined && isShort(type)) options.type = type;
  if (ce !== undefined && attributes?.plain !== true) restore(ce, options);
  if (message.coding !== undefined) options.contentEncoding = message.coding;
  return { content: typeof body === "string" ? Buffer.from(body) : asBuffer(body), options };
}

/** Properties that describe a message, and the headers that carry them through core. */
const PROPERTIES = [
  ["contentEncoding", "content-encoding"],
  ["correlationId", "correlation-id"],
  ["replyTo", "reply-to"],
  ["appId", "app-id"],
  ["type", "foreign-type"],
] as const;

/** Restores the original properties on a copy of another producer's message. */
function restore(ce: string, options: ToSend["options"]): void {
  if (!ce.includes('"source":"foreign"')) return;
  const { source, headers } = (parsed(ce) ?? {}) as { source?: unknown; headers?: Record<string, unknown> };
  if (source !== "foreign" || typeof headers !== "object" || headers === null) return;
  for (const [property, name] of PROPERTIES) {
    const value = headers[name];
    if (typeof value === "string" && isShort(value)) options[property] = value;
  }
  const contentType = headers["content-type"];
  if (options.contentType === undefined && typeof contentType === "string" && isShort(contentType))
    options.contentType = contentType;
  const priority = Number(headers["priority"] ?? Number.NaN);
  if (Number.isInteger(priority) && priority >= 0 && priority <= 255) options.priority = priority;
}

/** Adds to `attributes` if there is one, because it was made for this message. */
function headersFor(
  { headers: given, type, key }: WireMessage,
  attributes: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const headers: Record<string, unknown> = attributes ?? { ...given };
  if (attributes !== undefined)
    for (const name in given) if (name !== "ce" && !Object.hasOwn(headers, name)) headers[name] = given[name];
  if (type !== undefined) headers[TYPE_HEADER] = type;
  if (key !== undefined) headers[KEY_HEADER] = key;
  return headers;
}

/** True if the text fits into a short string of AMQP. */
const isShort = (text: string): boolean => 3 * text.length <= SHORT || Buffer.byteLength(text) <= SHORT;

function parsed(ce: string): Record<string, unknown> | undefined {
  try {
    return (JSON.parse(ce) ?? undefined) as Record<string, unknown> | undefined;
  } catch {
    return undefined;
  }
}

function idOf(ce: string): string | undefined {
  const id = parsed(ce)?.["id"];
  return typeof id === "string" ? id : undefined;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The bytes of body, headers, type and key as they are sent. The broker's limit counts the body alone, so this errs on the safe side. */
export function sizeOf(message: WireMessage): number {
  let bytes = Buffer.byteLength(message.body);
  for (const name in message.headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(message.headers[name]!) + 6;
  if (message.type !== undefined) bytes += 2 * Buffer.byteLength(message.type) + TYPE_HEADER.length + 6;
  if (message.key !== undefined) bytes += Buffer.byteLength(message.key) + KEY_HEADER.length + 6;
  return bytes;
}

/** An upper bound of {@link sizeOf} that costs less: UTF-8 has at most three bytes for each UTF-16 unit of a string. */
export function mostBytes({ body, headers, type = "", key = "" }: WireMessage): number {
  let units = body.length + 2 * type.length + key.length + TYPE_HEADER.length + KEY_HEADER.length + 12;
  for (const name in headers) units += name.length + headers[name]!.length + 6;
  return 3 * units;
}

export interface Received {
  readonly message: WireMessage;
  readonly id: string | undefined;
  /** How many milliseconds the message must still be held back. */
  readonly leftMs: number;
  /** Failed attempts of earlier copies. */
  readonly attempts: number;
  /** How often the message has gone back to the broker. Undefined if the broker does not count it. */
  readonly returned: number | undefined;
  /** The offset of a stream's record. */
  readonly offset: number | undefined;
}

/** Never throws: another producer's headers may be of any type. */
export function fromAmqp({ content, properties }: AmqpMessage, keyed: boolean, fast: FastPaths | undefined): Received {
  const given = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const type = headerText(given[TYPE_HEADER] ?? given["cloudEvents:type"]) ?? (properties.type || undefined);
  const key = headerText(given[KEY_HEADER] ?? given["cloudEvents:partitionkey"]);
  const returned = numberOf(given["x-delivery-count"]);
  const headers = headersOf(given, properties, fast);
  return {
    message: {
      body: isCoded(properties) ? codedBody(content, properties, headers) : bodyOf(content, properties.contentType),
      headers,
      ...(type === undefined ? {} : { type }),
      ...(keyed && key !== undefined ? { key } : {}),
    },
    id: properties.messageId,
    leftMs: numberOf(given[LEFT]) ?? 0,
    attempts: numberOf(given[ATTEMPTS]) ?? 0,
    returned,
    offset: numberOf(given["x-stream-offset"]),
  };
}

/** The offset of a stream's record, without reading the rest. */
export const offsetOf = ({ properties }: AmqpMessage): number | undefined =>
  numberOf(properties.headers?.["x-stream-offset"]);

function headersOf(
  given: Readonly<Record<string, unknown>>,
  properties: AmqpProperties,
  fast: FastPaths | undefined,
): Record<string, string> {
  const { contentType } = properties;
  const headers: Record<string, string> = Object.create(null);
  const ce =
    typeof given["ce"] === "string" ? given["ce"] : (fast?.gather(given, contentType) ?? gather(given, contentType));
  if (ce !== undefined) {
    headers["ce"] = ce;
    for (const name of ["traceparent", "tracestate"]) {
      const value = headerText(given[name]);
      if (value !== undefined) headers[name] = value;
    }
    return headers;
  }
  for (const [name, value] of Object.entries(given)) {
    if (BROKERS.test(name) || name === LEFT || name === ATTEMPTS || name === TYPE_HEADER || name === KEY_HEADER)
      continue;
    const text = headerText(value);
    const lower = name.toLowerCase();
    if (text !== undefined && (!(lower in headers) || name === lower)) headers[lower] = text;
  }
  if (contentType !== undefined && contentType !== BYTES) headers["content-type"] ??= contentType;
  for (const [property, name] of PROPERTIES) {
    const value = property === "type" ? undefined : properties[property];
    if (typeof value === "string" && value !== "") headers[name] ??= value;
  }
  if (typeof properties.priority === "number") headers["priority"] ??= String(properties.priority);
  return headers;
}

/** The attribute of the messages that core compressed. */
const OUR_CODING = '"contentencoding":';

/** True if the content type or encoding says that the bytes are not plain UTF-8. */
function isCoded({ contentType, contentEncoding }: AmqpProperties): boolean {
  if (contentEncoding !== undefined && contentEncoding !== "") return true;
  if (contentType === undefined || contentType === JSON_TYPE) return false;
  const charset = charsetOf(contentType);
  return charset !== undefined && charset !== "utf-8" && charset !== "utf8";
}

/**
 * Core decodes what a foreign message declares, and what we compressed. Another producer's CloudEvent cannot declare a content encoding
 * to core, so it is decoded here.
 */
function codedBody(
  content: Buffer,
  { contentEncoding = "" }: AmqpProperties,
  headers: Readonly<Record<string, string>>,
): string | Uint8Array {
  const body = new Uint8Array(content);
  const { ce } = headers;
  if (ce === undefined || contentEncoding === "" || ce.includes(OUR_CODING)) return body;
  return readForeign({ body, headers: { "content-encoding": contentEncoding } }).body;
}

const TEXT = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i;

/** Bytes only if the content type says so or it is not valid UTF-8. */
function bodyOf(content: Buffer, contentType: string | undefined): string | Uint8Array {
  if (contentType !== undefined && contentType !== "" && !TEXT.test(contentType)) return new Uint8Array(content);
  return isUtf8(content) ? content.toString() : new Uint8Array(content);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/**
 * Headers by which a producer steers where a message goes or whether it is kept: sender-selected distribution (`CC`, `BCC`),
 * the delayed-message plugin and the deduplication plugin. The producer's own publish has used them. A copy that still had
 * them would be routed to those queues again, or be dropped as a repetition of the original. They are known by their exact
 * case; `cc` is an ordinary header.
 */
const STEERING = /^(?:CC|BCC|x-delay|x-deduplication-header|x-cache-ttl)$/;

/**
 * The options to publish a copy of a message with. It has our notes, but neither the broker's notes nor headers that would steer the
 * broker a second time. `expiration` is not copied because it has begun to run with the original, and `user-id` is not because it may
 * only name the publishing user.
 */
export function copyOf(
  message: AmqpMessage,
  notes: Readonly<Record<string, number>>,
): PublishOptions & { headers: Record<string, unknown> } {
  const { headers: given = {}, ...rest } = message.properties;
  const headers: Record<string, unknown> = {};
  for (const name in given) if (!BROKERS.test(name) && !STEERING.test(name)) headers[name] = given[name];
  for (const name in notes) {
    if (notes[name]! > 0) headers[name] = notes[name];
    else delete headers[name];
  }
  const options: Record<string, unknown> = { headers, persistent: true };
  for (const name of [
    "contentType",
    "contentEncoding",
    "messageId",
    "timestamp",
    "type",
    "priority",
    "correlationId",
    "replyTo",
    "appId",
  ] as const) {
    if (rest[name] !== undefined) options[name] = rest[name];
  }
  return options as unknown as PublishOptions & { headers: Record<string, unknown> };
}
