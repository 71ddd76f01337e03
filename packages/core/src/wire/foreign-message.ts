/**
 * Messages of other producers: their bodies are read by what they declare (`content-encoding`, a charset, a byte order mark),
 * and their headers can be asked for in the producer's own case. Every transport's messages come this way.
 */
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import type { WireMessage } from "../driver/index.ts";
import type { ForeignMessage } from "../api/shapes.ts";
import { asText, excerpt } from "./text.ts";

/** The source our copies name where the producer named none. */
export const FOREIGN_SOURCE = "foreign";
/** On a copy: the message type as the producer's broker had it, where the channel calls it otherwise. */
export const FOREIGN_TYPE = "foreign-type";
/** The most a compressed body may become: what the largest broker's limit takes (RabbitMQ 4's, 16 MiB). */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_CODINGS = 3;

export interface ForeignBody extends Coded {
  /** Text where it can be read as text, else bytes. */
  readonly body: string | Uint8Array;
}

/** What became of the codings a body declares. */
export interface Coded {
  /** A content coding was undone, or a charset other than UTF-8 was read: what was declared no longer holds. */
  readonly decoded: boolean;
  /** What was declared and could not be undone, for a person who asks why the body does not fit. */
  readonly note?: string | undefined;
}

/** Never throws: a body that cannot be read by what it declares stays as it came, with a note. */
export function readForeign(message: Pick<WireMessage, "body" | "headers">): ForeignBody {
  const { body, headers } = message;
  const codings = listOf(headers["content-encoding"]);
  try {
    let current: string | Uint8Array = body;
    let charset: string | undefined = charsetOf(headers["content-type"]);
    let decoded = false;
    for (const coding of codings.toReversed()) {
      if (isCharset(coding)) {
        // A widespread mistake: Celery's library writes the charset there.
        charset ??= coding;
        continue;
      }
      const decode = DECODERS[coding];
      if (decode === undefined)
        return { body: asText(body), decoded: false, note: `its content-encoding ${excerpt(coding, 60)} is not known` };
      current = decode(bytesOf(current));
      decoded = true;
    }
    const read = textOf(current, charset);
    if (typeof read.body !== "string" && read.note === undefined && !decoded && isGzip(read.body))
      return { ...read, note: 'it looks like gzip, but no header "content-encoding" says so' };
    return decoded ? { ...read, decoded } : read;
  } catch (error) {
    const tooLarge = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    const why = tooLarge ? `is more than ${MOST_BYTES} bytes when decoded` : "does not fit the body";
    return {
      body: asText(body),
      decoded: false,
      note: `its content-encoding ${excerpt(codings.join(", "), 60)} ${why}`,
    };
  }
}

const limit = { maxOutputLength: MOST_BYTES };
const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  __proto__: null as never,
  gzip: (bytes) => zlib.gunzipSync(bytes, limit),
  "x-gzip": (bytes) => zlib.gunzipSync(bytes, limit),
  // By the book it is zlib's form; some send the bare one.
  deflate: (bytes) => ((bytes[0]! & 0x0f) === 8 ? zlib.inflateSync(bytes, limit) : zlib.inflateRawSync(bytes, limit)),
  br: (bytes) => zlib.brotliDecompressSync(bytes, limit),
  // Node has it since 22.15.
  ...(typeof zlib.zstdDecompressSync === "function" ? { zstd: (bytes) => zlib.zstdDecompressSync(bytes, limit) } : {}),
  base64: (bytes) => bytes,
};

/** In the order in which they were applied; `identity` and `binary` are none. */
function listOf(declared: string | undefined): string[] {
  if (declared === undefined || declared === "") return [];
  return declared
    .slice(0, 200)
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity" && coding !== "binary" && coding !== "8bit")
    .slice(0, MOST_CODINGS);
}

/** A coded body came as text where the transport carries only that: it is base64 there. */
function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body !== "string") return body;
  if (!/^[A-Za-z0-9+/_=\s-]*$/.test(body)) throw new Error("no base64");
  return Buffer.from(body, "base64");
}

function textOf(body: string | Uint8Array, charset: string | undefined): ForeignBody {
  // A string is text already: the transport has read it, whatever the producer's charset was.
  if (typeof body === "string") return { body: body.startsWith("\uFEFF") ? body.slice(1) : body, decoded: false };
  const label = charset ?? markOf(body);
  // Without its byte order mark: the decoder drops it.
  if (label === undefined) return { body: asText(body), decoded: false };
  try {
    return { body: new TextDecoder(label, { fatal: true }).decode(body), decoded: !isUtf8(label) };
  } catch {
    return { body: asText(body), decoded: false, note: `its charset ${excerpt(label, 60)} does not fit the body` };
  }
}

const isUtf8 = (label: string): boolean => /^utf-?8$/i.test(label);

function markOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** `charset=binary` is none. */
export function charsetOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !contentType.includes(";")) return undefined;
  const found = /;\s{0,9}charset\s{0,9}=\s{0,9}"?([^\s;"]{1,40})/i.exec(contentType.slice(0, 300));
  const label = found?.[1]?.toLowerCase();
  return label === "binary" ? undefined : label;
}

/** Text of a charset other than UTF-8; undefined: none is declared, or the bytes are not of it. */
export function inCharset(bytes: Uint8Array, contentType: string): string | undefined {
  const charset = charsetOf(contentType);
  if (charset === undefined || isUtf8(charset)) return undefined;
  const { body } = textOf(bytes, charset);
  return typeof body === "string" ? body : undefined;
}

function isCharset(label: string): boolean {
  if (label in DECODERS) return false;
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/** What the channel's `foreign` is asked with. `read`: what {@link readForeign} gave. */
export function foreignOf(message: Pick<WireMessage, "headers" | "type">, read: ForeignBody): ForeignMessage {
  const raw = { body: read.body, headers: inAnyCase(message.headers) };
  return message.type === undefined ? raw : { ...raw, type: message.type };
}

/**
 * Headers with names in lower case that also answer to any other case: `headers["eventType"]`, as the producer wrote it.
 * Listing them gives the lower-case names alone.
 */
export function inAnyCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = (name: string | symbol): string | undefined => {
    if (typeof name !== "string") return undefined;
    const lower = name.toLowerCase();
    return Object.hasOwn(view, lower) ? view[lower] : undefined;
  };
  // Asked only for names that the object itself does not have.
  const anyCase = new Proxy(Object.create(null) as object, {
    get: (_, name) => own(name),
    has: (_, name) => own(name) !== undefined,
  });
  const view: Record<string, string> = Object.create(anyCase);
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (Object.hasOwn(view, lower) && name !== lower) continue;
    Object.defineProperty(view, lower, { value, enumerable: true, writable: true, configurable: true });
  }
  return view;
}
