/** What search engines and link previews show of a page: the first sentences of its first paragraph. */

/** Longer text is cut off where it is shown. */
const LONGEST = 200;

export function descriptionOf(markdown: string): string {
  const paragraph = markdown
    .replace(/^```[\s\S]*?^```$/gm, "")
    .split(/\n\s*\n/)
    .map((text) => text.trim())
    // The status of a decision, as in "Accepted. 2026-11-23.", describes nothing.
    .find((text) => /^[\p{L}\p{N}[`*"(]/u.test(text) && !/^\w+\.? \d{4}-\d\d-\d\d/.test(text));
  return clip(plain(paragraph ?? ""));
}

const plain = (text: string): string =>
  text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[`*]/g, "")
    .replace(/\s+/g, " ")
    .replace(/:$/, ".");

/** Whole sentences as long as they fit, else whole words. */
function clip(text: string): string {
  if (text.length <= LONGEST) return text;
  const sentences = text.slice(0, LONGEST).match(/^.*[.!?](?= )/)?.[0];
  return sentences ?? `${text.slice(0, LONGEST - 1).replace(/\s+\S*$/, "")}…`;
}
