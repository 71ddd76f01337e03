import type { Item, Lane } from "../send/outgoing-message.ts";

/** One unresolved item per key, in call order (C2): only a lane's head may be sent. Items without a key have no lane. */
export class KeyLanes {
  readonly #lanes = new Map<string, Lane>();

  add(item: Item): void {
    if (item.key === undefined) return;
    const lane = this.#lanes.get(item.key);
    if (lane === undefined) {
      item.lane = { head: item, tail: item };
      this.#lanes.set(item.key, item.lane);
      return;
    }
    lane.tail.behind = item;
    lane.tail = item;
    item.lane = lane;
  }

  isFirst(item: Item): boolean {
    return item.lane === undefined || item.lane.head === item;
  }

  /** To be called when an item is finished; gives the one whose turn it is now, if the turn has changed. */
  next(finished: Item): Item | undefined {
    const { lane } = finished;
    if (lane === undefined || lane.head !== finished) return undefined;
    let next = finished.behind;
    while (next?.finished) next = next.behind;
    if (next === undefined) this.#lanes.delete(finished.key as string);
    else lane.head = next;
    return next;
  }
}
