import type { Due } from "./due-heap.ts";
import type { StoredMessage } from "./stored-message.ts";
import type { Queue } from "./queue.ts";

/**
 * The time during which a message cannot be received: it is held by a receiver, or delayed (then there is no holder). Each receive
 * makes a new one, which is its receipt: only with it the message can be settled.
 */
export class Hold implements Due {
  readonly item: StoredMessage;
  /** Broker time of its end: of the hold, or from which it may be delivered. */
  due: number;
  slot = -1;
  /** Whoever received it, while that lasts. */
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
  /** Whoever receives; what it holds can be taken back from it. */
  readonly holder: object;
}

/** Where the broker itself puts a message after `attempts` deliveries that were not settled. */
export interface NativeDeadLetter {
  readonly attempts: number;
  readonly name: string;
  readonly to: () => Queue | undefined;
}
