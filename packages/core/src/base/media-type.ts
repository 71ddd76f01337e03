export const JSON_TYPE = "application/json";
export const BYTES_TYPE = "application/octet-stream";

/** `application/json`, `application/vnd.x+json; charset=utf-8`. */
export function isJson(contentType: string): boolean {
  return contentType === JSON_TYPE || /^[^;]*[/+]json\s*(;|$)/i.test(contentType);
}

/** JSON or `text/...`: bytes of it are read as UTF-8. */
export function isText(contentType: string): boolean {
  return isJson(contentType) || /^text\//i.test(contentType);
}
