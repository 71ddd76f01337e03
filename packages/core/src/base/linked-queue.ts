/** An item of a {@link LinkedQueue}. It can be in one queue at a time, and only once. */
export interface Linked<T> {
  /** The next item in the queue. */
  next: T | undefined;
}

/**
 * A FIFO queue, linked through its items. Every operation takes constant time and allocates nothing, and no old list refers to young
 * objects (docs/v8.md#old-objects).
 */
export class LinkedQueue<T extends Linked<T>> {
  #size = 0;
  #first: T | undefined;
  #last: T | undefined;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    this.#refuseTwice(item);
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size++;
  }

  /** Adds an item at the front. */
  unshift(item: T): void {
    this.#refuseTwice(item);
    item.next = this.#first;
    this.#first = item;
    this.#last ??= item;
    this.#size++;
  }

  /** The first item, which stays in the queue. */
  peek(): T | undefined {
    return this.#first;
  }

  shift(): T | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = first.next;
    if (this.#first === undefined) this.#last = undefined;
    // An old node must not keep those after it alive (docs/v8.md#old-objects).
    first.next = undefined;
    this.#size--;
    return first;
  }

  /** Removes and returns all items, in order. */
  drain(): T[] {
    const all: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) all.push(item);
    return all;
  }

  /** An item that is added twice would turn the queue into a ring. */
  #refuseTwice(item: T): void {
    if (item.next !== undefined || item === this.#last)
      throw new Error("the item is already in a queue; remove it first");
  }
}
