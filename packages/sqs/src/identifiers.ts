import { createHash } from "node:crypto";
import { MAX_ID } from "./limits.ts";

/** What SQS allows in group and deduplication ids: printable ASCII without the space. */
const ALLOWED = new RegExp(`^[!-~]{1,${MAX_ID}}$`);
const HASHED = /^~[A-Za-z0-9_-]{43}$/;

/**
 * A group or deduplication id for any text: the text itself where SQS allows it, else `~` and its SHA-256. Equal for equal
 * text; an id that was made here stays as it is, so that a copy of a received message keeps its group.
 */
export function toId(text: string): string {
  if (ALLOWED.test(text) && (!text.startsWith("~") || HASHED.test(text))) return text;
  return `~${createHash("sha256").update(text).digest("base64url")}`;
}
