/**
 * The answer to a send that was accepted. A class, so that V8 does not pretenure it (docs/v8.md).
 */
export class Accepted {
  readonly id: string;
  declare readonly position?: string;

  constructor(id: string, position?: string) {
    this.id = id;
    if (position !== undefined) this.position = position;
  }
}

/** Remembers what was accepted under a deduplication id for a while; a repetition gets the first answer. */
export class Dedup<T> {
  readonly #windowMs: number;
  #seen: Map<string, { readonly until: number; readonly answer: T }> | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** False: nothing is remembered, and there is no need to ask. */
  get on(): boolean {
    return this.#windowMs > 0;
  }

  find(id: string | undefined, now: number): T | undefined {
    if (id === undefined || this.#seen === undefined) return undefined;
    // In order of time: whatever is over stands in front.
    for (const [old, entry] of this.#seen) {
      if (entry.until > now) break;
      this.#seen.delete(old);
    }
    return this.#seen.get(id)?.answer;
  }

  remember(id: string | undefined, now: number, answer: T): void {
    if (id === undefined || !this.on) return;
    this.#seen ??= new Map();
    this.#seen.set(id, { until: now + this.#windowMs, answer });
  }
}
