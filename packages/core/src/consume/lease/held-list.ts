import type { Held } from "./held-message.ts";

/** All that one lease holds, in order of arrival, linked through the messages themselves: each leaves in constant time. */
export class HeldList implements Iterable<Held> {
  size = 0;
  #oldest: Held | undefined;
  #newest: Held | undefined;

  add(held: Held): void {
    held.listed = true;
    held.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = held;
    else this.#newest.newer = held;
    this.#newest = held;
    this.size++;
  }

  has(held: Held): boolean {
    return held.listed;
  }

  /** False when it had left already. */
  delete(held: Held): boolean {
    if (!held.listed) return false;
    const { older, newer } = held;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    held.listed = false;
    held.older = undefined;
    held.newer = undefined;
    this.size--;
    return true;
  }

  /** Over what is held now: what leaves or comes meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<Held> {
    const all: Held[] = [];
    for (let held = this.#oldest; held !== undefined; held = held.newer) all.push(held);
    return all[Symbol.iterator]();
  }
}
