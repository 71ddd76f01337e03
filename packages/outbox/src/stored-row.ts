/** A message as a row: its envelope and its raw body, both as text. Compression, encryption and the claim check are the relay's. */
import { MessagingError } from "@switchyard/core/driver-kit";
import {
  type ChannelShape,
  checkForLater,
  type CheckedMessage,
  dataOfStored,
  type StoredMessage,
} from "@switchyard/core/publish-kit";

/** The options of a message that is stored, before they are checked. */
export interface RawOptions {
  readonly id?: unknown;
  readonly headers?: unknown;
  readonly expires?: unknown;
  readonly fairnessKey?: unknown;
}

/** The columns that a writer fills in. */
export interface NewRow {
  readonly channel: string;
  readonly key: string | null;
  readonly hash: number;
  readonly id: string;
  readonly delay: number | null;
  readonly envelope: string;
  readonly body: string;
}

interface Stored {
  readonly type: string;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expiresAt?: number;
  readonly fairnessKey?: string;
  /** The body is base64. */
  readonly base64?: true;
}

/** Checks a message and makes its row. `limit`: the most bytes that the channel takes, if that is known. */
export async function rowOf(
  shape: ChannelShape,
  service: string,
  id: string,
  type: string,
  data: unknown,
  options: RawOptions,
  delay: number | null,
  now: number,
  limit: number | undefined,
): Promise<NewRow> {
  const checked = await checkForLater(shape, service, id, type, data, options, now);
  const key = checked.key ?? null;
  if (key !== null && delay !== null)
    throw refuse(
      shape,
      id,
      "delay-unordered",
      "a message with an ordering key cannot be delayed: later ones would overtake it; leave `delay` out, or use a channel without `orderingKey`",
    );
  if (key?.includes("\0"))
    throw refuse(shape, id, "bad-ordering-key", "an ordering key cannot contain U+0000: PostgreSQL does not store it");
  if (id.includes("\0")) throw refuse(shape, id, "bad-text", "id cannot contain U+0000: PostgreSQL does not store it");
  if (limit !== undefined) checkSize(shape, id, checked, limit);
  const { body, text } = bodyOf(checked.body);
  const stored: Stored = {
    type,
    contentType: checked.contentType,
    ...(checked.headers === undefined ? {} : { headers: checked.headers }),
    ...(checked.expiresAt === undefined ? {} : { expiresAt: checked.expiresAt }),
    ...(checked.fairness === undefined ? {} : { fairnessKey: checked.fairness }),
    ...(text ? {} : { base64: true }),
  };
  const hash = hashOf(`${shape.name}\n${key ?? id}`);
  return { channel: shape.name, key, hash, id, delay, envelope: JSON.stringify(stored), body };
}

/**
 * Reads a row again.
 *
 * @throws MessagingError `not-json` if the row was not written by an outbox.
 */
export function messageOf(
  shape: ChannelShape,
  row: { id: string; key: string | null; envelope: string; body: string },
): StoredMessage {
  let stored: Stored;
  try {
    stored = JSON.parse(row.envelope) as Stored;
  } catch (cause) {
    const text = `"${shape.name}": the envelope of row ${JSON.stringify(row.id)} is not JSON`;
    throw new MessagingError("not-json", text, { kind: "permanent", channel: shape.name, id: row.id, cause });
  }
  const { type, contentType, headers, expiresAt, fairnessKey, base64 } = stored;
  return {
    id: row.id,
    type,
    key: row.key ?? undefined,
    body: base64 === true ? new Uint8Array(Buffer.from(row.body, "base64")) : row.body,
    contentType,
    headers,
    expires: expiresAt === undefined ? undefined : new Date(expiresAt),
    fairnessKey,
  };
}

/**
 * A message as `publishMany` takes it.
 *
 * @throws MessagingError if the channel's codec cannot read the body.
 */
export function itemOf(shape: ChannelShape, message: StoredMessage): object {
  const { key: _, body, contentType, headers, expires, fairnessKey, ...rest } = message;
  return {
    ...rest,
    data: dataOfStored(shape, message.type, contentType, body),
    ...(headers === undefined ? {} : { headers }),
    ...(expires === undefined ? {} : { expires }),
    ...(fairnessKey === undefined ? {} : { fairnessKey }),
  };
}

/** PostgreSQL's text has no U+0000. */
function bodyOf(body: string | Uint8Array): { readonly body: string; readonly text: boolean } {
  if (typeof body === "string" && !body.includes("\0")) return { body, text: true };
  return { body: Buffer.from(body as string).toString("base64"), text: false };
}

/** What is sent is larger by some attributes of the envelope: the relay's transport has the last word. */
function checkSize(shape: ChannelShape, id: string, { type, key, body, headers }: CheckedMessage, limit: number): void {
  let bytes = Buffer.byteLength(id) + Buffer.byteLength(type) + Buffer.byteLength(key ?? "");
  bytes += typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  for (const [name, value] of Object.entries(headers ?? {})) bytes += name.length + Buffer.byteLength(value);
  if (bytes <= limit) return;
  const text = `a message of ${bytes} bytes; the channel takes ${limit}: send less, or configure a claim check`;
  throw refuse(shape, id, "too-large", text);
}

function refuse(shape: ChannelShape, id: string, code: string, text: string): MessagingError {
  return new MessagingError(code, `"${shape.name}": ${text}`, { kind: "permanent", channel: shape.name, id });
}

/** FNV-1a of 32 bits, without the sign bit. The same in every version: it places a key's rows. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 1;
}
