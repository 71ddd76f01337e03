/** Compresses bodies, and inflates them within bounds. */
import { promisify } from "node:util";
import zlib from "node:zlib";
import { MessagingError } from "../api/errors.ts";
import { toBytes } from "./bytes.ts";
import type { Attributes, Coding, Content, Reading, Step, Writing } from "../pipeline/content.ts";
import { MOST_BYTES } from "./limits.ts";

export interface CompressOptions {
  /** Smaller bodies are left alone, in bytes. */
  readonly above: number;
  readonly with: Coding["name"];
}

/** Larger bodies are compressed and inflated on the thread pool, so that the event loop goes on. In bytes. */
const ASIDE_BYTES = 64 * 1_024;
/** A compressed form must be smaller than this share of the plain one, or it is not worth its time. */
const WORTH = 0.9;
/** Bytes that the two attributes of a compressed message take. */
const ATTRIBUTE_BYTES = 50;
/** A body may inflate to {@link RATIO} times its size, and to {@link FREE_BYTES} whatever its size. Real text shrinks to a twentieth. */
const RATIO = 100;
const FREE_BYTES = 1_024 * 1_024;

type Inflate = {
  readonly sync: (body: Uint8Array, most: number) => Buffer;
  readonly aside: (body: Uint8Array, most: number) => Promise<Buffer>;
};
type Deflate = { readonly sync: (body: Uint8Array) => Buffer; readonly aside: (body: Uint8Array) => Promise<Buffer> };

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
/** Quality 4 is as small as gzip's best on JSON of a few KiB, at a third of its time. */
const brotli = (body: Uint8Array) => ({
  params: { [BROTLI_PARAM_QUALITY]: 4, [BROTLI_PARAM_SIZE_HINT]: body.byteLength },
});

const DEFLATE: Readonly<Record<Coding["name"], Deflate>> = {
  br: {
    sync: (body) => zlib.brotliCompressSync(body, brotli(body)),
    aside: (body) => promisify(zlib.brotliCompress)(body, brotli(body)),
  },
  gzip: { sync: (body) => zlib.gzipSync(body), aside: (body) => promisify(zlib.gzip)(body) },
  zstd: { sync: (body) => zlib.zstdCompressSync(body), aside: (body) => promisify(zlib.zstdCompress)(body) },
};

const INFLATE: Readonly<Record<Coding["name"], Inflate>> = {
  br: {
    sync: (body, maxOutputLength) => zlib.brotliDecompressSync(body, { maxOutputLength }),
    aside: (body, maxOutputLength) => promisify(zlib.brotliDecompress)(body, { maxOutputLength }),
  },
  gzip: {
    sync: (body, maxOutputLength) => zlib.gunzipSync(body, { maxOutputLength }),
    aside: (body, maxOutputLength) => promisify(zlib.gunzip)(body, { maxOutputLength }),
  },
  zstd: {
    sync: (body, maxOutputLength) => zlib.zstdDecompressSync(body, { maxOutputLength }),
    aside: (body, maxOutputLength) => promisify(zlib.zstdDecompress)(body, { maxOutputLength }),
  },
};

/** True if this Node can compress with zstd: from 22.15 and 23.8 on. */
const hasZstd = (): boolean => typeof zlib.zstdCompressSync === "function";

/** Compresses with one coding and reads all of them. Without options it only reads. */
export class Compression implements Step {
  readonly name = "compress";
  readonly #options: CompressOptions | undefined;

  constructor(options: CompressOptions | undefined) {
    this.#options = options;
  }

  /** A body is never larger afterwards. */
  most(bytes: number): number {
    return bytes;
  }

  write(content: Content, _: Attributes, { binary }: Writing): Content | Promise<Content> {
    const options = this.#options;
    // Three bytes for each UTF-16 unit are the most that UTF-8 needs.
    if (options === undefined || 3 * content.body.length < options.above) return content;
    const plain = toBytes(content.body);
    if (plain.byteLength < options.above) return content;
    const { sync, aside } = DEFLATE[options.with];
    const keep = (packed: Buffer) => worthwhile(content, plain.byteLength, packed, options.with, binary);
    return plain.byteLength <= ASIDE_BYTES ? keep(sync(plain)) : aside(plain).then(keep);
  }

  read(content: Content, _: Attributes, how: Reading): Content | Promise<Content> {
    const { coding } = content;
    if (coding === undefined) return content;
    const packed = toBytes(content.body);
    const most = boundOf(coding, packed.byteLength);
    const reserved = how.reserve(most);
    return reserved === undefined
      ? inflate(content, coding, packed, most)
      : reserved.then(() => inflate(content, coding, packed, most));
  }
}

function worthwhile(content: Content, plain: number, packed: Buffer, name: Coding["name"], binary: boolean): Content {
  // A reader would refuse it.
  if (isBomb(plain, packed.byteLength)) return content;
  const onWire = binary ? packed.byteLength : 4 * Math.ceil(packed.byteLength / 3);
  if (onWire + ATTRIBUTE_BYTES > WORTH * plain) return content;
  return { ...content, body: packed, coding: { name, bytes: plain } };
}

const refuse = (why: string, cause?: unknown): MessagingError =>
  new MessagingError("undecodable", `the compressed body cannot be read: ${why}`, { kind: "permanent", cause });

const isBomb = (bytes: number, packed: number): boolean => bytes > FREE_BYTES && bytes > RATIO * packed;

/** The most bytes that a body may inflate to. */
function boundOf({ name, bytes }: Coding, packed: number): number {
  if (!Object.hasOwn(INFLATE, name)) throw refuse("its coding is not br, gzip or zstd");
  if (name === "zstd" && !hasZstd()) throw refuse("this Node cannot read zstd; use Node 22.15 or later");
  if (!Number.isSafeInteger(bytes)) throw refuse("it does not declare its size (contentsize)");
  if (bytes > MOST_BYTES) throw refuse(`it declares ${bytes} bytes, and at most ${MOST_BYTES} are read`);
  if (isBomb(bytes, packed))
    throw refuse(`it declares ${bytes} bytes from ${packed}, and at most ${RATIO} times as much is read`);
  return bytes;
}

function inflate(
  content: Content,
  { name, bytes }: Coding,
  packed: Uint8Array,
  most: number,
): Content | Promise<Content> {
  const { sync, aside } = INFLATE[name];
  const done = (body: Buffer): Content => {
    if (body.byteLength !== bytes) throw refuse(`it has ${body.byteLength} bytes and declares ${bytes}`);
    return { ...content, body, coding: undefined };
  };
  const failed = (cause: unknown): never => {
    if (cause instanceof MessagingError) throw cause;
    const code = (cause as { code?: unknown }).code;
    throw refuse(
      code === "ERR_BUFFER_TOO_LARGE" ? `it has more than the ${bytes} bytes it declares` : `it is not valid ${name}`,
      cause,
    );
  };
  // The limit must not be 0, which zlib refuses.
  const limit = Math.max(most, 1);
  if (bytes > ASIDE_BYTES || packed.byteLength > ASIDE_BYTES) return aside(packed, limit).then(done).catch(failed);
  try {
    return done(sync(packed, limit));
  } catch (cause) {
    return failed(cause);
  }
}
