/**
 * The message as it stands on the wire: CloudEvents 1.0 attributes.
 *
 * Where the broker has headers, the body is the data as it is, and four headers or properties are ours: `type` in clear, `ce`
 * (compact JSON: the other attributes, the content type and user headers), `traceparent`, `tracestate`. Where it has none, the
 * body is one structured CloudEvents JSON document.
 */
import { createHash } from "node:crypto";
import type { Capabilities, WireMessage } from "../driver/index.ts";
import { fromBase64, toBase64 } from "../base/base64.ts";
import { fromAttributes, toAttributes } from "./attributes.ts";
import type { Envelope } from "./envelope.ts";
import { MessagingError } from "../api/errors.ts";
import { type Coded, foreignOf, inCharset, readForeign } from "./foreign-message.ts";
import { isJson, isText } from "../base/media-type.ts";
import type { ForeignMessage } from "../api/shapes.ts";
import { decodeStructured, encodeStructured } from "./structured-form.ts";
import { asText, escapeNoncharacters, isBytes, jsonText, parseJson } from "./text.ts";

export { BYTES_TYPE, JSON_TYPE } from "../base/media-type.ts";
export { asText, parseJson } from "./text.ts";

/**
 * Tells an event from any other: two with the same source and id are the same only if type and data are. CloudEvents
 * promises that source and id are enough, but a message that came from outside may break that promise, and it must not be
 * taken for a repetition of another one.
 */
export function fingerprint(
  { source, id, type }: Pick<Envelope, "source" | "id" | "type">,
  body: string | Uint8Array,
): string {
  // The names as JSON: no choice of names can move a border between them.
  const names = JSON.stringify([source, id, type]);
  return createHash("sha256").update(names).update("\n").update(body).digest("base64url").slice(0, 22);
}

export interface WireExtra {
  /** Of a message that is no copy, where it is not `id:0`. */
  readonly dedup?: string | undefined;
  readonly fairness?: string | undefined;
  readonly delayMs?: number | undefined;
}

type Wire = Pick<Capabilities, "headers" | "binary">;

/** `type`, `ce`, `traceparent`, `tracestate`: a transport with fewer headers gets the structured form. */
const OUR_HEADERS = 4;

/** Bytes are carried as bytes; anything else as JSON, and what JSON cannot carry throws `not-json`, `bad-text` or `bad-key`. */
export function encode(envelope: Envelope, data: unknown, caps: Wire, extra?: WireExtra): WireMessage {
  return encodeBody(envelope, isBytes(data) ? data : jsonText(data), caps, extra, true);
}

/**
 * As {@link encode}, for a body that is already text or bytes: a dead-letter copy is what was received. `written`: the text is
 * `jsonText`'s, and need not be shown to be JSON.
 */
export function encodeBody(
  envelope: Envelope,
  body: string | Uint8Array,
  caps: Wire,
  extra?: WireExtra,
  written = false,
): WireMessage {
  // What was received may hold them raw; a message of ours does not.
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
  if (extra === undefined) return message;
  if (extra.fairness !== undefined) message.fairness = extra.fairness;
  if (extra.delayMs !== undefined && extra.delayMs > 0) message.delayMs = extra.delayMs;
  return message;
}

export type Decoded = DecodedMessage | { readonly foreign: true; readonly raw: ForeignMessage; readonly coded?: Coded };

/** One of ours, read. */
export class DecodedMessage {
  readonly foreign = false;
  readonly envelope: Envelope;
  readonly body: string | Uint8Array;
  /** The data, where reading the envelope has parsed it: given away once. */
  #data: unknown;

  constructor(envelope: Envelope, body: string | Uint8Array, data?: unknown) {
    this.envelope = envelope;
    this.body = body;
    this.#data = data;
  }

  /** As {@link dataOf}: a fresh value at each call. */
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

/**
 * Never throws: what is not a whole envelope is foreign. `body` is text where the content type says so and the bytes are
 * UTF-8, else bytes. JSON text is as it came: give it to {@link parseJson}.
 */
export function decode(message: WireMessage): Decoded {
  const ce = message.headers["ce"];
  if (ce !== undefined) {
    const envelope = fromAttributes(ce, message.type, message.headers);
    if (envelope === undefined) return foreign(message);
    const body = unwrap(message.body, envelope);
    return body === undefined ? foreign(message) : new DecodedMessage(envelope, body);
  }
  const structured = decodeStructured(asText(message.body));
  return structured === undefined
    ? foreign(message)
    : new DecodedMessage(structured.envelope, structured.body, structured.data);
}

/** A whole envelope may show only once a content coding, a charset or a byte order mark is undone. */
function foreign(message: WireMessage): Decoded {
  const read = readForeign(message);
  const structured = read.body === message.body ? undefined : decodeStructured(read.body);
  if (structured !== undefined) return new DecodedMessage(structured.envelope, structured.body, structured.data);
  const raw = foreignOf(message, read);
  return read.decoded || read.note !== undefined
    ? { foreign: true, raw, coded: { decoded: read.decoded, note: read.note } }
    : { foreign: true, raw };
}

function unwrap(body: string | Uint8Array, envelope: Envelope): string | Uint8Array | undefined {
  if (envelope.encoding === "base64") {
    const text = asText(body);
    return typeof text === "string" ? fromBase64(text) : undefined;
  }
  return isText(envelope.contentType) ? asText(body) : body;
}

function inDeclaredCharset({ contentType }: Envelope, body: Uint8Array): string | Uint8Array {
  return isText(contentType) ? (inCharset(body, contentType) ?? body) : body;
}

/** The data of a decoded message, JSON parsed; throws `not-json` where the content type promises JSON that is not there. */
export function dataOf(envelope: Envelope, body: string | Uint8Array): unknown {
  const text = typeof body === "string" ? body : inDeclaredCharset(envelope, body);
  if (typeof text !== "string" || !isJson(envelope.contentType)) return text;
  try {
    return parseJson(text);
  } catch (cause) {
    throw new MessagingError("not-json", "the body is not the JSON its content type promises", {
      kind: "permanent",
      cause,
    });
  }
}
