/**
 * A message on SQS. The body is the data as text. `type`, `ce`, `traceparent`, `tracestate` and all other headers are message attributes of
 * type String, at most ten including `type`. Where the body is a pointer to a stored one, an attribute
 * of type Number has the size of the latter, as Amazon's extended client libraries write and read it.
 */
import type { WireMessage } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { createHash } from "node:crypto";
import { MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTES, MAX_DELAY_MS, MAX_ID, SECOND } from "./limits.ts";
import type { Hops } from "./native.ts";
import type { MessageAttribute, ReceivedMessage, SendEntry } from "./sdk.ts";

/** Of a message in a delay queue: its whole delay in milliseconds, counted from when SQS accepted it. */
export const DELAY_ATTRIBUTE = "switchyard-delay";

const STRING = "String";
const NUMBER = "Number";
const NAME = /^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]+(?<!\.)$/i;
/** Characters SQS refuses: controls other than tab and line ends, U+FFFE, U+FFFF. It refuses lone surrogates as well. */
const REFUSED = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

/** Bytes as SQS counts them: the body, and each attribute's name, type and value. */
export function sizeOf(message: WireMessage): number {
  let bytes = typeof message.body === "string" ? Buffer.byteLength(message.body) : message.body.byteLength;
  if (message.type !== undefined) bytes += attributeBytes("type", message.type);
  for (const name in message.headers) bytes += attributeBytes(name, message.headers[name]!);
  const { offloaded } = message;
  if (offloaded !== undefined) bytes += attributeBytes(offloaded.attribute, String(offloaded.bytes), NUMBER);
  return bytes;
}

export function attributeBytes(name: string, value: string, type = STRING): number {
  return Buffer.byteLength(name) + type.length + Buffer.byteLength(value);
}

/** Why SQS would refuse the message. Checked before any call, so that every endpoint refuses the same messages. */
export function refusal(message: WireMessage, fifo: boolean, hops?: Hops): MessagingError | undefined {
  const { body, headers, type, offloaded, delayMs = 0 } = message;
  if (typeof body !== "string") return refuse("binary-body", "SQS carries text; encode the bytes as base64");
  if (body === "") return refuse("empty-body", "SQS refuses an empty body");
  if (!carries(body))
    return refuse(
      "invalid-characters",
      "the body holds characters SQS refuses (NUL, C0 controls, U+FFFE, U+FFFF or half a surrogate pair); escape them, or encode the body as base64",
    );
  if (delayMs > 0 && fifo)
    return refuse(
      "delay-unsupported",
      "FIFO queues do not support per-message delay; set native.delay for the whole queue",
    );
  const longestMs = hops?.longestMs ?? MAX_DELAY_MS;
  if (delayMs > longestMs)
    return refuse("delay-too-long", `SQS delays a message at most ${longestMs / SECOND} seconds`);
  const names = Object.keys(headers);
  const count =
    names.length + (type === undefined ? 0 : 1) + (offloaded === undefined ? 0 : 1) + (hops === undefined ? 0 : 1);
  if (count > MAX_ATTRIBUTES) {
    const included = offloaded === undefined ? "type included" : "type and the size of the stored body included";
    return refuse("too-many-headers", `${count} message attributes, ${included}; SQS takes ${MAX_ATTRIBUTES}`);
  }
  if (type !== undefined && (type === "" || !carries(type)))
    return refuse("bad-header", "the message type is empty or holds characters SQS refuses");
  for (const name of names) {
    if (name === "type" && type !== undefined)
      return refuse("bad-header", 'a header named "type" would hide the message type; use another name');
    if (name.length > MAX_ATTRIBUTE_NAME || !NAME.test(name))
      return refuse(
        "bad-header",
        `header name ${JSON.stringify(name)}: SQS takes letters, digits, "-", "_" and "." (not first, last or twice), not AWS. or Amazon. before them, ${MAX_ATTRIBUTE_NAME} characters in all`,
      );
    const value = headers[name]!;
    if (value === "") return refuse("bad-header", `header "${name}" is empty, which SQS refuses; leave it out`);
    if (!carries(value)) return refuse("bad-header", `header "${name}" holds characters SQS refuses`);
  }
  return undefined;
}

function carries(text: string): boolean {
  return !REFUSED.test(text) && text.isWellFormed();
}

