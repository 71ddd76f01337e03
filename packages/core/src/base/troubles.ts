import type { Runtime } from "../driver/runtime.ts";

/** A current problem of a part, for `health()`. */
export interface Trouble {
  /** One sentence for people. */
  readonly text: string;
  /** True if the problem will not pass by itself, so that a person must act. */
  readonly needsPerson: boolean;
  /** The channel that it is about. */
  readonly channel?: string;
}

interface Noted extends Trouble {
  readonly until: number;
}

/** The most troubles kept. More at once would be the same trouble many times. */
const MOST = 1_000;

/**
 * The calls of a group that currently fail: settlements, extensions, checkpoints, receives, dead-letter copies. A trouble is cleared when
 * the call succeeds again. It also expires, because another process may have the message by then.
 */
export class Troubles {
  readonly #runtime: Pick<Runtime, "monotonic">;
  /** Made at the first trouble. */
  #noted: Map<string, Noted> | undefined;

  constructor(runtime: Pick<Runtime, "monotonic">) {
    this.#runtime = runtime;
  }

  /** Records a trouble under a name. It expires after `forMs` milliseconds unless it is noted again. */
  note(name: string, trouble: Trouble, forMs: number): void {
    const noted = (this.#noted ??= new Map<string, Noted>());
    noted.delete(name);
    const [oldest] = noted.size >= MOST ? noted.keys() : [];
    if (oldest !== undefined) noted.delete(oldest);
    const { text, needsPerson } = trouble;
    noted.set(name, { text, needsPerson, until: this.#runtime.monotonic() + forMs });
  }

  clear(name: string): void {
    this.#noted?.delete(name);
  }

  /** The current troubles. Equal sentences appear once. */
  list(): readonly Trouble[] {
    if (this.#noted === undefined) return [];
    const now = this.#runtime.monotonic();
    const found = new Map<string, Trouble>();
    for (const [name, noted] of this.#noted) {
      if (noted.until <= now) this.#noted.delete(name);
      else found.set(noted.text, noted);
    }
    return [...found.values()];
  }
}

/** True for error kinds that do not pass by themselves. */
export function needsPerson(kind: string): boolean {
  return kind === "auth" || kind === "config" || kind === "permanent";
}
