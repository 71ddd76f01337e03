/** Writes an envelope's CloudEvents attributes as JSON members and reads them. Official extension names are used where they exist. */
import type { DeadInfo, Envelope } from "./envelope.ts";

import { epoch } from "../base/iso-time.ts";
import { JSON_TYPE } from "../base/media-type.ts";
import { ATTRIBUTES } from "./attribute-table.ts";
import { clip, parseJson, PLAIN, quote, quoteName } from "./text.ts";

/** The longest reason and the longest name in dead-letter fields. They fit the 4 KiB that every message leaves free (C15). */
const REASON_BYTES = 1_500;
const NAME_BYTES = 200;

/** Larger numbers in a received message are cut to this. No real message has as many attempts. */
const MAX_ATTEMPTS = 1_000_000_000;

/** The headers of every message without headers. Frozen because it is shared. */
export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

let lastSource = "";
let lastTimeOfTail = Number.NaN;
let lastTail = "";
let lastEnd = "";

/** The members `source` and `time`. Cached, because thousands of messages share a source and a millisecond. */
function sourceAndTime(source: string, time: number): string {
  if (time !== lastTimeOfTail || source !== lastSource) {
    lastTail = `","source":${quoteName(source)},"time":"${new Date(time).toISOString()}"`;
    lastEnd = `${lastTail}}`;
    lastSource = source;
    lastTimeOfTail = time;
  }
  return lastTail;
}

const START = '"specversion":"1.0","id":"';

/** The members that are the same in both forms: all except `type`, `datacontenttype`, headers and `dead`. `start` is put before them. */
export function commonMembers(envelope: Envelope, start = ""): string {
  const { id, source, time } = envelope;
  const name = PLAIN.test(id) ? id : quote(id).slice(1, -1);
  const json = start + START + name + sourceAndTime(source, time);
  return hasOnlyRequired(envelope) ? json : json + optionalMembers(envelope);
}

function optionalMembers(envelope: Envelope): string {
  let json = "";
  for (const { name, write } of ATTRIBUTES) {
    const value = write(envelope);
    if (value !== undefined) json += `,"${name}":${value}`;
  }
  return json;
}

/** True if the envelope has none of the table's attributes. Written out instead of a loop, because it runs for each message. */
const hasOnlyRequired = ({ key, expiresAt, hop, to, carried, causationId, notBefore }: Envelope): boolean =>
  // A redriven message has a hop, and only such a message has `redrives` or `maxAttempts`.
  key === undefined &&
  expiresAt === undefined &&
  hop === 0 &&
  to === undefined &&
  carried === undefined &&
  causationId === undefined &&
  notBefore === undefined;

/** True if the envelope has only what every message has. */
function fitsFastPath(envelope: Envelope): boolean {
  const { id, contentType, dead } = envelope;
  return hasOnlyRequired(envelope) && dead === undefined && contentType === JSON_TYPE && PLAIN.test(id);
}

/** The value of the `ce` header. */
export function toAttributes(envelope: Envelope, base64: boolean): string {
  if (envelope.headers === NO_HEADERS && !base64 && fitsFastPath(envelope)) {
    sourceAndTime(envelope.source, envelope.time);
    return HEAD + envelope.id + lastEnd;
  }
  let json = commonMembers(envelope, "{");
  if (envelope.contentType !== JSON_TYPE) json += `,"datacontenttype":${quoteName(envelope.contentType)}`;
  if (base64) json += `,"encoding":"base64"`;
  for (const _ in envelope.headers) {
    json += `,"headers":${headersJson(envelope.headers)}`;
    break;
  }
  if (envelope.dead !== undefined) json += `,"dead":${deadJson(envelope.dead)}`;
  return json + "}";
}

export function headersJson(headers: Readonly<Record<string, string>>): string {
  return `{${Object.entries(headers)
    .map(([name, value]) => `${quoteName(name)}:${quoteName(value)}`)
    .join(",")}}`;
}

export function deadJson(dead: DeadInfo): string {
  let json = `{"reason":${quote(clip(dead.reason, REASON_BYTES))},"code":${quote(clip(dead.code, NAME_BYTES))},"attempts":${dead.attempts}`;
  json += `,"channel":${quote(clip(dead.channel, NAME_BYTES))},"group":${quote(clip(dead.group, NAME_BYTES))}`;
  if (dead.errorClass !== undefined) json += `,"errorclass":${quote(clip(dead.errorClass, NAME_BYTES))}`;
  if (dead.detail !== undefined) json += `,"detail":${quoteName(dead.detail)}`;
  return `${json},"firstat":"${new Date(dead.firstAt).toISOString()}","lastat":"${new Date(dead.lastAt).toISOString()}"}`;
}

