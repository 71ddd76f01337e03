/** A chunk has 2^7 = 128 slots. */
const BITS = 7;
const CHUNK = 1 << BITS;
/** The first chunk starts with this many slots, because most lists stay short. */
const FEW = 8;

/**
 * A double-ended queue, stored in chunks. No item is copied when it grows or shrinks, and an unused one needs almost no memory. Every
 * operation takes constant time, except that the list of chunks moves once every 128 items.
 */
export class Deque<T> {
  #chunks: (T | undefined)[][] | undefined = undefined;
  /** The index of the first item in the first chunk. */
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

  /** Adds an item at the front. */
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

  /** The first item, which stays in the queue. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#chunks?.[0]?.[this.#head];
  }

  /** The item at `index`, counted from the front. */
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

  /** Removes and returns all items, in order. */
  drain(): T[] {
    const all = [...this];
    this.clear();
    return all;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.at(i) as T;
  }
}

/** Copies the items to a full-size chunk and clears the small one (docs/v8.md#outgrown-arrays). */
function grown<T>(few: (T | undefined)[]): (T | undefined)[] {
  const chunk = new Array<T | undefined>(CHUNK);
  for (let i = 0; i < FEW; i++) {
    chunk[i] = few[i];
    few[i] = undefined;
  }
  return chunk;
}