function refuse(code: string, message: string): MessagingError {
  return new MessagingError(code, message, { kind: "permanent" });
}

/**
 * `alone` makes an id for a message without a key or deduplication id on a FIFO queue, so that the message waits for no other. `ownGroup`:
 * the queue is for dead letters. It gives each letter a message group of its own, so that looking at some hides no others; the key stands
 * in `ce`.
 */
export function toEntry(
  id: string,
  message: WireMessage,
  fifo: boolean,
  alone: () => string,
  ownGroup?: (message: WireMessage) => string,
): SendEntry {
  const attributes: Record<string, MessageAttribute> = {};
  if (message.type !== undefined) attributes["type"] = { DataType: STRING, StringValue: message.type };
  for (const name in message.headers) attributes[name] = { DataType: STRING, StringValue: message.headers[name] };
  const { offloaded } = message;
  if (offloaded !== undefined)
    attributes[offloaded.attribute] = { DataType: NUMBER, StringValue: String(offloaded.bytes) };
  const entry: { -readonly [K in keyof SendEntry]: SendEntry[K] } = { Id: id, MessageBody: message.body as string };
  if (Object.keys(attributes).length > 0) entry.MessageAttributes = attributes;
  if (fifo) {
    entry.MessageDeduplicationId = toId(message.dedup ?? alone());
    if (ownGroup !== undefined && message.headers["ce"] !== undefined) entry.MessageGroupId = ownGroup(message);
    else entry.MessageGroupId = message.key === undefined ? entry.MessageDeduplicationId : toId(message.key);
    return entry;
  }
  // Rounded up: never earlier than asked.
  if (message.delayMs !== undefined && message.delayMs > 0) entry.DelaySeconds = Math.ceil(message.delayMs / SECOND);
  if (message.fairness !== undefined) entry.MessageGroupId = toId(message.fairness);
  return entry;
}

/**
 * The entry of a message that first waits in a delay queue. An attribute says its whole delay. SQS itself keeps the first part of it.
 */
export function toWait(entry: SendEntry, delayMs: number, { aboveMs }: Hops): SendEntry {
  const attribute = { DataType: NUMBER, StringValue: String(Math.ceil(delayMs)) };
  return {
    ...entry,
    DelaySeconds: Math.floor(aboveMs / SECOND),
    MessageAttributes: { ...entry.MessageAttributes, [DELAY_ATTRIBUTE]: attribute },
  };
}

/** Never throws. Attributes of other producers become headers: names in lower case, binary values in base64. */
export function fromReceived(received: ReceivedMessage, fifo: boolean): WireMessage {
  const headers: Record<string, string> = Object.create(null);
  const message: { -readonly [K in keyof WireMessage]: WireMessage[K] } = { body: received.Body ?? "", headers };
  let typed = "";
  const attributes = received.MessageAttributes;
  for (const name in attributes) {
    const attribute = attributes[name];
    const value = attribute?.StringValue ?? base64(attribute?.BinaryValue);
    if (value === undefined) continue;
    const lower = name.toLowerCase();
    if (lower === "type") {
      if (typed === "" || name === lower) {
        message.type = value;
        typed = name;
      }
    } else if (!(lower in headers) || name === lower) headers[lower] = value;
  }
  const { MessageGroupId: group, MessageDeduplicationId: dedup } = received.Attributes ?? {};
  if (group !== undefined) message[fifo ? "key" : "fairness"] = group;
  if (dedup !== undefined) message.dedup = dedup;
  return message;
}

function base64(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined
    ? undefined
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** What SQS allows in group and deduplication ids: printable ASCII without the space. */
const ALLOWED = new RegExp(`^[!-~]{1,${MAX_ID}}$`);
const HASHED = /^~[A-Za-z0-9_-]{43}$/;

/**
 * A group or deduplication id for any text: the text itself if SQS allows it, otherwise `~` and its SHA-256. Equal texts have equal ids.
 * An id that was made here is returned unchanged, so that a copy of a received message keeps its group.
 */
export function toId(text: string): string {
  if (ALLOWED.test(text) && (!text.startsWith("~") || HASHED.test(text))) return text;
  return `~${createHash("sha256").update(text).digest("base64url")}`;
}
