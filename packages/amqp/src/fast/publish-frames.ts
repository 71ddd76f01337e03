import { Buffer } from "node:buffer";
import type { AmqpChannel } from "../sdk.ts";

/** A message as amqplib hands it from `publish` to its encoder. */
interface Message {
  readonly exchange?: unknown;
  readonly routingKey?: unknown;
  readonly mandatory?: unknown;
  readonly ticket?: unknown;
  readonly immediate?: unknown;
  readonly contentType?: unknown;
  readonly contentEncoding?: unknown;
  readonly headers?: unknown;
  readonly deliveryMode?: unknown;
  readonly priority?: unknown;
  readonly correlationId?: unknown;
  readonly replyTo?: unknown;
  readonly expiration?: unknown;
  readonly messageId?: unknown;
  readonly timestamp?: unknown;
  readonly type?: unknown;
  readonly userId?: unknown;
  readonly appId?: unknown;
  readonly clusterId?: unknown;
}
type Send = (fields: Message, properties: Message, content: Buffer) => boolean;

interface Inner {
  readonly ch: number;
  sendMessage: Send;
  readonly connection: {
    frameMax: number;
    sentSinceLastCheck: boolean;
    readonly channels: Record<
      number,
      { readonly channel: unknown; readonly buffer: { write(bytes: Buffer): boolean } }
    >;
  };
}

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const END = 0xce;
const BASIC_PUBLISH = 0x3c0028;
const BASIC = 0x3c0000;
const OVERHEAD = 8;

const CONTENT_TYPE = 0x8000;
const HEADERS = 0x2000;
const DELIVERY_MODE = 0x1000;
const PRIORITY = 0x0800;
const MESSAGE_ID = 0x0080;
const TIMESTAMP = 0x0040;
const TYPE = 0x0020;
const LONG_STRING = 0x53;
const ARRAY = 0x41;

const SLAB_BYTES = 64 * 1024;
/** The largest message, counted as three bytes for each UTF-16 unit. Larger messages are left to amqplib, where copying matters less. */
const MAX_BYTES = 16 * 1024;
/** An upper bound for the bytes of the frames besides strings, headers and body. */
const FIXED_BYTES = 128;
const NAMES = 64;

/**
 * amqplib allocates a buffer for each frame of a message, one more for all of them, and copies the body twice. With this patch a channel
 * writes the same bytes into a piece of one large buffer. Properties that we do not use, headers that are not text and large messages
 * are left to amqplib, and so is a channel that is not built as expected. `publish` stays as it is, because tracers wrap it.
 */
export function writeFramesAtOnce(channel: AmqpChannel): void {
  const inner = channel as unknown as Inner;
  if (!isInner(inner)) return;
  const original = inner.sendMessage;
  const frames = new PublishFrames(inner.ch);
  // When a channel ends, amqplib replaces this function by one that refuses.
  inner.sendMessage = (fields, properties, content) => {
    const { connection } = inner;
    const bytes = content.length + OVERHEAD > connection.frameMax ? undefined : frames.of(fields, properties, content);
    if (bytes === undefined) return original.call(inner, fields, properties, content);
    connection.sentSinceLastCheck = true;
    return connection.channels[inner.ch]!.buffer.write(bytes);
  };
}

function isInner(given: Partial<Inner>): given is Inner {
  const { ch, connection, sendMessage } = given;
  return (
    typeof ch === "number" &&
    typeof sendMessage === "function" &&
    typeof connection?.frameMax === "number" &&
    connection.channels?.[ch]?.channel === given &&
    typeof connection.channels[ch].buffer?.write === "function"
  );
}

/** The value of a header: a text, or a list with one. The second routing key is such a list. */
type Value = string | readonly [string];

export class PublishFrames {
  readonly #channel: number;
  readonly #names = new Map<string, Buffer>();
  #slab: Buffer = Buffer.alloc(0);
  #used = SLAB_BYTES;
  #at = 0;

  constructor(channel: number) {
    this.#channel = channel;
  }

  /** The frames of a message. Undefined for a message that is left to amqplib. */
  of(fields: Message, properties: Message, content: Buffer): Buffer | undefined {
    const { exchange, routingKey, mandatory, ticket, immediate } = fields;
    const { contentType, headers, deliveryMode, priority, messageId, timestamp, type } = properties;
    if (ticket !== undefined || immediate !== false || !isShort(exchange) || !isShort(routingKey)) return undefined;
    if (!mayBeShort(contentType) || !mayBeShort(messageId) || !mayBeShort(type)) return undefined;
    if (!mayBeOctet(deliveryMode) || !mayBeOctet(priority) || hasMore(properties)) return undefined;
    if (timestamp !== undefined && !(Number.isSafeInteger(timestamp) && (timestamp as number) >= 0)) return undefined;
    if (!Buffer.isBuffer(content) || typeof headers !== "object" || headers === null) return undefined;
    const room = roomFor(headers as Record<string, unknown>);
    const strings = exchange.length + routingKey.length + lengthOf(contentType) + lengthOf(messageId) + lengthOf(type);
    const most = FIXED_BYTES + content.length + 3 * strings + room;
    // Also false for NaN, which means a header that is not text.
    if (!(most <= MAX_BYTES)) return undefined;
    if (this.#used + most > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const start = (this.#at = this.#used);

    this.#open(METHOD, BASIC_PUBLISH);
    this.#uint16(0);
    this.#short(exchange);
    this.#short(routingKey);
    this.#slab[this.#at++] = mandatory === true ? 1 : 0;
    this.#close(start);

    const header = this.#at;
    this.#open(HEADER, BASIC);
    this.#uint64(content.length);
    const flags = this.#at;
    this.#at += 2;
    if (contentType !== undefined) this.#short(contentType);
    this.#table(headers as Record<string, Value | undefined>);
    if (deliveryMode !== undefined) this.#slab[this.#at++] = deliveryMode;
    if (priority !== undefined) this.#slab[this.#at++] = priority;
    if (messageId !== undefined) this.#short(messageId);
    if (timestamp !== undefined) this.#uint64(timestamp as number);
    if (type !== undefined) this.#short(type);
    const set = flagsOf(properties);
    this.#slab[flags] = set >>> 8;
    this.#slab[flags + 1] = set;
    this.#close(header);

    if (content.length > 0) {
      const body = this.#at;
      this.#start(BODY);
      this.#slab.set(content, this.#at);
      this.#at += content.length;
      this.#close(body);
    }
    this.#used = this.#at;
    return this.#slab.subarray(start, this.#at);
  }

  #open(kind: number, method: number): void {
    this.#start(kind);
    this.#uint32(method);
  }

