import type { Due } from "./due-heap.ts";
import type { StoredMessage } from "./stored-message.ts";
import type { Queue } from "./queue.ts";

/**
 * The time during which a message cannot be received: it is held by a receiver, or delayed (then there is no holder). Each receive
 * makes a new one, which is its receipt: only with it the message can be settled.
 */
export class Hold implements Due {
  readonly item: StoredMessage;
  /** Broker time at which the hold or the delay ends. */
  due: number;
  slot = -1;
  /** The receiver that holds it. Null: nobody, or no longer. */
  holder: object | null;
  /** Broker time of the receive. */
  readonly from: number;

  constructor(item: StoredMessage, from: number, due: number, holder: object | null) {
    this.item = item;
    this.from = from;
    this.due = due;
    this.holder = holder;
  }
}

export interface TakeRequest {
  readonly max: number;
  readonly holdMs: number;
  /** The receiver. What it holds can be taken back when its connection is cut. */
  readonly holder: object;
}

/** Where the broker moves a message by itself, after `attempts` deliveries that were not settled. */
export interface NativeDeadLetter {
  readonly attempts: number;
  readonly name: string;
  readonly to: () => Queue | undefined;
}
