/** An item of a {@link LinkedList}. It can be in one list at a time, and only once. */
export interface Listed<T> {
  older: T | undefined;
  newer: T | undefined;
}

/** A list in order of arrival, linked through its items. Any item can be removed in constant time, and nothing is allocated. */
export class LinkedList<T extends Listed<T>> implements Iterable<T> {
  #size = 0;
  #oldest: T | undefined;
  #newest: T | undefined;

  get size(): number {
    return this.#size;
  }

  get oldest(): T | undefined {
    return this.#oldest;
  }

  add(item: T): void {
    item.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.#size++;
  }

  has(item: T): boolean {
    return item.older !== undefined || this.#oldest === item;
  }

  /** Removes an item. False if it was not in the list. */
  delete(item: T): boolean {
    const { older, newer } = item;
    if (older === undefined && this.#oldest !== item) return false;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // An old node must not keep those after it alive (docs/v8.md#old-objects).
    item.older = undefined;
    item.newer = undefined;
    this.#size--;
    return true;
  }

  /** Empties the list. The items keep their links, so do not pass them to this list again. */
  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#size = 0;
  }

  /** Iterates over a snapshot: later changes of the list do not affect it. */
  [Symbol.iterator](): Iterator<T> {
    const all: T[] = [];
    for (let item = this.#oldest; item !== undefined; item = item.newer) all.push(item);
    return all[Symbol.iterator]();
  }
}
