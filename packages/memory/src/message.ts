import type { Capabilities, WireMessage } from "@switchyard/core/driver";
import { MemoryFault } from "./errors.ts";
import { type Form, isSqs } from "./profiles.ts";

/** As `@switchyard/kinesis` counts: a record without a key gets one of at most ten digits. */
const COUNTED_KEY = 10;
/** The longest partition key of Kinesis, in characters. */
const LONGEST_KEY = 256;

/**
 * Bytes of a message: body, header names and values, and the type; on SQS also each attribute's type name ("String"). A record of Kinesis has
 * its body and its key.
 */
function sizeOf(message: WireMessage, form: Form): number {
  const typeName = isSqs(form) ? 6 : 0;
  let bytes = Buffer.byteLength(message.body);
  if (form === "kinesis") return bytes + (message.key === undefined ? COUNTED_KEY : Buffer.byteLength(message.key));
  for (const name in message.headers)
    bytes += Buffer.byteLength(name) + Buffer.byteLength(message.headers[name]!) + typeName;
  if (message.type !== undefined) bytes += 4 + Buffer.byteLength(message.type) + typeName;
  return bytes;
}

/** Like {@link sizeOf}. For a message that was not encoded and is far below the limit, it is an upper bound. */
export function sizeWithin(message: WireMessage, form: Form, limit: number): number {
  const most = message.local?.atMostBytes;
  return most !== undefined && most < limit / 2 ? most : sizeOf(message, form);
}

/** Why the broker refuses this message for good. */
export function refusal(message: WireMessage, form: Form, limits: Capabilities): MemoryFault | undefined {
  const bytes = sizeWithin(message, form, limits.maxMessageBytes);
  if (bytes > limits.maxMessageBytes)
    return permanent("too-large", `${bytes} bytes; at most ${limits.maxMessageBytes}`);
  if ((message.delayMs ?? 0) > limits.delayedPublishMs) {
    return permanent("delay-too-long", `${message.delayMs} ms; at most ${limits.delayedPublishMs}`);
  }
  // A message that core has not encoded has text and at most four headers.
  if (message.local !== undefined) return undefined;
  let headers = isSqs(form) && message.type !== undefined ? 1 : 0;
  for (const _ in message.headers) headers++;
  if (headers > limits.headers) return permanent("too-many-headers", `${headers}; at most ${limits.headers}`);
  if (!limits.binary && typeof message.body !== "string") return permanent("binary-body", "only text is carried");
  if (form === "kinesis") return badKey(message.key);
  if (!isSqs(form)) return undefined;
  if (message.body.length === 0) return permanent("empty-body", "SQS refuses an empty body");
  if (!sqsAccepts(message.body as string))
    return permanent("invalid-characters", "the body holds characters SQS refuses");
  for (const name in message.headers) {
    const value = message.headers[name]!;
    if (value === "") return permanent("empty-header", `header "${name}" is empty, which SQS refuses; leave it out`);
    if (!sqsAccepts(value)) return permanent("invalid-characters", `header "${name}" holds characters SQS refuses`);
  }
  return undefined;
}

function badKey(key: string | undefined): MemoryFault | undefined {
  if (key === undefined) return undefined;
  if (key.length === 0 || key.length > LONGEST_KEY)
    return permanent("bad-key", `a key of ${key.length} characters; Kinesis takes 1 to ${LONGEST_KEY}`);
  return key.isWellFormed() ? undefined : permanent("bad-key", "the key holds half of a surrogate pair");
}

const permanent = (code: string, hint: string): MemoryFault => new MemoryFault("permanent", code, hint);

/** The message as the broker stores it: a copy that nothing else can change. */
export function stored(message: WireMessage, ordered: boolean): WireMessage {
  if (message.local !== undefined && (ordered || message.key === undefined)) return message;
  const kept: { -readonly [K in keyof WireMessage]: WireMessage[K] } = {
    body: typeof message.body === "string" ? message.body : new Uint8Array(message.body),
    headers: { ...message.headers },
  };
  if (message.type !== undefined) kept.type = message.type;
  if (ordered && message.key !== undefined) kept.key = message.key;
  if (message.fairness !== undefined) kept.fairness = message.fairness;
  return kept;
}

/** The message as a receiver gets it. Bytes are copied again, because several groups get the same message. */
export function handedOut(message: WireMessage): WireMessage {
  return message.local !== undefined || typeof message.body === "string"
    ? message
    : { ...message, body: new Uint8Array(message.body) };
}

/** What SQS accepts: tab, line feed, carriage return, and Unicode without other C0 controls, lone surrogates, U+FFFE and U+FFFF. */
const REFUSED_BY_SQS = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

const sqsAccepts = (text: string): boolean => !REFUSED_BY_SQS.test(text);
