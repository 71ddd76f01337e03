import { Deque } from "../../base/deque.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import type { Item } from "../send/outgoing-message.ts";

/** What publishers may have under way at once (C12): beyond it they wait, first come first served, or are refused. */
export class Pending {
  readonly #limits: Pick<PublishPlan, "maxPending" | "maxPendingBytes">;
  readonly #waiting = new Deque<Item>();
  #count = 0;
  #weight = 0;

  constructor(limits: Pick<PublishPlan, "maxPending" | "maxPendingBytes">) {
    this.#limits = limits;
  }

  /** A message heavier than the whole limit has room when it is alone. */
  #hasRoom(weight: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < this.#limits.maxPending && this.#weight + weight <= this.#limits.maxPendingBytes;
  }

  canEnter(weight: number): boolean {
    return this.#waiting.size === 0 && this.#hasRoom(weight);
  }

  enter(item: Item): void {
    item.admitted = true;
    this.#count++;
    this.#weight += item.weight;
  }

  wait(item: Item): void {
    this.#waiting.push(item);
  }

  leave(item: Item): void {
    if (!item.admitted) return;
    this.#count--;
    this.#weight -= item.weight;
  }

  /** The next one in line, admitted, if there is room for it. */
  admitNext(): Item | undefined {
    for (let item = this.#waiting.peek(); item !== undefined; item = this.#waiting.peek()) {
      if (!item.finished && !this.#hasRoom(item.weight)) return undefined;
      this.#waiting.shift();
      if (item.finished) continue;
      this.enter(item);
      return item;
    }
    return undefined;
  }
}
