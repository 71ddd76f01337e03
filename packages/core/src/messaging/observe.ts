import { oneLine } from "../wire/text.ts";
import { keyHash } from "../base/key-hash.ts";
import { copyOf } from "../api/errors.ts";
import type { MessagingEvent, Observe } from "../api/events.ts";

/** Every event passes here: ordering keys become short hashes, and errors copies without what was hung on them. */
export const withoutSecrets =
  (observe: Observe, redact: ((text: string) => string) | undefined): Observe =>
  (event: MessagingEvent) => {
    const { key, error } = event as { readonly key?: string; readonly error?: unknown };
    if (key === undefined && error === undefined) return observe(event);
    observe({
      ...event,
      ...(key !== undefined && { key: keyHash(key) }),
      ...(error !== undefined && { error: copyOf(error, redact) }),
    } as MessagingEvent);
  };

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
