/** Slots of a chunk: a power of two. */
const BITS = 7;
const CHUNK = 1 << BITS;
/** Slots of the first chunk at first: most lists stay short. */
const FEW = 8;

/**
 * A list open at both ends, in chunks of an array: nothing is copied as it grows or empties, and one that was never used
 * weighs next to nothing. Every operation takes constant time, but for a move of the chunks' own list at every 128th.
 */
export class Deque<T> {
  #chunks: (T | undefined)[][] | undefined = undefined;
  /** The first item's place in the first chunk. */
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const at = this.#head + this.#size++;
    const chunks = (this.#chunks ??= [new Array<T | undefined>(FEW)]);
    const index = at >>> BITS;
    const slot = at & (CHUNK - 1);
    if (index === chunks.length) chunks.push(new Array<T | undefined>(CHUNK));
    else if (slot === FEW && chunks[index]?.length === FEW) chunks[index] = grown(chunks[index]);
    (chunks[index] as (T | undefined)[])[slot] = item;
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    if (this.#size === 0) return this.push(item);
    const chunks = this.#chunks as (T | undefined)[][];
    if (this.#head === 0) {
      chunks.unshift(new Array<T | undefined>(CHUNK));
      this.#head = CHUNK;
    }
    (chunks[0] as (T | undefined)[])[--this.#head] = item;
    this.#size++;
  }

  /** The first one. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#chunks?.[0]?.[this.#head];
  }

  /** The `index`th from the front. */
  at(index: number): T | undefined {
    const at = this.#head + index;
    return index < 0 || index >= this.#size ? undefined : this.#chunks?.[at >>> BITS]?.[at & (CHUNK - 1)];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const chunks = this.#chunks as (T | undefined)[][];
    const first = chunks[0] as (T | undefined)[];
    const item = first[this.#head];
    first[this.#head++] = undefined;
    if (--this.#size === 0) this.#head = 0;
    if (this.#head === CHUNK) {
      chunks.shift();
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#chunks = undefined;
    this.#head = 0;
    this.#size = 0;
  }

  /** Takes everything out, in order. */
  drain(): T[] {
    const all = [...this];
    this.clear();
    return all;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.at(i) as T;
  }
}

/** Clears the array that is left behind (docs/v8.md#outgrown-arrays). */
function grown<T>(few: (T | undefined)[]): (T | undefined)[] {
  const chunk = new Array<T | undefined>(CHUNK);
  for (let i = 0; i < FEW; i++) {
    chunk[i] = few[i];
    few[i] = undefined;
  }
  return chunk;
}
