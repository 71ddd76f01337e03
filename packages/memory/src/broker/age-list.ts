import type { Item } from "./stored-message.ts";

/** Everything in a queue, oldest first, linked through the items themselves: any can leave at once. */
export class AgeList {
  oldest: Item | null = null;
  size = 0;
  #newest: Item | null = null;

  add(item: Item): void {
    item.older = this.#newest;
    if (this.#newest === null) this.oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.size++;
  }

  remove(item: Item): void {
    const { older, newer } = item;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    item.older = null;
    item.newer = null;
    this.size--;
  }

  clear(): void {
    this.oldest = null;
    this.#newest = null;
    this.size = 0;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let item = this.oldest; item !== null; item = item.newer) yield item;
  }
}
