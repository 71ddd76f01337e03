import { oneLine } from "../wire/text.ts";
import type { MessagingEvent, Observe } from "../api/events.ts";

/** The default observer. Prints warnings and errors to the console, one line each, without bodies or headers. */
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
