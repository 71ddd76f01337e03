/** Strict base64url without padding [RFC 7515, 2]. Node's decoder skips what it does not know. */

const ALPHABET = /^[A-Za-z0-9_-]*$/;
/** Last characters whose unused bits are zero, by the length of the last group. */
const LAST: readonly (string | undefined)[] = [undefined, "", "AQgw", "AEIMQUYcgkosw048"];

export function toBase64url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("base64url");
}

/** Undefined if the text is not canonical: another alphabet, padding, white space, or bits that no byte needs. */
export function fromBase64url(text: string): Buffer | undefined {
  const allowed = LAST[text.length % 4];
  if (allowed !== undefined && !allowed.includes(text.at(-1) as string)) return undefined;
  return ALPHABET.test(text) ? Buffer.from(text, "base64url") : undefined;
}

/** The length of the text for so many bytes. */
export function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
