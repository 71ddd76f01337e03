/**
 * Encodes and decodes messages as CloudEvents 1.0.
 *
 * If the broker has headers, the body is the data, and Switchyard uses four headers or properties: `type`, `ce` (compact JSON with the
 * other attributes, the content type and the user's headers), `traceparent` and `tracestate`. If it has none, the body is one
 * structured CloudEvents JSON document.
 */
import { createHash } from "node:crypto";
import type { Capabilities, WireMessage } from "../driver/index.ts";
import { fromBase64, toBase64 } from "../base/base64.ts";
import { fromAttributes, toAttributes } from "./attributes.ts";
import { type Carried, type Envelope, isCoded } from "./envelope.ts";
import { copyWithoutText, MessagingError } from "../api/errors.ts";
import { inCharset } from "./charset.ts";
import { isJson, isText } from "../base/media-type.ts";
import type { Codec } from "../api/shapes.ts";
import { encodeStructured } from "./structured-form.ts";
import { asText, escapeNoncharacters, isBytes, jsonText, parseJson } from "./text.ts";

export { BYTES_TYPE, JSON_TYPE } from "../base/media-type.ts";
export { asText, parseJson } from "./text.ts";

/**
 * A hash that identifies an event by source, id, type and data. By CloudEvents, source and id are enough, but foreign messages may break
 * that rule, and must not be taken for duplicates of each other.
 */
export function fingerprint(
  { source, id, type }: Pick<Envelope, "source" | "id" | "type">,
  body: string | Uint8Array,
): string {
  // JSON keeps the names apart: without it, two different lists of names could give the same text.
  const names = JSON.stringify([source, id, type]);
  return createHash("sha256").update(names).update("\n").update(body).digest("base64url").slice(0, 22);
}

export interface WireExtra {
  /** The deduplication id of a message that is not a copy. Default: `id:0`. */
  readonly dedup?: string | undefined;
  readonly fairness?: string | undefined;
  readonly delayMs?: number | undefined;
}

type Wire = Pick<Capabilities, "headers" | "binary">;

/** The headers that we use: `type`, `ce`, `traceparent`, `tracestate`. A transport with fewer gets the structured form. */
export const OUR_HEADERS = 4;

/**
 * Encodes a message. A `Uint8Array` is carried as bytes, everything else as JSON.
 *
 * @throws MessagingError `not-json`, `bad-text` or `bad-key` if JSON cannot carry the data.
 */
export function encode(envelope: Envelope, data: unknown, caps: Wire, extra?: WireExtra): WireMessage {
  return encodeBody(envelope, isBytes(data) ? data : jsonText(data), caps, extra, true);
}

/**
 * Like {@link encode}, for a body that is already text or bytes, such as that of a dead-letter copy. `written`: the text comes from
 * `jsonText`, so it need not be checked to be JSON.
 */
export function encodeBody(
  envelope: Envelope,
  body: string | Uint8Array,
  caps: Wire,
  extra?: WireExtra,
  written = false,
): WireMessage {
  // A received body may contain raw noncharacters. A text of `jsonText` does not.
  const given = !written && typeof body === "string" && isJson(envelope.contentType);
  const safe = given ? escapeNoncharacters(body) : body;
  const { id, hop } = envelope;
  const dedup = hop > 0 ? `${id}:${hop}:${fingerprint(envelope, body)}` : (extra?.dedup ?? `${id}:0`);
  return caps.headers < OUR_HEADERS
    ? wire(envelope, dedup, encodeStructured(envelope, safe, written), {}, extra)
    : withHeaders(envelope, dedup, safe, caps, extra);
}

function withHeaders(
  envelope: Envelope,
  dedup: string,
  body: string | Uint8Array,
  caps: Wire,
  extra: WireExtra | undefined,
): WireMessage {
  const asText = typeof body !== "string" && !caps.binary;
  const ce = toAttributes(envelope, asText);
  const headers: Record<string, string> = { ce };
  if (envelope.traceparent !== undefined) {
    headers["traceparent"] = envelope.traceparent;
    if (envelope.tracestate !== undefined) headers["tracestate"] = envelope.tracestate;
  }
  return wire(envelope, dedup, asText ? toBase64(body as Uint8Array) : body, headers, extra);
}

