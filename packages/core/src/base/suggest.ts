/** The number of edits (insert, delete, replace, swap of neighbours) from `a` to `b`. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + same);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, before[column - 2]! + 1);
      next.push(best);
    }
    before = last;
    last = next;
  }
  return last[b.length]!;
}

const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");

/**
 * The allowed word closest to `given`. At most a third of the letters of `given` may differ (one in a short word), and never all letters
 * of the longer word. Case and separators do not count.
 */
export function nearest(given: string, allowed: readonly string[]): string | undefined {
  let found: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  const wanted = plain(given);
  for (const word of allowed) {
    const candidate = plain(word);
    const edits = distance(wanted, candidate);
    if (edits < least && edits < Math.max(wanted.length, candidate.length)) [found, least] = [word, edits];
  }
  return found;
}

/** ` Did you mean "x"?`, or an empty text if no word is close. */
export function didYouMean(given: unknown, allowed: readonly string[]): string {
  const word = typeof given === "string" ? nearest(given, allowed) : undefined;
  return word === undefined ? "" : ` Did you mean ${JSON.stringify(word)}?`;
}

/** `a, b, c`, or `none` if the list is empty. */
export function listed(words: readonly string[], none = "none"): string {
  return words.length === 0 ? none : words.join(", ");
}
