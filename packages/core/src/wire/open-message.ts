/** Reads the envelope of a message of any form, and gives messages of other producers a type and an envelope. */
import type { ChannelShape, ForeignMessage } from "../api/shapes.ts";
import type { Delivery } from "../driver/index.ts";
import { charsetOf } from "./charset.ts";
import { asText, fingerprint, JSON_TYPE } from "./codec.ts";
import { decode } from "./decode.ts";
import type { Envelope } from "./envelope.ts";
import { FOREIGN_SOURCE, FOREIGN_TYPE, inAnyCase } from "./foreign-message.ts";
import { maybeJson, type Opened, openOwn } from "./incoming-message.ts";

export function open(channel: ChannelShape, delivery: Delivery): Opened {
  const own = openOwn(delivery);
  if (own !== undefined) return own;
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
