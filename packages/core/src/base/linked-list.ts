/** What may stand in a {@link LinkedList}: in one at a time, and once. */
export interface Listed<T> {
  older: T | undefined;
  newer: T | undefined;
}

/** In order of arrival, linked through its members: each can leave at any time, in constant time, and nothing is made for it. */
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

  add(one: T): void {
    one.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = one;
    else this.#newest.newer = one;
    this.#newest = one;
    this.#size++;
  }

  has(one: T): boolean {
    return one.older !== undefined || this.#oldest === one;
  }

  /** False when it had left already. */
  delete(one: T): boolean {
    const { older, newer } = one;
    if (older === undefined && this.#oldest !== one) return false;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // An old node must not keep those after it alive (docs/v8.md#old-objects).
    one.older = undefined;
    one.newer = undefined;
    this.#size--;
    return true;
  }

  /** Forgets all of them; they are not to be asked for again. */
  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#size = 0;
  }

  /** Over those that are in it now: what leaves or comes meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<T> {
    const all: T[] = [];
    for (let one = this.#oldest; one !== undefined; one = one.newer) all.push(one);
    return all[Symbol.iterator]();
  }
}
