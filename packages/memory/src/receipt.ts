import type { Item } from "./item.ts";
import type { Queue } from "./queue.ts";

/** The right to settle one delivery. */
export class Receipt {
  readonly item: Item;
  readonly token: number;

  constructor(item: Item) {
    this.item = item;
    this.token = item.token;
  }
}

export interface TakeRequest {
  readonly max: number;
  readonly holdMs: number;
  /** Whoever receives; what it holds can be taken back from it. */
  readonly holder: object;
}

/** Where the broker itself puts a message after `attempts` deliveries that were not settled. */
export interface NativeDeadLetter {
  readonly attempts: number;
  readonly name: string;
  readonly to: () => Queue | undefined;
}
