import type { WireMessage } from "@switchyard/core/driver";
import type { Linked, Listed } from "@switchyard/core/driver-kit";
import type { Due } from "./due-heap.ts";

type State = typeof READY | typeof HELD | typeof DELAYED | typeof GONE;
export const READY = 0;
export const HELD = 1;
export const DELAYED = 2;
export const GONE = 3;

/** One message in one queue. A million of them may wait, so fields are few and numbers small: docs/v8.md#small-integers */
export class StoredMessage implements Linked<StoredMessage | Lane>, Listed<StoredMessage> {
  readonly seq: number;
  readonly message: WireMessage;
  /** Broker time of acceptance. */
  at: number;
  /** Its newest hold or delay, which may be over. A receipt of an earlier hold is invalid. */
  hold: Hold | null = null;
  older: StoredMessage | undefined = undefined;
  newer: StoredMessage | undefined = undefined;
  /** Its link in the queue of messages that wait to be received. */
  next: StoredMessage | Lane | undefined = undefined;
  /** The attempts, and the state in the two lowest bits. */
  #progress = 0;

  constructor(seq: number, message: WireMessage, at: number) {
    this.seq = seq;
    this.message = message;
    this.at = at;
  }

  get state(): State {
    return (this.#progress & 3) as State;
  }
  set state(state: State) {
    this.#progress = (this.#progress & ~3) | state;
  }

  /** Deliveries that count, the running one included. */
  get attempts(): number {
    return this.#progress >> 2;
  }
  set attempts(attempts: number) {
    this.#progress = (attempts << 2) | (this.#progress & 3);
  }
}

/**
 * The time during which a message cannot be received: a receiver holds it, or it is delayed (then there is no holder). Each receive makes a
 * new hold, which is also the receipt that settles the message.
 */
export class Hold implements Due {
  readonly item: StoredMessage;
  /** Broker time at which the hold or the delay ends. */
  due: number;
  slot = -1;
  /** The receiver that holds it. Null if none does, or no longer. */
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

/** A message with an order key or a tenant. */
export class LaneMessage extends StoredMessage {
  lane: Lane;
  /** Next of its lane, in order of acceptance. */
  after: LaneMessage | null = null;

  constructor(seq: number, message: WireMessage, at: number, lane: Lane) {
    super(seq, message, at);
    this.lane = lane;
  }
}

export const laneOf = (item: StoredMessage): Lane | null => (item instanceof LaneMessage ? item.lane : null);

/** Broker time from which it may be delivered. */
export const dueOf = (item: StoredMessage): number => (item.hold === null ? item.at : item.hold.due);

/** The messages of one order key (`serial`: only the first may be held), of one partition, or of one tenant (tenants take turns). */
export class Lane implements Linked<StoredMessage | Lane> {
  readonly id: string;
  readonly serial: boolean;
  head: LaneMessage | null = null;
  tail: LaneMessage | null = null;
  /** How many of them are held. */
  out = 0;
  /** Of a partition: the receiver that held one of them last. */
  holder: object | null = null;
  /** Of a partition: one of them was returned, and none is given until no other is held. */
  returning = false;
  /** Waits for its turn in the queue's ring. */
  queued = false;
  next: StoredMessage | Lane | undefined = undefined;

  constructor(id: string, serial: boolean) {
    this.id = id;
    this.serial = serial;
  }

  /** Inserts in order of acceptance, in constant time at both ends. */
  insert(item: LaneMessage): void {
    if (this.tail === null) {
      this.head = item;
      this.tail = item;
      item.after = null;
    } else if (this.tail.seq < item.seq) {
      this.tail.after = item;
      this.tail = item;
      item.after = null;
    } else {
      let before: LaneMessage | null = null;
      let at: LaneMessage | null = this.head;
      while (at !== null && at.seq < item.seq) {
        before = at;
        at = at.after;
      }
      item.after = at;
      if (before === null) this.head = item;
      else before.after = item;
    }
  }

  /** The first message that still exists. */
  first(): LaneMessage | null {
    while (this.head !== null && this.head.state === GONE) this.shift();
    return this.head;
  }

  shift(): LaneMessage | null {
    const item = this.head;
    if (item === null) return null;
    this.head = item.after;
    if (this.head === null) this.tail = null;
    item.after = null;
    return item;
  }
}
