/** The most ids remembered. The oldest are forgotten first; their attempts are then the broker's count. */
const MOST = 10_000;

export interface Known {
  readonly attempts: number;
  /** When the first of them failed, in epoch milliseconds. Undefined: none has. */
  readonly firstAt: number | undefined;
  /** A handler of this process has begun on it, or an attempt of it has failed here. Absent: nothing is known of it. */
  readonly attempted?: boolean;
  /** How often this process returned it to wait, although the broker counts that as an attempt. */
  readonly waits?: number;
}

/** The attempts of messages that this process returned. A broker does not count attempts made within one hold. */
export class Attempts {
  /** Made at the first failure. */
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