/** An id without control characters and without characters that JSON escapes. */
const ID = /^[^"\\\u0000-\u001f\u007f-\u009f]+$/;
const NOT_PLAIN = /[\\\u0000-\u001f\u007f-\u009f]/;
const HEAD = `{${START}`;
const SOURCE = '","source":"';
const TIME = '","time":"';
const END = '"}';
const ISO_LENGTH = "2026-01-01T00:00:00.000Z".length;

/**
 * The last `ce` header that was read, from the end of the id on. Messages that are read together were often published together, so the
 * next one often has the same tail. It is always a whole tail, before the first message too: one that any text could end with would make
 * an envelope of a header cut short.
 */
const lastRead = { tail: '","source":"-","time":"1970-01-01T00:00:00.000Z"}', source: "-", time: 0 };

/**
 * Reads a `ce` header in the form in which {@link toAttributes} writes most messages, without parsing JSON. Undefined if it has another
 * form and must be parsed.
 */
function readFastPath(ce: string, type: string): Writable | undefined {
  if (!ce.startsWith(HEAD)) return undefined;
  let end = ce.length - lastRead.tail.length;
  if (!ce.endsWith(lastRead.tail)) {
    end = ce.indexOf('"', HEAD.length);
    if (end < 0 || !readTail(ce.slice(end))) return undefined;
  }
  const id = ce.slice(HEAD.length, end);
  if (!ID.test(id)) return undefined;
  const { source, time } = lastRead;
  return { id, source, type, time, hop: 0, contentType: JSON_TYPE, headers: NO_HEADERS };
}

/** Reads a tail that has only source and time into `lastRead`. False if it has anything else. */
function readTail(tail: string): boolean {
  const timeEnd = tail.length - END.length;
  const timeAt = timeEnd - ISO_LENGTH;
  const sourceEnd = timeAt - TIME.length;
  if (!tail.startsWith(SOURCE) || !tail.endsWith(END) || NOT_PLAIN.test(tail)) return false;
  if (sourceEnd <= SOURCE.length || !tail.startsWith(TIME, sourceEnd)) return false;
  const source = tail.slice(SOURCE.length, sourceEnd);
  const text = tail.slice(timeAt, timeEnd);
  const time = epoch(text);
  if (source.includes('"') || text.includes('"') || Number.isNaN(time)) return false;
  lastRead.tail = tail;
  if (source !== lastRead.source) lastRead.source = source;
  lastRead.time = time;
  return true;
}

/** Reads an envelope from a `ce` header. Undefined if the header is not a complete envelope. */
export function fromAttributes(
  ce: string,
  type: string | undefined,
  outer: Readonly<Record<string, string>>,
): Envelope | undefined {
  const fast = type === undefined || type === "" ? undefined : readFastPath(ce, type);
  if (fast !== undefined) return withTrace(fast, outer);
  const found = parseObject(ce);
  if (found === undefined) return undefined;
  return envelopeOf(found, type ?? found["type"], found["headers"], found["dead"], outer);
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = parseJson(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

/**
 * Makes an envelope from parsed attributes. Undefined if a required attribute is missing or a known one is malformed. Unknown extensions
 * are ignored.
 */
export function envelopeOf(
  found: Readonly<Record<string, unknown>>,
  type: unknown,
  headers: unknown,
  dead: unknown,
  trace: Readonly<Record<string, unknown>>,
): Envelope | undefined {
  const { id, source, encoding, datacontenttype: contentType = JSON_TYPE } = found;
  if (found["specversion"] !== "1.0" || !isName(id) || !isName(source) || !isName(type)) return undefined;
  const time = found["time"] === undefined ? 0 : epoch(found["time"]);
  if (Number.isNaN(time) || !isName(contentType)) return undefined;
  if (encoding !== undefined && encoding !== "base64") return undefined;
  const userHeaders = headers === undefined ? NO_HEADERS : stringsOf(headers);
  const deadInfo = dead === undefined ? undefined : deadOf(dead);
  if (userHeaders === undefined || (dead !== undefined && deadInfo === undefined)) return undefined;
  const envelope: Writable = { id, source, type, time, hop: 0, contentType, headers: userHeaders };
  if (!readOptional(found, envelope)) return undefined;
  if (encoding !== undefined) envelope.encoding = encoding;
  if (deadInfo !== undefined) envelope.dead = deadInfo;
  return withTrace(envelope, trace);
}

/** Reads the table's attributes into the envelope. False if one is malformed. */
function readOptional(found: Readonly<Record<string, unknown>>, envelope: Writable): boolean {
  try {
    const fields = envelope as unknown as Record<string, unknown>;
    for (const { name, field, part, read } of ATTRIBUTES) {
      const value = found[name];
      if (value === undefined) continue;
      const parsed = read(value);
      if (part === undefined) fields[field] = parsed;
      else if (parsed !== undefined) fields[field] = { ...(fields[field] as object), [part]: parsed };
    }
    return true;
  } catch {
    return false;
  }
}

type Writable = { -readonly [K in keyof Envelope]: Envelope[K] };

function withTrace(envelope: Writable, { traceparent, tracestate }: Readonly<Record<string, unknown>>): Envelope {
  if (typeof traceparent === "string") envelope.traceparent = traceparent;
  if (typeof tracestate === "string") envelope.tracestate = tracestate;
  return envelope;
}

function stringsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  for (const item of Object.values(value)) if (typeof item !== "string") return undefined;
  return value as Record<string, string>;
}

function deadOf(value: unknown): DeadInfo | undefined {
  if (!isRecord(value)) return undefined;
  const { reason, code, attempts, channel, group, errorclass, detail } = value;
  const firstAt = epoch(value["firstat"]);
  const lastAt = epoch(value["lastat"]);
  if (typeof reason !== "string" || typeof code !== "string") return undefined;
  if (typeof attempts !== "number" || Number.isNaN(attempts)) return undefined;
  if (typeof channel !== "string" || typeof group !== "string" || Number.isNaN(firstAt + lastAt)) return undefined;
  const counted = Math.min(Math.max(Math.trunc(attempts), 0), MAX_ATTEMPTS);
  return {
    ...{ reason, code, attempts: counted, channel, group, firstAt, lastAt },
    ...(typeof errorclass === "string" ? { errorClass: errorclass } : {}),
    ...(typeof detail === "string" ? { detail } : {}),
  };
}
