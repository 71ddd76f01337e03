/** The envelope of most messages: four attributes without a character to escape, and no others. It needs no JSON parser. */
import type { Attributes } from "../message/cloud-events.ts";

const JSON_TYPE = "application/json";
/** Characters that JSON always writes unchanged. */
const TEXT = String.raw`[^"\\\u0000-\u001f\ud800-\udfff]*`;
const PLAIN = new RegExp(`^${TEXT}$`);
const USUAL = new RegExp(`^\\{"specversion":"1\\.0","id":"(${TEXT})","source":"(${TEXT})","time":"(${TEXT})"\\}$`);

/** Like `spread`. Undefined for any other envelope. */
export function spreadPlain(ce: string): Attributes | undefined {
  const found = USUAL.exec(ce);
  if (found === null) return undefined;
  const [, id = "", source = "", time = ""] = found;
  return {
    headers: {
      cloudEvents_specversion: "1.0",
      cloudEvents_id: id,
      cloudEvents_source: source,
      cloudEvents_time: time,
    },
    contentType: JSON_TYPE,
    id,
    plain: true,
  };
}

/** Like `gather`. Undefined for any other headers. */
export function gatherPlain(
  headers: Readonly<Record<string, unknown>>,
  contentType: string | undefined,
): string | undefined {
  if (contentType !== JSON_TYPE || headers["cloudEvents_specversion"] !== "1.0") return undefined;
  for (const name in headers) {
    switch (name) {
      case "cloudEvents_specversion":
      case "cloudEvents_id":
      case "cloudEvents_source":
      case "cloudEvents_time":
      case "cloudEvents_type":
      case "x-delivery-count":
      case "traceparent":
      case "tracestate":
        continue;
      default:
        return undefined;
    }
  }
  const { cloudEvents_id: id, cloudEvents_source: source, cloudEvents_time: time } = headers;
  if (!isPlain(id) || !isPlain(source) || !isPlain(time)) return undefined;
  return `{"specversion":"1.0","id":"${id}","source":"${source}","time":"${time}"}`;
}

const isPlain = (value: unknown): value is string => typeof value === "string" && PLAIN.test(value);
