import { oneLine } from "../wire/text.ts";
import type { MessagingEvent, Observe } from "../api/events.ts";

/** Without an observer: what a person should know goes to the console, in one line, without bodies or headers. */
export const toConsole =
  (redact: ((text: string) => string) | undefined): Observe =>
  (event: MessagingEvent) => {
    if (event.level === "info") return;
    const { type, level, ...rest } = event;
    const facts = Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(
        ([name, value]) =>
          `${name}=${value instanceof Error ? (redact ?? String)(`${value.name}: ${oneLine(value.message, 2_000)}`) : JSON.stringify(value)}`,
      );
    const line = `[switchyard] ${type} ${facts.join(" ")}`;
    if (level === "error") console.error(line);
    else console.warn(line);
  };

/** A callback of the user's that is only told something: what it throws, or rejects with, is printed and harms nothing. */
export function guarded<T>(name: string, callback: (told: T) => unknown): (told: T) => void {
  const failed = (error: unknown) => console.error(`[switchyard] ${name}() threw`, error);
  return (told) => {
    try {
      const result: unknown = callback(told);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
