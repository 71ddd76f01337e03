import type { Item } from "./item.ts";

interface Lane {
  head: Item;
  tail: Item;
}

/** One unresolved item per key, in call order (C2): only a lane's head may be sent. Items without a key have no lane. */
export class KeyLanes {
  readonly #lanes = new Map<string, Lane>();

  add(item: Item): void {
    if (item.key === undefined) return;
    const lane = this.#lanes.get(item.key);
    if (lane === undefined) {
      this.#lanes.set(item.key, { head: item, tail: item });
      return;
    }
    lane.tail.behind = item;
    lane.tail = item;
  }

  isFirst(item: Item): boolean {
    return item.key === undefined || this.#lanes.get(item.key)?.head === item;
  }

  /** To be called when an item is finished; gives the one whose turn it is now, if the turn has changed. */
  next(finished: Item): Item | undefined {
    if (finished.key === undefined) return undefined;
    const lane = this.#lanes.get(finished.key);
    if (lane === undefined || lane.head !== finished) return undefined;
    let next = finished.behind;
    while (next?.finished) next = next.behind;
    if (next === undefined) this.#lanes.delete(finished.key);
    else lane.head = next;
    return next;
  }
}
