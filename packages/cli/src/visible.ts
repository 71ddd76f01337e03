/**
 * Control characters, which a terminal would obey, and marks of direction, which make a text look like another: C0, DEL, C1, the line and
 * paragraph separators, and those of Unicode's bidirectional algorithm.
 */
// oxlint-disable-next-line no-control-regex -- finding them is the purpose
const HIDDEN = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu;

/** Text of a stranger as it may be shown on a terminal: what it would obey is written as `\u{1b}`. Applied twice it changes nothing more. */
export function visible(text: string): string {
  return text.toWellFormed().replaceAll(HIDDEN, (hidden) => `\\u{${hidden.codePointAt(0)!.toString(16)}}`);
}
