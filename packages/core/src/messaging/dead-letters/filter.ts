/** Whether a dead letter is one of those that the caller means. */
import type { DeadLetterFilter, DeadLetterItem } from "../../api/dead-letters.ts";
import { milliseconds } from "../../api/duration.ts";
import { MessagingError } from "../../api/errors.ts";
import { didYouMean, listed } from "../../base/suggest.ts";

const LISTS = ["type", "key", "code", "errorClass"] as const;
const KNOWN: readonly string[] = [...LISTS, "reason", "olderThan", "newerThan"];
const AGES: readonly string[] = ["olderThan", "newerThan"];

export type Matches = (item: DeadLetterItem) => boolean;

/** @throws MessagingError `bad-filter` if a condition is not known or not of its form. A misspelt one would match everything. */
export function matcher(filter: DeadLetterFilter = {}, now: number, alsoKnown: readonly string[] = []): Matches {
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || alsoKnown.includes(name)) continue;
    if (!KNOWN.includes(name))
      throw bad(`no condition "${name}"; conditions: ${listed(KNOWN)}.${didYouMean(name, KNOWN)}`);
    const texts: readonly unknown[] = Array.isArray(value) && name !== "reason" ? value : [value];
    if (!AGES.includes(name) && (texts.length === 0 || texts.some((text) => typeof text !== "string" || text === "")))
      throw bad(`${name} must be text, not empty${name === "reason" ? "" : ", or a list of such texts"}`);
  }
  const lists = LISTS.flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [{ name, wanted: new Set(typeof value === "string" ? [value] : value) }];
  });
  const reason = filter.reason?.toLowerCase();
  const since = (name: "olderThan" | "newerThan") => {
    const age = filter[name];
    return age === undefined ? undefined : now - milliseconds(age, name);
  };
  const [until, after] = [since("olderThan"), since("newerThan")];
  if (until !== undefined && after !== undefined && after >= until)
    throw bad("newerThan must be longer than olderThan, or no letter is both");
  return (item) =>
    lists.every(({ name, wanted }) => wanted.has(item[name] ?? "")) &&
    (reason === undefined || item.reason.toLowerCase().includes(reason)) &&
    (until === undefined || item.lastAt.getTime() <= until) &&
    (after === undefined || item.lastAt.getTime() > after);
}

const bad = (text: string) => new MessagingError("bad-filter", `dead letters: ${text}`, { kind: "config" });
