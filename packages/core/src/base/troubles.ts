import type { Runtime } from "../driver/runtime.ts";

/** One thing that keeps a part from working, for `health()`. */
export interface Trouble {
  /** One sentence for people. */
  readonly text: string;
  /** True: it will not pass by itself, somebody has to change something. */
  readonly needsPerson: boolean;
}

interface Noted extends Trouble {
  readonly until: number;
}

/** More than this at once is the same trouble many times. */
const MOST = 1_000;

/**
 * What fails in a group's work now: settlements, extensions, checkpoints, receives, dead-letter copies. What works again is
 * cleared. What is not heard of again is forgotten after a while: another process may have the message by then.
 */
export class Troubles {
  readonly #runtime: Pick<Runtime, "monotonic">;
  readonly #noted = new Map<string, Noted>();

  constructor(runtime: Pick<Runtime, "monotonic">) {
    this.#runtime = runtime;
  }

  /** `what` names the trouble, so that it can be cleared. `forMs`: how long it counts unless it is noted again. */
  note(what: string, trouble: Trouble, forMs: number): void {
    this.#noted.delete(what);
    const [oldest] = this.#noted.size >= MOST ? this.#noted.keys() : [];
    if (oldest !== undefined) this.#noted.delete(oldest);
    const { text, needsPerson } = trouble;
    this.#noted.set(what, { text, needsPerson, until: this.#runtime.monotonic() + forMs });
  }

  clear(what: string): void {
    this.#noted.delete(what);
  }

  /** Equal sentences once. */
  list(): readonly Trouble[] {
    const now = this.#runtime.monotonic();
    const found = new Map<string, Trouble>();
    for (const [what, noted] of this.#noted) {
      if (noted.until <= now) this.#noted.delete(what);
      else found.set(noted.text, noted);
    }
    return [...found.values()];
  }
}

/** Kinds that do not pass by themselves. */
export function needsPerson(kind: string): boolean {
  return kind === "auth" || kind === "config" || kind === "permanent";
}
