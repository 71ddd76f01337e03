/** Ids remembered at most; the oldest are forgotten first, and count by the broker's word again. */
const MOST = 10_000;

export interface Known {
  readonly attempts: number;
  /** When the first of them failed (epoch). */
  readonly firstAt: number;
}

/** What this process knows of messages it gave back: a broker does not count attempts made within one hold. */
export class Attempts {
  readonly #known = new Map<string, Known>();

  get(id: string): Known | undefined {
    return this.#known.get(id);
  }

  failed(id: string, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > MOST) for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }

  forget(id: string): void {
    if (this.#known.size > 0) this.#known.delete(id);
  }
}
