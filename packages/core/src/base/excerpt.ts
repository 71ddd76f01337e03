/** Makes text from elsewhere safe to include in our errors and logs. */

const BREAK = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
/** The characters of `CONTROL` that `JSON.stringify` does not escape: C1 controls, Unicode line ends and bidirectional marks. */
const UNSEEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Quotes untrusted text for an error or a log line: on one line, control characters escaped, and at most `maxChars` UTF-16 units
 * (default 200), with an ellipsis if it was cut.
 */
export function excerpt(text: string, maxChars = 200): string {
  const quoted = JSON.stringify(text.slice(0, maxChars).toWellFormed()).replace(UNSEEN, escaped);
  return text.length > maxChars ? `${quoted.slice(0, -1)}…"` : quoted;
}

/** Like {@link excerpt} without the quotes, for a sentence from elsewhere. At most `maxChars` UTF-16 units (default 500). */
export function oneLine(text: string, maxChars = 500): string {
  const line = text.slice(0, maxChars).toWellFormed().trim().replace(BREAK, " ").replace(CONTROL, escaped);
  return text.length > maxChars ? `${line}…` : line;
}

function escaped(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
