import type { Delivery, LocalContent, WireMessage } from "../driver.ts";
import { asText, DecodedMessage, dataOf, decode, type Envelope, JSON_TYPE, parseJson } from "../envelope.ts";
import { isMessagingError } from "../errors.ts";
import type { ChannelShape, ForeignMessage } from "../shapes.ts";
import type { Condemned } from "./decide.ts";

/** A delivery with its envelope read: what it is, before its data is looked at. */
export interface Opened {
  readonly id: string;
  readonly foreign: boolean;
  /** Absent on a foreign message. */
  readonly envelope?: Envelope;
  /** Absent where a foreign message cannot be told: it is then untyped. */
  readonly type?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Foreign: the body with JSON parsed, where it is JSON. */
  readonly raw?: ForeignMessage;
  /** It never left the process, and need not be read. */
  readonly local?: LocalContent;
}

class LocalOpened implements Opened {
  readonly foreign = false;
  readonly envelope: Envelope;
  readonly local: LocalContent;
  readonly #message: WireMessage;

  constructor(message: WireMessage, local: LocalContent) {
    this.envelope = local.envelope as Envelope;
    this.local = local;
    this.#message = message;
  }

  get id(): string {
    return this.envelope.id;
  }

  get type(): string {
    return this.envelope.type;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.envelope.headers;
  }

  get body(): string | Uint8Array {
    return this.#message.body;
  }
}

export function open(channel: ChannelShape, delivery: Delivery): Opened {
  const { local } = delivery.message;
  if (local !== undefined) return new LocalOpened(delivery.message, local);
  const decoded = decode(delivery.message);
  if (!decoded.foreign) return decoded;
  const raw = { ...decoded.raw, body: maybeJson(decoded.raw.body) };
  const base = { id: delivery.id, foreign: true, headers: raw.headers, body: delivery.message.body, raw };
  const type = foreignType(channel, raw);
  return type === undefined ? base : { ...base, type };
}

function maybeJson(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return parseJson(body);
  } catch {
    return body;
  }
}

function foreignType(channel: ChannelShape, raw: ForeignMessage): string | undefined {
  if (typeof channel.foreign === "string") return channel.foreign;
  if (channel.foreign === undefined) return undefined;
  try {
    return channel.foreign(raw);
  } catch {
    return undefined;
  }
}

/** The data to validate; a fresh value at each call, so that a handler may change what it was given. */
export function dataFrom(opened: Opened): { readonly data: unknown } | Condemned {
  if (opened.local !== undefined) return { data: opened.local.fresh() };
  if (opened.envelope === undefined) {
    const text = asText(opened.body);
    return { data: typeof text === "string" ? maybeJson(text) : text };
  }
  try {
    return { data: opened instanceof DecodedMessage ? opened.data() : dataOf(opened.envelope, opened.body) };
  } catch (error) {
    const reason = isMessagingError(error) ? error.message : "the body cannot be read";
    return { action: "deadLetter", code: "invalid-message", reason, error };
  }
}

/** An envelope for a message that has none, so that its dead-letter copy can carry our fields. */
export function envelopeFor(opened: Opened, delivery: Delivery, channel: string, now: number): Envelope {
  if (opened.envelope !== undefined) return opened.envelope;
  const envelope: Envelope = {
    id: delivery.id,
    source: "foreign",
    type: delivery.message.type ?? opened.type ?? `${channel}.untyped`,
    time: delivery.enqueuedAt ?? now,
    hop: 0,
    contentType:
      typeof opened.raw?.body === "string"
        ? "text/plain"
        : typeof delivery.message.body === "string"
          ? JSON_TYPE
          : "application/octet-stream",
    headers: opened.headers,
  };
  return delivery.message.key === undefined ? envelope : { ...envelope, key: delivery.message.key };
}
