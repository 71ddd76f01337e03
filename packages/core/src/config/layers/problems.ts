import { MessagingError, type Problem } from "../../api/errors.ts";

/** Collects the mistakes of a configuration, so that all are reported at once. */
export class Problems {
  readonly #list: Problem[] = [];
  readonly #seen = new Set<string>();
  /** Masks secrets in every text. Set once the secrets are known. */
  redact: (text: string) => string = (text) => text;

  add(place: string, message: string): void {
    // Mask only paths with a URL as a key. Other keys are names, and their paths must stay readable.
    const path = place.includes("://") ? this.redact(place) : place;
    const text = this.redact(message);
    const key = `${path}\n${text}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#list.push({ path, message: text });
  }

  get size(): number {
    return this.#list.length;
  }

  error(source: string): MessagingError {
    return invalidConfig(source, this.#list);
  }
}

export function invalidConfig(source: string, problems: readonly Problem[], cause?: unknown): MessagingError {
  const count = problems.length === 1 ? "one mistake" : `${problems.length} mistakes`;
  const lines = problems.map(({ path, message }) => `\n  ${path}: ${message}`);
  return new MessagingError("invalid-config", `${source}: ${count}${lines.join("")}`, {
    kind: "config",
    problems,
    cause,
  });
}
