export const JSON_TYPE = "application/json";
/** The media type of an encrypted body [RFC 7515, 9.2.1]. */
export const JOSE_TYPE = "application/jose";
export const BYTES_TYPE = "application/octet-stream";

/** True for JSON media types such as `application/json` and `application/vnd.x+json; charset=utf-8`. */
export function isJson(contentType: string): boolean {
  return contentType === JSON_TYPE || /^[^;]*[/+]json\s*(;|$)/i.test(contentType);
}

/** True for JSON and `text/...`, whose bytes are read as UTF-8. */
export function isText(contentType: string): boolean {
  return isJson(contentType) || /^text\//i.test(contentType);
}
