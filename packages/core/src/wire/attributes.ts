/** The CloudEvents attributes of an envelope as JSON members, and back. Names of the official extensions where there is one. */
import type { DeadInfo, Envelope } from "./envelope.ts";

import { epoch } from "../base/iso-time.ts";
import { JSON_TYPE } from "../base/media-type.ts";
import { ATTRIBUTES } from "./attribute-table.ts";
import { clip, parseJson, PLAIN, quote, quoteName } from "./text.ts";

/** Of the 4 KiB that every message leaves free for them (C15). */
const REASON_BYTES = 1_500;
const NAME_BYTES = 200;

/** More attempts than anybody has made; what a number of a stranger is cut to. */
const MAX_ATTEMPTS = 1_000_000_000;

/** Of every message that has none: frozen, because it is shared. */
export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

let lastSource = "";
let lastTimeOfTail = Number.NaN;
let lastTail = "";
let lastEnd = "";

/** Thousands of messages share a source and a millisecond. */
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

/** Every member but `type`, `datacontenttype`, headers and `dead`: the same in both forms. `start` stands before them. */
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

/** None of the table's attributes: asked before each message, so written out. */
const hasOnlyRequired = ({ key, expiresAt, hop, to }: Envelope): boolean =>
  key === undefined && expiresAt === undefined && hop === 0 && to === undefined;

/** Nothing in it but what every message has. */
function isUsual(envelope: Envelope): boolean {
  const { id, contentType, dead } = envelope;
  return hasOnlyRequired(envelope) && dead === undefined && contentType === JSON_TYPE && PLAIN.test(id);
}

/** The value of the `ce` header. */
export function toAttributes(envelope: Envelope, base64: boolean): string {
  if (envelope.headers === NO_HEADERS && !base64 && isUsual(envelope)) {
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
  return `${json},"firstat":"${new Date(dead.firstAt).toISOString()}","lastat":"${new Date(dead.lastAt).toISOString()}"}`;
}

/** Without a character that is escaped, or that JSON or Unicode calls a control. */
const ID = /^[^"\\\u0000-\u001f\u007f-\u009f]+$/;
const UNUSUAL = /[\\\u0000-\u001f\u007f-\u009f]/;
const HEAD = `{${START}`;
const SOURCE = '","source":"';
const TIME = '","time":"';
const END = '"}';
const ISO_LENGTH = "2026-01-01T00:00:00.000Z".length;

/** Messages that are read together were often published together: what was read last, from the end of the id on. */
const lastRead = { tail: "-", source: "", time: 0 };

/** What most messages have, exactly as {@link toAttributes} writes it, read without making anything else; undefined: parse it. */
function usual(ce: string, type: string): Writable | undefined {
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

/** Source and time, and nothing else. */
function readTail(tail: string): boolean {
  const timeEnd = tail.length - END.length;
  const timeAt = timeEnd - ISO_LENGTH;
  const sourceEnd = timeAt - TIME.length;
  if (!tail.startsWith(SOURCE) || !tail.endsWith(END) || UNUSUAL.test(tail)) return false;
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

/** Undefined for what is not a whole `ce`. */
export function fromAttributes(
  ce: string,
  type: string | undefined,
  outer: Readonly<Record<string, string>>,
): Envelope | undefined {
  const quick = type === undefined || type === "" ? undefined : usual(ce, type);
  if (quick !== undefined) return withTrace(quick, outer);
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

/** Required attributes must be there and all that is known must be well-formed, else undefined; unknown extensions are ignored. */
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

/** False: one of them is malformed. */
function readOptional(found: Readonly<Record<string, unknown>>, envelope: Writable): boolean {
  try {
    for (const { name, field, read } of ATTRIBUTES) {
      const value = found[name];
      if (value !== undefined) (envelope as unknown as Record<string, unknown>)[field] = read(value);
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
  const { reason, code, attempts, channel, group, errorclass } = value;
  const firstAt = epoch(value["firstat"]);
  const lastAt = epoch(value["lastat"]);
  if (typeof reason !== "string" || typeof code !== "string") return undefined;
  if (typeof attempts !== "number" || Number.isNaN(attempts)) return undefined;
  if (typeof channel !== "string" || typeof group !== "string" || Number.isNaN(firstAt + lastAt)) return undefined;
  const counted = Math.min(Math.max(Math.trunc(attempts), 0), MAX_ATTEMPTS);
  const dead = { reason, code, attempts: counted, channel, group, firstAt, lastAt };
  return typeof errorclass === "string" ? { ...dead, errorClass: errorclass } : dead;
}
