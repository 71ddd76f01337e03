/** JWE in compact form [RFC 7516, 7.1], with A256GCM [RFC 7518, 5.3]. */
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { undecryptable } from "../errors.ts";
import { IV_BYTES, TAG_BYTES, WRAPPED_BYTES } from "../limits.ts";
import { base64urlLength, fromBase64url, toBase64url } from "./base64url.ts";
import { isOurs, MOST_HEADER_TEXT, type ProtectedHeader, readHeader } from "./header.ts";

const ALGORITHM = "aes-256-gcm";
const OPTIONS = { authTagLength: TAG_BYTES } as const;
const IV_LENGTH = base64urlLength(IV_BYTES);
const TAG_LENGTH = base64urlLength(TAG_BYTES);
/** The four dots, the IV and the tag. */
const FIXED_LENGTH = 4 + IV_LENGTH + TAG_LENGTH;

/** The five parts. */
export interface Compact {
  /** Base64url, as it was: it is authenticated so. */
  readonly protectedText: string;
  readonly header: ProtectedHeader;
  /** The wrapped data key, base64url, wherever it stands. */
  readonly wrapped: string;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** `encryptedKey`: base64url, empty with `alg: dir`. */
export function seal(
  key: KeyObject,
  iv: Uint8Array,
  header: string,
  encryptedKey: string,
  body: string | Uint8Array,
): string {
  const protectedText = Buffer.from(header).toString("base64url");
  const cipher = createCipheriv(ALGORITHM, key, iv, OPTIONS);
  cipher.setAAD(Buffer.from(protectedText, "latin1"));
  const sealed = typeof body === "string" ? cipher.update(body, "utf8") : cipher.update(body);
  cipher.final();
  return `${protectedText}.${encryptedKey}.${toBase64url(iv)}.${sealed.toString("base64url")}.${cipher.getAuthTag().toString("base64url")}`;
}

/** The plain body. Throws `undecryptable`. */
export function unseal(key: KeyObject, { protectedText, iv, ciphertext, tag }: Compact): Buffer {
  const decipher = createDecipheriv(ALGORITHM, key, iv, OPTIONS);
  decipher.setAAD(Buffer.from(protectedText, "latin1"));
  decipher.setAuthTag(tag);
  const plain = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    throw undecryptable("its tag does not fit: its body or its JWE header was changed, or another key wrote it");
  }
  return plain;
}

/** The length of a JWE with a header of so many bytes at most, a wrapped key of so many characters, and a body of so many bytes. */
export function sealedLength(headerBytes: number, encryptedKey: number, bodyBytes: number): number {
  return FIXED_LENGTH + base64urlLength(headerBytes) + encryptedKey + base64urlLength(bodyBytes);
}

/** How every JWE begins: `{"` in base64url. */
const START = "eyJ";

/**
 * The compact JWE in a body, as text. Undefined if there is none of ours. `declared`: the message says that it is a JWE, so anything is
 * taken for one.
 */
export function compactText(body: string | Uint8Array, declared: boolean): string | undefined {
  if (declared) return textOf(body);
  if (!(typeof body === "string" ? body : textOf(body.subarray(0, START.length))).startsWith(START)) return undefined;
  const text = textOf(body);
  const end = text.slice(0, MOST_HEADER_TEXT + 1).indexOf(".");
  return end > 0 && isOurs(text.slice(0, end)) ? text : undefined;
}

/** Other bytes than ASCII become characters that base64url does not have. */
const textOf = (body: string | Uint8Array): string =>
  typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");

/** Throws `undecryptable`. */
export function readCompact(text: string): Compact {
  const [protectedText, encryptedKey, iv, ciphertext, tag] = partsOf(text);
  const header = readHeader(protectedText);
  const wrapped = wrappedOf(header, encryptedKey);
  const bytes = { iv: fromBase64url(iv), ciphertext: fromBase64url(ciphertext), tag: fromBase64url(tag) };
  if (bytes.iv?.byteLength !== IV_BYTES || bytes.tag?.byteLength !== TAG_BYTES)
    throw undecryptable(`its IV must have ${IV_BYTES} bytes and its tag ${TAG_BYTES}, in base64url`);
  if (bytes.ciphertext === undefined) throw undecryptable("its ciphertext is not base64url");
  return { protectedText, header, wrapped, iv: bytes.iv, ciphertext: bytes.ciphertext, tag: bytes.tag };
}

type Parts = readonly [string, string, string, string, string];

function partsOf(text: string): Parts {
  const parts: string[] = [];
  let from = 0;
  for (let part = 0; part < 4; part++) {
    const dot = text.indexOf(".", from);
    if (dot === -1) throw undecryptable("it is no compact JWE, which has five parts with dots between them");
    parts.push(text.slice(from, dot));
    from = dot + 1;
  }
  // A further dot is in the tag then, which is refused as base64url.
  parts.push(text.slice(from));
  return parts as unknown as Parts;
}

function wrappedOf({ alg, wrapped }: ProtectedHeader, encryptedKey: string): string {
  const text = alg === "dir" ? wrapped : encryptedKey;
  const bytes = text === undefined ? undefined : fromBase64url(text);
  if (text === undefined || bytes === undefined || bytes.byteLength === 0)
    throw undecryptable("its wrapped key is missing, or not base64url");
  if (alg === "dir" && encryptedKey !== "") throw undecryptable("it has an encrypted key although its alg is dir");
  if (alg === "A256KW" && bytes.byteLength !== WRAPPED_BYTES)
    throw undecryptable(`its wrapped key must have ${WRAPPED_BYTES} bytes`);
  return text;
}
