/** Reads CloudEvents structured mode, `application/cloudevents+json`, of any producer. */
import { fromBase64 } from "../base/base64.ts";
import { isJson, isText } from "../base/media-type.ts";
import { envelopeOf, parseObject } from "./attributes.ts";
import { type Envelope, isCoded } from "./envelope.ts";
import { asText, parseJson } from "./text.ts";

interface Structured {
  readonly envelope: Envelope;
  readonly body: string | Uint8Array;
  /** The data, if it was already parsed. */
  readonly data?: unknown;
}

/** Reads a CloudEvents document of any producer. Undefined if the text is not a complete one. */
export function decodeStructured(text: string | Uint8Array): Structured | undefined {
  if (typeof text !== "string" || !text.includes('"specversion"')) return undefined;
  const fast = dataLast(text);
  if (fast !== undefined) return fast;
  const found = parseObject(text);
  const envelope = found && attributesOf(found);
  if (envelope === undefined) return undefined;
  const body = bodyOf(text, found as Record<string, unknown>, envelope);
  return body === undefined ? undefined : { envelope, body };
}

function attributesOf({ headers, dead, encoding: _, ...attributes }: Record<string, unknown>): Envelope | undefined {
  return envelopeOf(attributes, attributes["type"], inner(headers), inner(dead), attributes);
}

const DATA = ',"data":';

/**
 * Reads a document whose last member is JSON data, as we write it. The text before `data` must be a JSON object without its end, and the
 * text after it one JSON value. Each part is then parsed once. Undefined if the document has another form and must be parsed whole.
 */
function dataLast(text: string): Structured | undefined {
  const at = text.indexOf(DATA);
  if (at < 0 || !text.endsWith("}")) return undefined;
  const body = text.slice(at + DATA.length, -1);
  try {
    const data = parseJson(body);
    const found = parseObject(`${text.slice(0, at)}}`);
    if (found === undefined || found["data_base64"] !== undefined) return undefined;
    const envelope = attributesOf(found);
    if (envelope === undefined || !isJson(envelope.contentType)) return undefined;
    return { envelope, body: body.trim(), data };
  } catch {
    return undefined;
  }
}

function inner(value: unknown): unknown {
  if (typeof value !== "string") return undefined;
  try {
    return parseJson(value);
  } catch {
    return undefined;
  }
}

function bodyOf(text: string, found: Record<string, unknown>, envelope: Envelope): string | Uint8Array | undefined {
  const base64 = found["data_base64"];
  if (base64 !== undefined) {
    const bytes = typeof base64 === "string" ? fromBase64(base64) : undefined;
    const plain = isText(envelope.contentType) && !isCoded(envelope);
    return bytes !== undefined && plain ? asText(bytes) : bytes;
  }
  const data = found["data"];
  if (typeof data === "string" && !isJson(envelope.contentType)) return data;
  return rawMember(text, "data") ?? "null";
}

const STRING_END = /["\\]/g;

function endOfString(text: string, start: number): number {
  STRING_END.lastIndex = start + 1;
  for (let hit = STRING_END.exec(text); hit !== null; hit = STRING_END.exec(text)) {
    if (hit[0] === '"') return hit.index + 1;
    STRING_END.lastIndex = hit.index + 2;
  }
  return text.length;
}

const STRUCTURE = /["{}[\],]/g;

/**
 * The text of a top-level member of a valid JSON object. Parsing it and writing it again would change numbers beyond 2^53 and repeated
 * keys. If the name occurs several times, it is the last one, as with `JSON.parse`.
 */
function rawMember(text: string, name: string): string | undefined {
  let depth = 0;
  let nameNext = false;
  let from = -1;
  let raw: string | undefined;
  STRUCTURE.lastIndex = 0;
  for (let hit = STRUCTURE.exec(text); hit !== null; hit = STRUCTURE.exec(text)) {
    const at = hit.index;
    const mark = hit[0];
    if (mark === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && nameNext) {
        nameNext = false;
        if (JSON.parse(text.slice(at, end)) === name) from = text.indexOf(":", end) + 1;
      }
      STRUCTURE.lastIndex = end;
      continue;
    }
    const closes = mark === "}" || mark === "]";
    if (depth === 1 && (mark === "," || closes) && from >= 0) {
      raw = text.slice(from, at).trim();
      from = -1;
    }
    if (closes) depth--;
    else if (mark !== ",") depth++;
    nameNext = depth === 1 && (mark === "," || mark === "{");
  }
  return raw;
}
