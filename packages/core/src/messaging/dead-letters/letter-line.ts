/**
 * A dead letter as a line of JSON, for files that outlive the broker. The message is the broker's own: its text, its headers and its body are
 * written as they were received. The fields before it are for people and for tools that filter lines.
 *
 * A reader ignores fields that it does not know, and refuses a `version` that it does not know.
 */
import { fromBase64, toBase64 } from "../../base/base64.ts";
import { excerpt } from "../../base/excerpt.ts";
import { MessagingError } from "../../api/errors.ts";
import type { Delivery, WireMessage } from "../../driver/index.ts";
import { itemOf, type Letter, letterOf } from "./letter.ts";

const FORMAT = "switchyard-dead-letter";
const VERSION = 1;

export interface Origin {
  readonly channel: string;
  readonly group: string;
}

/** A line that was read and checked. */
export interface Line {
  readonly letter: Letter;
  readonly copy: string;
}

/** Which letter a line is: the message, and the number of its copy. */
export const copyOf = ({ event, hop }: Letter): string => `${event}.${hop}`;

export function lineOf(letter: Letter, { channel, group }: Origin): string {
  const { id, type, code, reason, lastAt } = itemOf(letter);
  const { delivery } = letter;
  const line = {
    format: FORMAT,
    version: VERSION,
    channel,
    group,
    copy: copyOf(letter),
    id,
    type,
    code,
    reason,
    lastAt: lastAt.toISOString(),
    ...(delivery.enqueuedAt === undefined ? {} : { enqueuedAt: new Date(delivery.enqueuedAt).toISOString() }),
    ...(delivery.attempt === undefined ? {} : { receives: delivery.attempt }),
    broker: delivery.id,
    message: written(delivery.message),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Bytes that are UTF-8 are written as text, which people can read. `as` says that they were bytes. */
function written({ body, headers, type, key, fairness }: WireMessage): Record<string, unknown> {
  return {
    ...(type === undefined ? {} : { type }),
    ...(key === undefined ? {} : { key }),
    ...(fairness === undefined ? {} : { fairness }),
    headers: { ...headers },
    ...bodyOf(body),
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bodyOf(body: string | Uint8Array): { readonly body: string; readonly as?: "bytes" | "base64" } {
  if (typeof body === "string") return { body };
  try {
    return { body: utf8.decode(body), as: "bytes" };
  } catch {
    return { body: toBase64(body), as: "base64" };
  }
}

/**
 * Reads a line that {@link lineOf} wrote, of the same channel and group.
 *
 * @throws MessagingError `bad-import` with the line's number, and what to change.
 */
export function readLine(text: string, number: number, origin: Origin): Line {
  const bad = (why: string) => badLine(number, why, origin);
  const line = objectOf(text);
  if (line === undefined) throw bad("it is not a JSON object; each line must be one, as export() wrote it");
  if (line["format"] !== FORMAT) throw bad(`it is not an exported dead letter: its "format" must be "${FORMAT}"`);
  if (line["version"] !== VERSION)
    throw bad(
      `its version is ${quoted(line["version"])}, and this release reads ${VERSION}; use the release that wrote it`,
    );
  refuseForeign(line["channel"], line["group"], origin, bad);
  const message = messageOf(line["message"], bad);
  const delivery: Delivery = {
    id: textOf(line["broker"], "broker", bad),
    message,
    receipt: undefined,
    raw: undefined,
    ...(typeof line["receives"] === "number" ? { attempt: line["receives"] } : {}),
    ...enqueuedAt(line["enqueuedAt"], bad),
  };
  const letter = letterOf(delivery, { ...origin, exclusive: true });
  if (!letter.decoded.foreign && letter.decoded.envelope.dead !== undefined) {
    const { channel, group } = letter.decoded.envelope.dead;
    refuseForeign(channel, group, origin, bad);
  }
  const copy = copyOf(letter);
  if (line["copy"] !== copy || line["id"] !== letter.id)
    throw bad(
      "its message is not the one that was exported: its id, type, source, hop or body was changed; import it as it was, then use edit()",
    );
  return { letter, copy };
}

/** An error that names the line. */
export function badLine(number: number, why: string, { channel, group }: Origin): MessagingError {
  return new MessagingError("bad-import", `line ${number}: ${why}`, { kind: "config", channel, group });
}

function refuseForeign(channel: unknown, group: unknown, origin: Origin, bad: (why: string) => MessagingError): void {
  if (channel === origin.channel && group === origin.group) return;
  const theirs = `group ${quoted(group)} of ${quoted(channel)}`;
  throw bad(
    `it is a dead letter of ${theirs}; import it into that group, not into "${origin.group}" of "${origin.channel}"`,
  );
}

function messageOf(value: unknown, bad: (why: string) => MessagingError): WireMessage {
  if (!isRecord(value)) throw bad('its "message" must be an object');
  const { headers: given, as } = value;
  if (!isRecord(given)) throw bad('"message.headers" must be an object of texts');
  const headers: Record<string, string> = Object.create(null);
  for (const [name, header] of Object.entries(given)) headers[name] = textOf(header, `message.headers`, bad);
  const message: { -readonly [K in keyof WireMessage]: WireMessage[K] } = {
    body: bytesOf(textOf(value["body"], "message.body", bad), as, bad),
    headers,
  };
  for (const name of ["type", "key", "fairness"] as const)
    if (value[name] !== undefined) message[name] = textOf(value[name], `message.${name}`, bad);
  return message;
}

function bytesOf(body: string, as: unknown, bad: (why: string) => MessagingError): string | Uint8Array {
  if (as === undefined) return body;
  const bytes = as === "bytes" ? new Uint8Array(Buffer.from(body)) : as === "base64" ? fromBase64(body) : undefined;
  if (bytes !== undefined) return bytes;
  throw bad(as === "base64" ? '"message.body" is not base64' : '"message.as" must be "bytes" or "base64", or absent');
}

function enqueuedAt(value: unknown, bad: (why: string) => MessagingError): { readonly enqueuedAt?: number } {
  if (value === undefined) return {};
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw bad('"enqueuedAt" must be a time of ISO 8601');
  return { enqueuedAt: at };
}

function textOf(value: unknown, field: string, bad: (why: string) => MessagingError): string {
  if (typeof value === "string") return value;
  throw bad(`"${field}" must be text, as export() wrote it`);
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const quoted = (value: unknown): string =>
  excerpt(typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined"), 80);
