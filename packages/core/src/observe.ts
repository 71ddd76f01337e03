import type { MessagingEvent, Observe } from "./events.ts";

/** Without an observer: what a person should know goes to the console, in one line, without bodies or headers. */
export const toConsole: Observe = (event: MessagingEvent) => {
  if (event.level === "info") return;
  const { type, level, ...rest } = event;
  const facts = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${value instanceof Error ? `${value.name}: ${value.message}` : JSON.stringify(value)}`,
    );
  const line = `[switchyard] ${type} ${facts.join(" ")}`;
  if (level === "error") console.error(line);
  else console.warn(line);
};

/** An observer that throws, or rejects, must not harm what it observes. */
export function guarded(observe: Observe): Observe {
  const failed = (error: unknown) => console.error("[switchyard] observe() threw", error);
  return (event) => {
    try {
      const result: unknown = observe(event);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
