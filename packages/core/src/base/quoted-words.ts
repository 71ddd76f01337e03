/** Quotes what a service said in an error: shortened, on one line, and without anything that looks like a credential. */

import { excerpt, oneLine } from "./excerpt.ts";

/** Longer texts are cut to this many characters before they are searched. */
const LOOKED_AT = 2_000;
/** The most characters that are shown. */
const SHOWN = 300;

/** Each pattern runs in time linear in the length of the text. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // User and password in a URL.
  [/:\/\/[^\s/@]{1,200}@/g, "://[hidden]@"],
  // AWS access key ids.
  [/\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}/g, "[hidden]"],
  // Values of fields that hold secrets, as in `Signature=…`, `x-amz-security-token: …` and `"password":"…"`.
  [
    /(security-token|signature|secret|password|passwd|credential|authorization|api-?key)("?\s?[:=]\s?"?)(?:(?:basic|bearer) )?[^\s,;"'&]+/gi,
    "$1$2[hidden]",
  ],
  [/\bbearer\s[^\s,;"'&]+/gi, "Bearer [hidden]"],
];

/** The quoted excerpt, at most 300 characters, with credentials replaced by `[hidden]`. */
export function quotedWords(said: string): string {
  const cut = said.slice(0, LOOKED_AT);
  const masked = SECRETS.reduce((text, [pattern, by]) => text.replace(pattern, by), cut);
  return excerpt(oneLine(masked, LOOKED_AT), SHOWN);
}
