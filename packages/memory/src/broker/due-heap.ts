/** An entry that waits for a time. `slot` is its index in the heap, or -1; with it an entry is removed or moved in O(log n). */
export interface Due {
  due: number;
  slot: number;
}

/** An empty heap keeps an array of at most so many slots. */
const KEPT = 1_024;

/** A binary heap, earliest first. Its array keeps its size as it empties, unless it is long: docs/v8.md#outgrown-arrays */
export class DueHeap<T extends Due> {
  #heap: (T | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get next(): T | undefined {
    return this.#size === 0 ? undefined : this.#heap[0];
  }

  add(entry: T): void {
    entry.slot = this.#size;
    this.#heap[this.#size++] = entry;
    this.#up(entry);
  }

  /** After a change of `due`. */
  moved(entry: T): void {
    this.#up(entry);
    this.#down(entry);
  }

  remove(entry: T): void {
    const slot = entry.slot;
    const last = this.#heap[--this.#size] as T;
    this.#heap[this.#size] = undefined;
    if (this.#size === 0 && this.#heap.length > KEPT) this.#heap = [];
    entry.slot = -1;
    if (last === entry) return;
    this.#heap[slot] = last;
    last.slot = slot;
    this.moved(last);
  }

  clear(): void {
    for (const entry of this) entry.slot = -1;
    this.#heap = [];
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#heap[i] as T;
  }

  #up(entry: T): void {
    const heap = this.#heap as T[];
    let slot = entry.slot;
    while (slot > 0) {
      const above = (slot - 1) >>> 1;
      const parent = heap[above]!;
      if (parent.due <= entry.due) break;
      heap[slot] = parent;
      parent.slot = slot;
      slot = above;
    }
    heap[slot] = entry;
    entry.slot = slot;
  }

  #down(entry: T): void {
    const heap = this.#heap as T[];
    let slot = entry.slot;
    for (;;) {
      let below = slot * 2 + 1;
      if (below >= this.#size) break;
      if (below + 1 < this.#size && heap[below + 1]!.due < heap[below]!.due) below++;
      const child = heap[below]!;
      if (child.due >= entry.due) break;
      heap[slot] = child;
      child.slot = slot;
      slot = below;
    }
    heap[slot] = entry;
    entry.slot = slot;
  }
}
