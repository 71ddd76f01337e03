/**
 * The dead letters of each ordering key, for a redrive that moves keys whole. A key of which one letter is wanted is sent with all its letters,
 * in the order in which they were published.
 */
import type { Delivery } from "../../driver/index.ts";
import type { Letter } from "./letter.ts";

/** A letter to be sent, with all its copies. A lost reply leaves a second copy with the same hop. */
export interface Pending {
  readonly letter: Letter;
  readonly copies: Delivery[];
  /** The filter wants it. False: it goes with its key. */
  readonly wanted: boolean;
}

interface Key {
  /** By message. */
  readonly letters: Map<string, Pending>;
  wanted: boolean;
  /** Letters that were redriven too often. With one the whole key stays. */
  limited: number;
}

/** A letter without a key is one of its own. */
export const keyOf = ({ key, event }: Letter): string => (key === undefined ? `message ${event}` : `key ${key}`);

export class WholeKeys {
  readonly #keys = new Map<string, Key>();
  /** Keys of which letters were sent. A broker may show the next letters of a key only once those before are removed. */
  readonly #begun = new Set<string>();

  /** Letters that were not taken. */
  get size(): number {
    let size = 0;
    for (const { letters } of this.#keys.values()) size += letters.size;
    return size;
  }

  add(pending: Pending, limited: boolean): void {
    const name = keyOf(pending.letter);
    const key = this.#keys.get(name) ?? { letters: new Map(), wanted: this.#begun.has(name), limited: 0 };
    this.#keys.set(name, key);
    key.letters.set(pending.letter.event, pending);
    if (pending.wanted) key.wanted = true;
    if (limited) key.limited++;
  }

  get(letter: Letter): Pending | undefined {
    return this.#keys.get(keyOf(letter))?.letters.get(letter.event);
  }

  /** Takes the keys that are wanted, whole and no more than `most` letters in all: those with the fewest letters first. */
  take(most: number): readonly Pending[] {
    const taken: Pending[] = [];
    for (const [name, { letters }] of this.#wanted) {
      if (taken.length + letters.size > most) break;
      taken.push(...[...letters.values()].sort(byPublication));
      this.#keys.delete(name);
      this.#begun.add(name);
    }
    return taken;
  }

  /** Whether a key is wanted that was not taken. */
  get waits(): boolean {
    return this.#wanted.length > 0;
  }

  /** Letters that stay, and those among them that were redriven too often. */
  get left(): { readonly left: number; readonly refused: number } {
    let [left, refused] = [0, 0];
    for (const { letters, wanted, limited } of this.#keys.values()) {
      left += letters.size;
      if (wanted) refused += limited;
    }
    return { left: left - refused, refused };
  }

  get #wanted(): readonly (readonly [string, Key])[] {
    const wanted = [...this.#keys].filter(([, key]) => key.wanted && key.limited === 0);
    return wanted.sort(([, a], [, b]) => a.letters.size - b.letters.size);
  }
}

/** By the publisher's clock. Of the same millisecond, the one that failed first, then the one that came first. */
function byPublication({ letter: a }: Pending, { letter: b }: Pending): number {
  return (a.publishedAt ?? 0) - (b.publishedAt ?? 0) || (a.lastAt ?? 0) - (b.lastAt ?? 0);
}
