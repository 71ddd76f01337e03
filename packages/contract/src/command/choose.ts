/** Selects by name. A pattern is a whole name, or a glob if it contains `*`. It never matches a part of a name. */

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether `name` matches `pattern`, in which `*` stands for any text, including none. */
function fits(name: string, pattern: string): boolean {
  if (!pattern.includes("*")) return name === pattern;
  return new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, "s").test(name);
}

/** `chosen`: those that match any pattern, in the order of `all`; without patterns, all. `unknown`: the patterns that match nothing. */
export function choose<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  patterns: readonly string[],
): { readonly chosen: readonly T[]; readonly unknown: readonly string[] } {
  const unknown = patterns.filter((pattern) => !all.some((one) => fits(nameOf(one), pattern)));
  if (patterns.length === 0) return { chosen: all, unknown };
  return { chosen: all.filter((one) => patterns.some((pattern) => fits(nameOf(one), pattern))), unknown };
}
