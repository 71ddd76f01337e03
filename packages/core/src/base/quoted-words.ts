/** The words of a service in an error's text: bounded, on one line, and without what could be a credential. */

import { excerpt, oneLine } from "./excerpt.ts";

/** Longer texts are cut before anything is looked for in them. */
const LOOKED_AT = 2_000;
/** Characters of it that are shown. */
const SHOWN = 300;

/** Each is linear in the length of the text. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // A user and password in an address.
  [/:\/\/[^\s/@]{1,200}@/g, "://[hidden]@"],
  // Ids of access keys.
  [/\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}/g, "[hidden]"],
  // Values of fields that hold secrets, as in `Signature=…`, `x-amz-security-token: …` and `"password":"…"`.
  [
    /(security-token|signature|secret|password|passwd|credential|authorization|api-?key)("?\s?[:=]\s?"?)(?:(?:basic|bearer) )?[^\s,;"'&]+/gi,
    "$1$2[hidden]",
  ],
  [/\bbearer\s[^\s,;"'&]+/gi, "Bearer [hidden]"],
];

/** Quoted. */
export function quotedWords(said: string): string {
  const cut = said.slice(0, LOOKED_AT);
  const masked = SECRETS.reduce((text, [pattern, by]) => text.replace(pattern, by), cut);
  return excerpt(oneLine(masked, LOOKED_AT), SHOWN);
}