  #start(kind: number): void {
    this.#slab[this.#at++] = kind;
    this.#uint16(this.#channel);
    this.#at += 4;
  }

  #close(start: number): void {
    this.#sizeAt(start + 3, this.#at - start - 7);
    this.#slab[this.#at++] = END;
  }

  #table(headers: Readonly<Record<string, Value | undefined>>): void {
    const start = this.#at;
    this.#at += 4;
    // amqplib adds headers of its own by inheritance.
    // oxlint-disable-next-line guard-for-in
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined) continue;
      const head = this.#name(name);
      this.#slab.set(head, this.#at);
      this.#at += head.length;
      if (typeof value === "string") this.#long(value);
      else {
        this.#slab[this.#at - 1] = ARRAY;
        const list = this.#at;
        this.#at += 4;
        this.#slab[this.#at++] = LONG_STRING;
        this.#long(value[0]);
        this.#sizeAt(list, this.#at - list - 4);
      }
    }
    this.#sizeAt(start, this.#at - start - 4);
  }

  #long(text: string): void {
    this.#at += 4;
    const bytes = this.#slab.write(text, this.#at);
    this.#sizeAt(this.#at - 4, bytes);
    this.#at += bytes;
  }

  /** A header's name, encoded. Most messages have the same few. */
  #name(name: string): Buffer {
    let head = this.#names.get(name);
    if (head !== undefined) return head;
    const text = Buffer.from(name);
    head = Buffer.concat([Buffer.of(text.length), text, Buffer.of(LONG_STRING)]);
    if (this.#names.size < NAMES) this.#names.set(name, head);
    return head;
  }

  #short(text: string): void {
    const bytes = this.#slab.write(text, this.#at + 1);
    this.#slab[this.#at] = bytes;
    this.#at += 1 + bytes;
  }

  #uint16(value: number): void {
    this.#slab[this.#at++] = value >>> 8;
    this.#slab[this.#at++] = value;
  }

  #uint32(value: number): void {
    this.#sizeAt(this.#at, value);
    this.#at += 4;
  }

  #uint64(value: number): void {
    this.#uint32(Math.floor(value / 2 ** 32));
    this.#uint32(value % 2 ** 32);
  }

  #sizeAt(at: number, value: number): void {
    this.#slab[at] = value >>> 24;
    this.#slab[at + 1] = value >>> 16;
    this.#slab[at + 2] = value >>> 8;
    this.#slab[at + 3] = value;
  }
}

/** A text of up to 85 UTF-16 units always fits into a short string of AMQP. */
const isShort = (value: unknown): value is string => typeof value === "string" && value.length <= 85;
const mayBeShort = (value: unknown): value is string | undefined => value === undefined || isShort(value);
const mayBeOctet = (value: unknown): value is number | undefined =>
  value === undefined || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255);
const lengthOf = (text: string | undefined): number => (text === undefined ? 0 : text.length);

const flagsOf = ({ contentType, deliveryMode, priority, messageId, timestamp, type }: Message): number =>
  HEADERS |
  (contentType === undefined ? 0 : CONTENT_TYPE) |
  (deliveryMode === undefined ? 0 : DELIVERY_MODE) |
  (priority === undefined ? 0 : PRIORITY) |
  (messageId === undefined ? 0 : MESSAGE_ID) |
  (timestamp === undefined ? 0 : TIMESTAMP) |
  (type === undefined ? 0 : TYPE);

const hasMore = (given: Message): boolean =>
  given.contentEncoding !== undefined ||
  given.correlationId !== undefined ||
  given.replyTo !== undefined ||
  given.expiration !== undefined ||
  given.userId !== undefined ||
  given.appId !== undefined ||
  given.clusterId !== undefined;

/** An upper bound for the bytes of the headers. NaN if a header is not a {@link Value}, or its name is long. */
function roomFor(headers: Readonly<Record<string, unknown>>): number {
  let units = 0;
  // oxlint-disable-next-line guard-for-in
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const text = typeof value === "string" ? value : onlyText(value);
    if (text === undefined || name.length > 85) return Number.NaN;
    units += name.length + text.length + 8;
  }
  return 3 * units;
}

const onlyText = (value: unknown): string | undefined =>
  Array.isArray(value) && value.length === 1 && typeof value[0] === "string" ? value[0] : undefined;
