/** Choosing by name: whole names, or a glob where somebody writes a `*`. Never a part of a name. */

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** True where `name` is `pattern`, or fits it: `*` stands for any text, also none. */
function fits(name: string, pattern: string): boolean {
  if (!pattern.includes("*")) return name === pattern;
  return new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, "s").test(name);
}

/** The names that fit any of the patterns, in their own order, and the patterns that fit none. No pattern: all names. */
export function choose<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  patterns: readonly string[],
): { readonly chosen: readonly T[]; readonly unknown: readonly string[] } {
  const unknown = patterns.filter((pattern) => !all.some((one) => fits(nameOf(one), pattern)));
  if (patterns.length === 0) return { chosen: all, unknown };
  return { chosen: all.filter((one) => patterns.some((pattern) => fits(nameOf(one), pattern))), unknown };
}
