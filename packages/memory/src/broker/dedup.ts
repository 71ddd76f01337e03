/** The answer to an accepted send. A class, so that V8 does not pretenure it: docs/v8.md#pretenuring */
export class Accepted {
  readonly id: string;
  declare readonly position?: string;

  constructor(id: string, position?: string) {
    this.id = id;
    if (position !== undefined) this.position = position;
  }
}

/** Remembers for a while what was accepted under a deduplication id. A repetition gets the first answer. */
export class Dedup<T> {
  readonly #windowMs: number;
  #seen: Map<string, { readonly until: number; readonly answer: T }> | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** False: nothing is ever remembered. */
  get on(): boolean {
    return this.#windowMs > 0;
  }

  find(id: string | undefined, now: number): T | undefined {
    if (id === undefined || this.#seen === undefined) return undefined;
    // The map is in order of time: expired entries come first.
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
