/** What may stand in a {@link LinkedQueue}: in one at a time, and once. */
export interface Linked<T> {
  /** Whoever follows it there. */
  next: T | undefined;
}

/**
 * First come, first served, linked through those who wait. Every operation takes constant time and allocates nothing, and no old
 * list holds young objects (docs/v8.md#old-objects).
 */
export class LinkedQueue<T extends Linked<T>> {
  #size = 0;
  #first: T | undefined;
  #last: T | undefined;

  get size(): number {
    return this.#size;
  }

  push(one: T): void {
    this.#isFree(one);
    if (this.#last === undefined) this.#first = one;
    else this.#last.next = one;
    this.#last = one;
    this.#size++;
  }

  /** Puts one before all others. */
  unshift(one: T): void {
    this.#isFree(one);
    one.next = this.#first;
    this.#first = one;
    this.#last ??= one;
    this.#size++;
  }

  /** The first one. */
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

  /** Takes everything out, in order. */
  drain(): T[] {
    const all: T[] = [];
    for (let one = this.shift(); one !== undefined; one = this.shift()) all.push(one);
    return all;
  }

  /** Twice in line, it would close the line to a ring. */
  #isFree(one: T): void {
    if (one.next !== undefined || one === this.#last) throw new Error("it stands in line already: take it out first");
  }
}
