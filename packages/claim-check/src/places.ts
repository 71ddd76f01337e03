/** Where objects are: how the key of a message's object is made, and which pointers may be followed. */
import { createHash } from "node:crypto";
import type { Attributes } from "@switchyard/core/pipeline";
import { MOST_KEY } from "./limits.ts";

/** A bucket, with the account that must own it. Stores other than S3 have no owners. */
export interface Bucket {
  readonly bucket: string;
  readonly owner?: string | undefined;
}

/** One object. */
export interface Place extends Bucket {
  readonly key: string;
}

/** A bucket, or a part of one, whose objects may be read. */
export interface Readable extends Bucket {
  /** Without a slash at its end. Empty: the whole bucket. */
  readonly prefix: string;
}

/** Text that stands in a key as it is. Capital letters do not: some file systems take them for small ones. */
const PLAIN = /^[a-z0-9][a-z0-9-]{0,127}$/;

/** A part of a key for any text: the text itself if it is plain, else `_` and its SHA-256. Different texts have different parts. */
function partOf(text: string): string {
  return PLAIN.test(text) ? text : `_${createHash("sha256").update(text).digest("hex")}`;
}

/** What the keys of a channel's objects start with, with the slash. */
export const folderOf = (prefix: string, channel: string): string => `${prefix}/${partOf(channel)}/`;

/** The longest that {@link partOf} returns. */
const MOST_PART = 128;
/** Hexadecimal digits of the digest in a key: 128 bits. */
const DIGEST_CHARS = 32;

/**
 * The key of a message's object: `prefix/channel/id.digest`. It depends on the content, so no object is ever overwritten with
 * other bytes, not even by another service that uses the same id. A message that is published again finds the same object.
 * `sha256` is base64url.
 */
export function keyOf(prefix: string, { channel, id }: Pick<Attributes, "channel" | "id">, sha256: string): string {
  return `${folderOf(prefix, channel)}${partOf(id)}.${digestPart(sha256)}`;
}

export const longestKey = (prefix: string): number => prefix.length + 1 + MOST_PART + 1 + MOST_PART + 1 + DIGEST_CHARS;

const digestPart = (sha256: string): string => Buffer.from(sha256, "base64url").toString("hex").slice(0, DIGEST_CHARS);

/**
 * Whether {@link keyOf} made this key for this message. The channel may be another one, because dead letters keep their pointers.
 */
export function isKeyOf(key: string, prefix: string, { id }: Pick<Attributes, "id">, sha256: string): boolean {
  if (!key.startsWith(`${prefix}/`)) return false;
  const [channel = "", name, ...more] = key.slice(prefix.length + 1).split("/");
  const isPart = PLAIN.test(channel) || /^_[0-9a-f]{64}$/.test(channel);
  return more.length === 0 && isPart && name === `${partOf(id)}.${digestPart(sha256)}`;
}

/** Controls and the separators of other systems, which would make one key look like another. */
const STRANGE = /[\u0000-\u001f\u007f\\]/;

/** Whether a key that another producer chose lies under the prefix and means the same everywhere: no `..`, no empty part. */
export function isUnder(key: string, prefix: string): boolean {
  if (prefix !== "" && !key.startsWith(`${prefix}/`)) return false;
  if (Buffer.byteLength(key) > MOST_KEY || STRANGE.test(key) || !key.isWellFormed()) return false;
  return key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** The URI of an object: `s3://bucket/key`. */
export function refOf(scheme: string, { bucket, key }: Pick<Place, "bucket" | "key">): string {
  return `${scheme}://${bucket}/${key}`;
}

/** Bucket and key of a URI of this scheme. */
export function fromRef(scheme: string, ref: string): Pick<Place, "bucket" | "key"> | undefined {
  const start = `${scheme}://`;
  const slash = ref.indexOf("/", start.length);
  if (!ref.startsWith(start) || slash <= start.length || slash === ref.length - 1) return undefined;
  return { bucket: ref.slice(start.length, slash), key: ref.slice(slash + 1) };
}
