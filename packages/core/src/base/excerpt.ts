/** Text that somebody else wrote, made fit to stand in ours. */

/** Controls that JSON leaves as they are, Unicode's line ends, and the marks that change the direction of what is shown. */
const BREAK = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const UNSEEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text of a stranger, fit to stand in an error or a log line: quoted, on one line, with every control escaped, and at most
 * `maxChars` UTF-16 units of it (default 200), with an ellipsis where it was cut.
 */
export function excerpt(text: string, maxChars = 200): string {
  const quoted = JSON.stringify(text.slice(0, maxChars).toWellFormed()).replace(UNSEEN, escaped);
  return text.length > maxChars ? `${quoted.slice(0, -1)}…"` : quoted;
}

/** As {@link excerpt}, without the quotes: for a sentence that somebody else wrote. */
export function oneLine(text: string, maxChars = 500): string {
  const line = text.slice(0, maxChars).toWellFormed().trim().replace(BREAK, " ").replace(CONTROL, escaped);
  return text.length > maxChars ? `${line}…` : line;
}

function escaped(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
