/** Ids remembered at most; the oldest are forgotten first, and count by the broker's word again. */
const MOST = 10_000;

export interface Known {
  readonly attempts: number;
  /** When the first of them failed (epoch). */
  readonly firstAt: number;
}

/** What this process knows of messages it gave back: a broker does not count attempts made within one hold. */
export class Attempts {
  /** Most groups never give one back. */
  #known: Map<string, Known> | undefined;

  get(id: string): Known | undefined {
    return this.#known?.get(id);
  }

  failed(id: string, known: Known): void {
    const all = (this.#known ??= new Map());
    all.delete(id);
    all.set(id, known);
    if (all.size > MOST) for (const oldest of all.keys()) return void all.delete(oldest);
  }

  forget(id: string): void {
    this.#known?.delete(id);
  }
}
