/** What waits for a time. `slot` is its place in the heap, -1 outside: it lets an entry be removed or moved in O(log n). */
export interface Due {
  due: number;
  slot: number;
}

/** A binary heap, earliest first. */
export class DueHeap<T extends Due> {
  #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get next(): T | undefined {
    return this.#heap[0];
  }

  add(entry: T): void {
    entry.slot = this.#heap.length;
    this.#heap.push(entry);
    this.#up(entry);
  }

  /** After a change of `due`. */
  moved(entry: T): void {
    this.#up(entry);
    this.#down(entry);
  }

  remove(entry: T): void {
    const slot = entry.slot;
    const last = this.#heap.pop()!;
    entry.slot = -1;
    if (last === entry) return;
    this.#heap[slot] = last;
    last.slot = slot;
    this.moved(last);
  }

  clear(): void {
    for (const entry of this.#heap) entry.slot = -1;
    this.#heap = [];
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#heap;
  }

  #up(entry: T): void {
    const heap = this.#heap;
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
    const heap = this.#heap;
    let slot = entry.slot;
    for (;;) {
      let below = slot * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.due < heap[below]!.due) below++;
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
