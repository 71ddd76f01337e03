/** Whether a dead letter is one of those that the caller means. */
import type { DeadLetterFilter, DeadLetterItem } from "../../api/dead-letters.ts";
import { milliseconds } from "../../api/duration.ts";
import { MessagingError } from "../../api/errors.ts";
import { didYouMean, listed } from "../../base/suggest.ts";

const LISTS = ["type", "key", "code", "errorClass"] as const;
const KNOWN: readonly string[] = [...LISTS, "reason", "olderThan"];

export type Matches = (item: DeadLetterItem) => boolean;

/** @throws MessagingError `bad-filter` if a condition is not known or not of its form. A misspelt one would match everything. */
export function matcher(filter: DeadLetterFilter = {}, now: number, alsoKnown: readonly string[] = []): Matches {
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined || alsoKnown.includes(name)) continue;
    if (!KNOWN.includes(name))
      throw bad(`no condition "${name}"; conditions: ${listed(KNOWN)}.${didYouMean(name, KNOWN)}`);
    const texts: readonly unknown[] = Array.isArray(value) && name !== "reason" ? value : [value];
    if (name !== "olderThan" && (texts.length === 0 || texts.some((text) => typeof text !== "string" || text === "")))
      throw bad(`${name} must be text, not empty${name === "reason" ? "" : ", or a list of such texts"}`);
  }
  const lists = LISTS.flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [{ name, wanted: new Set(typeof value === "string" ? [value] : value) }];
  });
  const reason = filter.reason?.toLowerCase();
  const until = filter.olderThan === undefined ? undefined : now - milliseconds(filter.olderThan, "olderThan");
  return (item) =>
    lists.every(({ name, wanted }) => wanted.has(item[name] ?? "")) &&
    (reason === undefined || item.reason.toLowerCase().includes(reason)) &&
    (until === undefined || item.lastAt.getTime() <= until);
}

const bad = (text: string) => new MessagingError("bad-filter", `dead letters: ${text}`, { kind: "config" });