function wire(
  envelope: Envelope,
  dedup: string,
  body: string | Uint8Array,
  headers: Record<string, string>,
  extra: WireExtra | undefined,
): WireMessage {
  const message: { -readonly [K in keyof WireMessage]: WireMessage[K] } = {
    body,
    headers,
    type: envelope.type,
    dedup,
  };
  if (envelope.key !== undefined) message.key = envelope.key;
  if (envelope.carried !== undefined) carry(message, envelope.carried);
  if (extra === undefined) return message;
  if (extra.fairness !== undefined) message.fairness = extra.fairness;
  if (extra.delayMs !== undefined && extra.delayMs > 0) message.delayMs = extra.delayMs;
  return message;
}

/** The attribute by which Amazon's extended clients know a pointer. Their older versions write another, but read this too. */
const SIZE_ATTRIBUTE = "ExtendedPayloadSize";

function carry(message: { -readonly [K in keyof WireMessage]: WireMessage[K] }, carried: Carried): void {
  const { coding, ref, refBytes, refAttribute = SIZE_ATTRIBUTE } = carried;
  if (ref !== undefined && refBytes !== undefined) message.offloaded = { bytes: refBytes, attribute: refAttribute };
  else if (coding !== undefined && carried.codedBytes !== undefined) message.coding = coding;
}

/** A decoded message with an envelope. */
export class DecodedMessage {
  readonly foreign = false;
  readonly envelope: Envelope;
  readonly body: string | Uint8Array;
  /** The data, if reading the envelope already parsed it. It is returned once and then dropped. */
  #data: unknown;

  constructor(envelope: Envelope, body: string | Uint8Array, data?: unknown) {
    this.envelope = envelope;
    this.body = body;
    this.#data = data;
  }

  /** The data as {@link dataOf} returns it: a new value at each call. */
  data(): unknown {
    const data = this.#data;
    if (data === undefined) return dataOf(this.envelope, this.body);
    this.#data = undefined;
    return data;
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
}

/** Decodes a message whose envelope is in our header. Undefined if it is not: see decode.ts. */
export function decodeOwn(message: WireMessage): DecodedMessage | undefined {
  const ce = message.headers["ce"];
  const envelope = ce === undefined ? undefined : fromAttributes(ce, message.type, message.headers);
  const body = envelope && unwrap(message.body, envelope);
  return body === undefined ? undefined : new DecodedMessage(envelope as Envelope, body);
}

function unwrap(body: string | Uint8Array, envelope: Envelope): string | Uint8Array | undefined {
  if (envelope.encoding === "base64") {
    const text = asText(body);
    return typeof text === "string" ? fromBase64(text) : undefined;
  }
  return isText(envelope.contentType) && !isCoded(envelope) ? asText(body) : body;
}

function decodedBy(codec: Codec, body: string | Uint8Array, type: string): unknown {
  const given = isText(codec.contentType) ? asText(body) : typeof body === "string" ? Buffer.from(body) : body;
  try {
    return codec.decode(given, type);
  } catch (cause) {
    throw new MessagingError("not-decodable", `its codec cannot read the body as ${codec.contentType}`, {
      kind: "permanent",
      cause: copyWithoutText(cause),
    });
  }
}

function inDeclaredCharset({ contentType }: Pick<Envelope, "contentType">, body: Uint8Array): string | Uint8Array {
  return isText(contentType) ? (inCharset(body, contentType) ?? body) : body;
}

/**
 * The data of a decoded message, with JSON parsed, or as the codec of the body's media type reads it.
 *
 * @throws MessagingError `not-json` if the content type says JSON but the body is not JSON.
 */
export function dataOf(
  envelope: Pick<Envelope, "contentType">,
  body: string | Uint8Array,
  type?: string,
  codec?: Codec,
): unknown {
  if (codec !== undefined && envelope.contentType === codec.contentType) return decodedBy(codec, body, type ?? "");
  const text = typeof body === "string" ? body : inDeclaredCharset(envelope, body);
  if (typeof text !== "string" || !isJson(envelope.contentType)) return text;
  try {
    return parseJson(text);
  } catch {
    // Without the parser's error, which quotes the body.
    throw new MessagingError("not-json", "the body is not valid JSON, although its content type says so", {
      kind: "permanent",
    });
  }
}
