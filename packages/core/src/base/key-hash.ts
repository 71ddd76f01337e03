import { createHash } from "node:crypto";

const CHARACTERS = 10;

/**
 * The short hash by which events show an ordering key: the first 10 characters of its SHA-256 in base64url. Equal keys have equal hashes, in
 * every process. It keeps keys out of logs; it does not protect a key that can be guessed.
 */
export const keyHash = (key: string): string =>
  createHash("sha256").update(key).digest("base64url").slice(0, CHARACTERS);
