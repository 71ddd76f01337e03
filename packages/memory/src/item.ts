import type { WireMessage } from "@switchyard/core/driver";
import type { Due } from "./due-heap.ts";

export const READY = 0;
export const HELD = 1;
export const DELAYED = 2;
export const GONE = 3;

/** One message in one queue. A million of them wait at once: fields are few, and numbers small. */
export class Item implements Due {
  readonly seq: number;
  readonly message: WireMessage;
  /** Broker time of acceptance. */
  readonly at: number;
  state: typeof READY | typeof HELD | typeof DELAYED | typeof GONE = READY;
  /** Deliveries that count, the running one included. */
  attempts = 0;
  /** Which receive holds it: a receipt of an earlier one is worthless. */
  token = 0;
  /** Broker time: of the end of the hold (held), or from which it may be delivered. */
  due: number;
  /** Broker time of the last receive. */
  takenAt = 0;
  slot = -1;
  holder: object | null = null;
  lane: Lane | null = null;
  /** Next of its lane, in order of acceptance. */
  after: Item | null = null;
  older: Item | null = null;
  newer: Item | null = null;

  constructor(seq: number, message: WireMessage, at: number, due: number) {
    this.seq = seq;
    this.message = message;
    this.at = at;
    this.due = due;
  }
}

/** The messages of one order key (`serial`: only the first may be out) or of one tenant (its turn comes round). */
export class Lane {
  readonly id: string;
  readonly serial: boolean;
  head: Item | null = null;
  tail: Item | null = null;
  /** Held now. */
  out = 0;
  /** Waits for its turn in the queue's ring. */
  queued = false;

  constructor(id: string, serial: boolean) {
    this.id = id;
    this.serial = serial;
  }

  /** In order of acceptance; the two ends are reached at once. */
  insert(item: Item): void {
    if (this.tail === null) {
      this.head = item;
      this.tail = item;
      item.after = null;
    } else if (this.tail.seq < item.seq) {
      this.tail.after = item;
      this.tail = item;
      item.after = null;
    } else {
      let before: Item | null = null;
      let at: Item | null = this.head;
      while (at !== null && at.seq < item.seq) {
        before = at;
        at = at.after;
      }
      item.after = at;
      if (before === null) this.head = item;
      else before.after = item;
    }
  }

  /** The first that still exists. */
  first(): Item | null {
    while (this.head !== null && this.head.state === GONE) this.shift();
    return this.head;
  }

  shift(): Item | null {
    const item = this.head;
    if (item === null) return null;
    this.head = item.after;
    if (this.head === null) this.tail = null;
    item.after = null;
    return item;
  }
}
