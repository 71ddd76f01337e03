import { asText } from "./text.ts";

export const isUtf8 = (label: string): boolean => /^utf-?8$/i.test(label);

/** The charset of a content type, in lower case. Undefined if it names none, or `binary`. */
export function charsetOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !contentType.includes(";")) return undefined;
  const found = /;\s{0,9}charset\s{0,9}=\s{0,9}"?([^\s;"]{1,40})/i.exec(contentType.slice(0, 300));
  const label = found?.[1]?.toLowerCase();
  return label === "binary" ? undefined : label;
}

/**
 * Decodes bytes in a charset other than UTF-8, or as UTF-8 if they do not fit it. Undefined if the content type names no such charset, or if
 * the bytes are neither.
 */
export function inCharset(bytes: Uint8Array, contentType: string): string | undefined {
  const charset = charsetOf(contentType);
  if (charset === undefined || isUtf8(charset)) return undefined;
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    const text = asText(bytes);
    return typeof text === "string" ? text : undefined;
  }
}
