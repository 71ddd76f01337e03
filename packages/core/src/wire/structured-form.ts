/** Writes CloudEvents structured mode, `application/cloudevents+json`: the whole envelope is in the body. For brokers without headers. */
import { toBase64 } from "../base/base64.ts";
import type { Envelope } from "./envelope.ts";
import { commonMembers, deadJson, headersJson } from "./attributes.ts";
import { isJson } from "../base/media-type.ts";
import { quote, quoteName } from "./text.ts";

/**
 * Writes a message as one JSON document. CloudEvents extensions are strings or numbers, so `headers` and `dead` are JSON within a string.
 * `written`: the body comes from `jsonText`, so it need not be checked to be JSON.
 */
export function encodeStructured(envelope: Envelope, body: string | Uint8Array, written: boolean): string {
  let json = `{${commonMembers(envelope)},"type":${quoteName(envelope.type)},"datacontenttype":${quoteName(envelope.contentType)}`;
  for (const _ in envelope.headers) {
    json += `,"headers":${quote(headersJson(envelope.headers))}`;
    break;
  }
  if (envelope.dead !== undefined) json += `,"dead":${quote(deadJson(envelope.dead))}`;
  if (envelope.traceparent !== undefined) json += `,"traceparent":${quote(envelope.traceparent)}`;
  if (envelope.traceparent !== undefined && envelope.tracestate !== undefined) {
    json += `,"tracestate":${quote(envelope.tracestate)}`;
  }
  return `${json},${written && typeof body === "string" ? `"data":${body}` : dataMember(envelope, body)}}`;
}

/**
 * The `data` member. It comes last, so that it can be read back as exactly the same text. A body that does not match its content type is
 * written as bytes.
 */
function dataMember(envelope: Envelope, body: string | Uint8Array): string {
  if (typeof body !== "string") return `"data_base64":"${toBase64(body)}"`;
  if (!isJson(envelope.contentType)) {
    return body.isWellFormed() ? `"data":${quote(body)}` : `"data_base64":"${toBase64(Buffer.from(body))}"`;
  }
  return isJsonText(body) ? `"data":${body}` : `"data_base64":"${toBase64(Buffer.from(body))}"`;
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
