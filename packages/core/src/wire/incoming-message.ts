import type { Delivery } from "../driver/index.ts";
import { asText, DecodedMessage, dataOf, decode, fingerprint, JSON_TYPE, parseJson } from "./codec.ts";
import { type Envelope } from "./envelope.ts";
import { NO_HEADERS } from "./attributes.ts";
import { charsetOf, FOREIGN_SOURCE, FOREIGN_TYPE, type Coded, inAnyCase } from "./foreign-message.ts";
import type { LocalMessage } from "./in-process-message.ts";
import type { ChannelShape, Codec, ForeignMessage } from "../api/shapes.ts";

/** A delivery whose envelope was read and whose data was not. */
export interface Opened {
  readonly id: string;
  readonly foreign: boolean;
  /** Absent on a foreign message. */
  readonly envelope?: Envelope;
  /** Absent on a foreign message that the channel cannot name. */
  readonly type?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** On a foreign message: the body, parsed if it is JSON. */
  readonly raw?: ForeignMessage;
  /** On a foreign message with a declared or apparent coding or charset: how decoding went. */
  readonly coded?: Coded;
  /** Set if the message never left the process, so that nothing had to be decoded. */
  readonly local?: LocalMessage;
}

/** A message that never left the process. Its fields come directly from what was published. */
class LocalOpened implements Opened, Envelope {
  readonly local: LocalMessage;

  constructor(local: LocalMessage) {
    this.local = local;
  }

  get envelope(): Envelope {
    return this;
  }

  get foreign(): false {
    return false;
  }

  get id(): string {
    return this.local.id;
  }

  get type(): string {
    return this.local.type;
  }

  get source(): string {
    return this.local.common.source;
  }

  get time(): number {
    return this.local.time;
  }

  get hop(): number {
    return 0;
  }

  get key(): string | undefined {
    return this.local.key;
  }

  get contentType(): string {
    return JSON_TYPE;
  }

  get headers(): Readonly<Record<string, string>> {
    return NO_HEADERS;
  }

  get traceparent(): string | undefined {
    return this.local.extra?.trace?.traceparent;
  }

  get tracestate(): string | undefined {
    return this.local.extra?.trace?.tracestate;
  }

  get body(): string {
    return this.local.body;
  }
}

export function open(channel: ChannelShape, delivery: Delivery): Opened {
  const { local } = delivery.message;
  if (local !== undefined) return new LocalOpened(local as LocalMessage);
  const decoded = decode(delivery.message);
  if (!decoded.foreign) return decoded;
  const raw = { ...decoded.raw, body: maybeJson(decoded.raw.body) };
  const { coded } = decoded;
  const read = decoded.raw.body as string | Uint8Array;
  // A dead-letter copy carries the decoded text and does not declare the coding.
  const body = typeof read === "string" || coded?.decoded === true ? read : delivery.message.body;
  // An empty id identifies nothing, and a dead letter with it could not be read back.
  const id = delivery.id === "" ? fingerprint({ source: FOREIGN_SOURCE, id: "", type: "" }, body) : delivery.id;
  const base = { id, foreign: true, headers: raw.headers, body, raw, ...(coded && { coded }) };
  const type = foreignType(channel, raw);
  return type === undefined ? base : { ...base, type };
}

/** Text as JSON, if it is JSON. */
export function maybeJson(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return parseJson(body);
  } catch {
    return body;
  }
}

/** Undefined if the channel's function throws or returns something that is not a string. */
function foreignType(channel: ChannelShape, raw: ForeignMessage): string | undefined {
  if (typeof channel.foreign === "string") return channel.foreign;
  if (channel.foreign === undefined) return undefined;
  try {
    const type: unknown = channel.foreign(raw);
    return typeof type === "string" ? type : undefined;
  } catch {
    return undefined;
  }
}

/** The data to validate: a new value at each call, so that handlers may change it. Throws if the body cannot be read. */
export function dataFrom(opened: Opened, codec?: Codec): unknown {
  if (opened.local !== undefined) return opened.local.fresh();
  if (codec !== undefined && opened.envelope !== undefined)
    return dataOf(opened.envelope, opened.body, opened.envelope.type, codec);
  if (opened instanceof DecodedMessage) return opened.data();
  if (opened.envelope !== undefined) return dataOf(opened.envelope, opened.body);
  const text = asText(opened.body);
  return typeof text === "string" ? maybeJson(text) : text;
}

/**
 * The type that the channel's `foreign` now gives to a copy of a foreign message. The copy may have been made when the channel gave it
 * another type or none.
 */
export function renamed(channel: ChannelShape, { envelope, body }: Opened): string | undefined {
  if (envelope === undefined || envelope.source !== FOREIGN_SOURCE) return undefined;
  const { headers } = envelope;
  const type = headers[FOREIGN_TYPE] ?? envelope.type;
  return foreignType(channel, { body: maybeJson(asText(body)), headers: inAnyCase(headers), type });
}

/** The headers of a copy of a foreign message. They no longer declare a coding or charset that was decoded. */
function copiedHeaders(
  { headers, coded }: Opened,
  nativeType: string | undefined,
  type: string,
): Record<string, string> {
  const copied: Record<string, string> = { ...headers };
  if (coded?.decoded === true) {
    delete copied["content-encoding"];
    const contentType = copied["content-type"];
    if (contentType !== undefined && charsetOf(contentType) !== undefined)
      copied["content-type"] = contentType.slice(0, contentType.indexOf(";")).trim();
  }
  if (nativeType !== undefined && nativeType !== type) copied[FOREIGN_TYPE] ??= nativeType;
  return copied;
}

/** The envelope as plain data. A foreign message gets a new one, so that its dead-letter copy can carry our fields. */
export function envelopeFor(opened: Opened, delivery: Delivery, channel: string, now: number): Envelope {
  if (opened.local !== undefined) return opened.local.envelope;
  if (opened.envelope !== undefined) return opened.envelope;
  const nativeType = delivery.message.type;
  // An empty type names nothing, and the copy could not be read back.
  const type = opened.type || nativeType || `${channel}.untyped`;
  const envelope: Envelope = {
    id: opened.id,
    source: FOREIGN_SOURCE,
    type,
    time: delivery.enqueuedAt ?? now,
    hop: 0,
    contentType:
      typeof opened.raw?.body === "string"
        ? "text/plain"
        : typeof opened.body === "string"
          ? JSON_TYPE
          : "application/octet-stream",
    headers: copiedHeaders(opened, nativeType, type),
  };
  return delivery.message.key === undefined ? envelope : { ...envelope, key: delivery.message.key };
}
