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
  /** Every letter was looked at. */
  seenAll = false;
  /** Letters that are not taken yet. */
  readonly #keys = new Map<string, Key>();
  /** Keys of which letters were sent. A broker may show the next letters of a key only once those before are removed. */
  readonly #begun = new Set<string>();
  /** Keys that stay for another run, because the hold of a letter was about to end. */
  readonly #late = new Set<string>();
  /** Letters that were accepted and are removed once all of their key are. */
  #accepted: Pending[] = [];
  /** The key of the letter that is being sent, or was sent last. */
  #last: string | undefined;

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

  /** Whether a key stays for another run. */
  get late(): boolean {
    return this.#late.size > 0;
  }

  markLate(name: string): void {
    this.#late.add(name);
  }

  /** Call it with each letter that is about to be sent. */
  sending({ letter }: Pending): void {
    this.#last = keyOf(letter);
  }

  /** The key of which some letters were sent, and not all. `next` is the letter that would be sent next. */
  underWay(next: Pending | undefined): string | undefined {
    return next !== undefined && keyOf(next.letter) === this.#last ? this.#last : undefined;
  }

  /**
   * Takes letters that were accepted, and gives those of keys that have come to their end. `again`: keys that broke off and are to be sent once
   * more. Of these and of late ones the wanted letters must stay, so that the next run takes the key again.
   */
  ended(
    accepted: readonly Pending[],
    underWay: string | undefined,
    again: (name: string) => boolean,
  ): { readonly all: readonly Pending[]; readonly alongside: readonly Pending[]; readonly wanted: readonly Pending[] } {
    const known = [...this.#accepted, ...accepted];
    const isOver = ({ letter }: Pending) => keyOf(letter) !== underWay;
    this.#accepted = known.filter((one) => !isOver(one));
    const all = known.filter(isOver);
    const stays = ({ letter }: Pending) => again(keyOf(letter)) || this.#late.has(keyOf(letter));
    return {
      all,
      alongside: all.filter(({ wanted }) => !wanted),
      wanted: all.filter((one) => one.wanted && !stays(one)),
    };
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

/** Sends the letters of each key one after the other, and none after one that failed. The outcome of those is undefined. */
export async function inOrder(
  part: readonly Pending[],
  send: (letter: Letter) => Promise<void>,
): Promise<readonly (PromiseSettledResult<void> | undefined)[]> {
  const outcomes: (PromiseSettledResult<void> | undefined)[] = part.map(() => undefined);
  const keys = Map.groupBy(part.keys(), (at) => keyOf(part[at]!.letter));
  const sendKey = async (places: readonly number[]): Promise<void> => {
    for (const at of places) {
      const [outcome] = await Promise.allSettled([send(part[at]!.letter)]);
      outcomes[at] = outcome;
      if (outcome.status === "rejected") return;
    }
  };
  await Promise.all([...keys.values()].map(sendKey));
  return outcomes;
}
