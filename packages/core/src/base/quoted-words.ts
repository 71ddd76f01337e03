/** Quotes what a service said in an error: shortened, on one line, and without anything that looks like a credential. */

import { excerpt, oneLine } from "./excerpt.ts";
import { masked } from "./masked.ts";

/** Longer texts are cut to this many characters before they are searched. */
const LOOKED_AT = 2_000;
/** The most characters that are shown. */
const SHOWN = 300;

/** The quoted excerpt, at most 300 characters, with credentials replaced by `[hidden]`. */
export function quotedWords(said: string): string {
  const cut = said.slice(0, LOOKED_AT);
  return excerpt(oneLine(masked(cut), LOOKED_AT), SHOWN);
}
