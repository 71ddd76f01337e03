/**
 * Foreign messages: those that Switchyard did not publish. Their bodies are decoded as they declare (`content-encoding`, charset, byte
 * order mark), and their headers can be looked up in any case. All transports use this.
 */
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import type { WireMessage } from "../driver/index.ts";
import type { ForeignMessage } from "../api/shapes.ts";
import { charsetOf, isUtf8 } from "./charset.ts";
import { asText, excerpt } from "./text.ts";

/** The `source` of our copies of foreign messages. */
export const FOREIGN_SOURCE = "foreign";
/** A header of a copy: the message's type as the broker delivered it, if the channel uses another name. */
export const FOREIGN_TYPE = "foreign-type";
/** The largest decoded body: 16 MiB, the largest message of any supported broker (RabbitMQ 4). */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_CODINGS = 3;

export interface ForeignBody extends Coded {
  /** Text if the body can be read as text, otherwise bytes. */
  readonly body: string | Uint8Array;
}

/** How decoding went. */
export interface Coded {
  /** True if a content coding or a charset other than UTF-8 was decoded, so the declared headers no longer apply. */
  readonly decoded: boolean;
  /** What could not be decoded, for a person who wonders why the body does not match the schema. */
  readonly note?: string | undefined;
}

/** Decodes the body of a foreign message. It never throws: a body that cannot be decoded is returned unchanged, with a note. */
export function readForeign(message: Pick<WireMessage, "body" | "headers">): ForeignBody {
  const { body, headers } = message;
  const codings = listOf(headers["content-encoding"]);
  try {
    let current: string | Uint8Array = body;
    let charset: string | undefined = charsetOf(headers["content-type"]);
    let decoded = false;
    for (const coding of codings.toReversed()) {
      if (isCharset(coding)) {
        // A common mistake: Celery's library puts the charset into content-encoding.
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
  // The standard says zlib format; some producers send raw deflate.
  deflate: (bytes) => ((bytes[0]! & 0x0f) === 8 ? zlib.inflateSync(bytes, limit) : zlib.inflateRawSync(bytes, limit)),
  br: (bytes) => zlib.brotliDecompressSync(bytes, limit),
  // Available since Node 22.15.
  ...(typeof zlib.zstdDecompressSync === "function" ? { zstd: (bytes) => zlib.zstdDecompressSync(bytes, limit) } : {}),
  base64: (bytes) => bytes,
};

/** The content codings in the order in which they were applied. `identity`, `binary` and `8bit` are not codings. */
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

/** The bytes of an encoded body. A transport that carries only text has them as base64. */
function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body !== "string") return body;
  if (!/^[A-Za-z0-9+/_=\s-]*$/.test(body)) throw new Error("not base64");
  return Buffer.from(body, "base64");
}

function textOf(body: string | Uint8Array, charset: string | undefined): ForeignBody {
  // A string was already decoded by the transport, whatever the producer's charset was.
  if (typeof body === "string") return { body: body.startsWith("\uFEFF") ? body.slice(1) : body, decoded: false };
  const label = charset ?? markOf(body);
  if (label === undefined) return { body: asText(body), decoded: false };
  try {
    return { body: new TextDecoder(label, { fatal: true }).decode(body), decoded: !isUtf8(label) };
  } catch {
    return { body: asText(body), decoded: false, note: `its charset ${excerpt(label, 60)} does not fit the body` };
  }
}

function markOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

function isCharset(label: string): boolean {
  if (label in DECODERS) return false;
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/** The argument of a channel's `foreign` function. `read` is the result of {@link readForeign}. */
export function foreignOf(message: Pick<WireMessage, "headers" | "type">, read: ForeignBody): ForeignMessage {
  const raw = { body: read.body, headers: inAnyCase(message.headers) };
  return message.type === undefined ? raw : { ...raw, type: message.type };
}

/**
 * Headers with lower-case names that can be looked up in any case, as in `headers["eventType"]`. Enumerating them gives only the
 * lower-case names. `__proto__` is dropped, as from a body.
 */
export function inAnyCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = (name: string | symbol): string | undefined => {
    if (typeof name !== "string") return undefined;
    const lower = name.toLowerCase();
    return Object.hasOwn(view, lower) ? view[lower] : undefined;
  };
  // As the prototype, it is used only for names that the object itself does not have.
  const anyCase = new Proxy(Object.create(null) as object, {
    get: (_, name) => own(name),
    has: (_, name) => own(name) !== undefined,
  });
  const view: Record<string, string> = Object.create(anyCase);
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower === "__proto__" || (Object.hasOwn(view, lower) && name !== lower)) continue;
    Object.defineProperty(view, lower, { value, enumerable: true, writable: true, configurable: true });
  }
  return view;
}
