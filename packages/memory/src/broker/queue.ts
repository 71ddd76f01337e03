import type { WireMessage } from "@switchyard/core/driver";
import type { Clock } from "./clock.ts";
import { Accepted, Dedup } from "./dedup.ts";
import { DueHeap } from "./due-heap.ts";
import { Alarm } from "./alarm.ts";
import { DELAYED, dueOf, GONE, HELD, Hold, StoredMessage, Lane, LaneMessage, laneOf, READY } from "./stored-message.ts";
import { LinkedList, LinkedQueue } from "@switchyard/core/driver-kit";
import type { Rules } from "./rules.ts";
import { Waiters } from "./waiters.ts";

export interface TakeRequest {
  readonly max: number;
  readonly holdMs: number;
  /** The receiver. Its holds can be ended when its connection is cut. */
  readonly holder: object;
}

/** The broker itself moves a message there after `attempts` deliveries that were not settled. */
export interface NativeDeadLetter {
  readonly attempts: number;
  readonly name: string;
  readonly to: () => Queue | undefined;
}

/**
 * A queue with competing consumers and holds. Nothing is scanned: the cost of publishing, receiving and settling does not depend on the
 * backlog, and is O(log n) in the number of held and delayed messages. The clock is read when a method is called. A timer runs only while a
 * receive waits.
 */
export class Queue {
  readonly name: string;
  rules: Rules;
  readonly dedup: Dedup<Accepted>;
  readonly waiters: Waiters<TakeRequest, Hold[]>;
  deadLetter: NativeDeadLetter | undefined;
  /** The queues whose dead letters come here. What expires there by now is here. */
  sources: Set<Queue> | undefined;
  /** Whether a receiver was ever opened. */
  consumed = false;
  /** All messages in the queue, oldest first. */
  readonly all = new LinkedList<StoredMessage>();
  held = 0;
  delayed = 0;
  readonly #clock: Clock;
  readonly #ring = new LinkedQueue<StoredMessage | Lane>();
  readonly #due = new DueHeap<Hold>();
  /** How often messages were returned, if attempts do not say it. Made at the first return. */
  #returns: WeakMap<StoredMessage, number> | undefined;
  #lanes: Map<string, Lane> | undefined;
  readonly #alarm: Alarm;
  #seq = 0;

  constructor(name: string, rules: Rules, clock: Clock) {
    this.name = name;
    this.rules = rules;
    this.#clock = clock;
    this.dedup = new Dedup(rules.dedupMs);
    this.waiters = new Waiters(clock.runtime, () => this.#setAlarm());
    this.#alarm = new Alarm(clock, this);
  }

  accept(kept: WireMessage, given: WireMessage, now: number): Accepted {
    return new Accepted(this.put(kept, given.delayMs ?? 0, now));
  }

  /** Stores one message. Call `serve` after the last of a batch. */
  put(message: WireMessage, delayMs: number, now = this.#clock.now()): string {
    this.#trim(now);
    const lane = this.#laneOf(message);
    const seq = ++this.#seq;
    const item = lane === null ? new StoredMessage(seq, message, now) : new LaneMessage(seq, message, now, lane);
    this.all.add(item);
    if (delayMs > 0) item.hold = new Hold(item, now, this.#clock.after(delayMs), null);
    this.#line(item, now, false);
    return String(seq);
  }

  /** Takes up to `max` of the messages that are ready now. */
  take(request: TakeRequest): Hold[] {
    const now = this.#clock.now();
    this.look(now);
    return this.#take(request, now);
  }

  /** Call it after an empty `take`. Resolves with messages that come within `waitMs`. Receives that waited earlier are served first. */
  wait(request: TakeRequest, waitMs: number, signal: AbortSignal): Promise<Hold[] | undefined> {
    const answer = this.waiters.wait(request, waitMs, signal);
    this.#setAlarm();
    return answer;
  }

  /** Distributes the ready messages among the waiting receives. */
  serve(): void {
    if (this.waiters.size === 0) return;
    const now = this.#clock.now();
    // Not at `sources`: this may be called by one that looks at itself.
    this.#lookHere(now);
    if (this.rules.partitions !== undefined) this.#servePartitions(now);
    else this.#serveInTurn(now);
    this.#setAlarm();
  }

  #serveInTurn(now: number): void {
    for (let waiter = this.waiters.first; waiter !== undefined; waiter = this.waiters.first) {
      const share = Math.max(1, Math.ceil(this.ready / this.waiters.size));
      const { max, holdMs, holder } = waiter.request;
      const taken = this.#take({ max: Math.min(max, share), holdMs, holder }, now);
      if (taken.length === 0) break;
      waiter.answer(taken);
    }
  }

  /** Who came first may have to wait, as another receiver holds the partitions that have something. */
  #servePartitions(now: number): void {
    for (const waiter of this.waiters.all) {
      const taken = this.#take(waiter.request, now);
      if (taken.length > 0) waiter.answer(taken);
    }
  }

  ack(hold: Hold, now: number): boolean {
    const { item } = hold;
    if (this.#lasts(hold, now)) {
      this.#drop(item);
      return true;
    }
    // SQS deletes what is not there any more.
    if (item.state === GONE) return this.rules.returnsByHold;
    if (this.rules.late === "lost") return false;
    if (item.hold === hold) this.#drop(item);
    return true;
  }

  /**
   * Returns a message to the queue. It is not delivered again for `delayMs`. `attempts`: how many deliveries it has had by now; undefined if
   * this one does not count.
   */
  giveBack(hold: Hold, delayMs: number, attempts: number | undefined): boolean {
    const { item } = hold;
    if (!this.#lasts(hold)) return false;
    if (this.rules.returnsByHold) {
      if (delayMs > 0) return this.extend(hold, delayMs);
    } else if (attempts === undefined) item.attempts--;
    else item.attempts = attempts;
    if (this.rules.countsFailures) {
      // A failure leaves a copy with a new count, except where order is kept.
      const copied = attempts !== undefined && !this.rules.ordered;
      this.#returned(item, copied ? 0 : this.#returnsOf(item) + 1);
      if (copied) this.#renew(item);
    }
    this.#return(hold, delayMs > 0 ? this.#clock.after(delayMs) : this.#clock.now());
    return true;
  }

  extend(hold: Hold, forMs: number): boolean {
    if (!this.#lasts(hold)) return false;
    hold.due = this.#clock.after(forMs);
    this.#due.moved(hold);
    return true;
  }

  /** Updates the state that changes with time: ended holds, delays and retention. */
  look(now: number = this.#clock.now()): void {
    if (this.sources !== undefined) for (const source of this.sources) source.look(now);
    this.#lookHere(now);
  }

  #lookHere(now: number): void {
    this.#trim(now);
    for (let hold = this.#due.next; hold !== undefined && hold.due <= now; hold = this.#due.next) {
      const { item } = hold;
      if (item.state === HELD) this.#end(hold, now);
      else {
        this.#due.remove(hold);
        this.delayed--;
        item.state = READY;
        if (item instanceof LaneMessage && item.lane.serial) this.#arm(item.lane, false);
        else this.#ready(item, false);
      }
    }
  }

  /** Ends all holds of one receiver, because its connection is gone. */
  takeBack(holder: object): void {
    const now = this.#clock.now();
    for (const hold of [...this.#due]) if (hold.item.state === HELD && hold.holder === holder) this.#end(hold, now);
    this.serve();
  }

  purge(): void {
    for (const item of this.all) item.state = GONE;
    this.all.clear();
    this.#ring.drain();
    this.#due.clear();
    this.#lanes?.clear();
    this.held = 0;
    this.delayed = 0;
    this.#setAlarm();
  }

  get ready(): number {
    return this.all.size - this.held - this.delayed;
  }

  #laneOf(message: WireMessage): Lane | null {
    const { ordered, partitions } = this.rules;
    const id =
      partitions !== undefined ? partitionOf(message.key, partitions) : ordered ? message.key : message.fairness;
    if (id === undefined) return null;
    const lanes = (this.#lanes ??= new Map());
    let lane = lanes.get(id);
    if (lane === undefined) lanes.set(id, (lane = new Lane(id, this.rules.ordered)));
    return lane;
  }

  #take(request: TakeRequest, now: number): Hold[] {
    const max = Math.min(request.max, this.rules.receiveLimit);
    const taken: Hold[] = [];
    const due = this.#clock.after(request.holdMs);
    /** Partitions of other receivers, and those with returned messages that wait. */
    let others: Lane[] | undefined;
    while (taken.length < max) {
      const next = this.#ring.shift();
      if (next === undefined) break;
      if (next instanceof StoredMessage) {
        if (next.state === READY) this.#hold(next, due, now, request.holder, taken);
        continue;
      }
      if (next.out > 0 && (next.returning || (next.holder !== null && next.holder !== request.holder))) {
        (others ??= []).push(next);
        continue;
      }
      next.returning = false;
      next.queued = false;
      const room = next.serial && this.rules.keyBatches ? max - taken.length : 1;
      for (let count = 0; count < room; count++) {
        const item = next.first();
        if (item === null || dueOf(item) > now) break;
        next.shift();
        this.#hold(item, due, now, request.holder, taken);
      }
      this.#arm(next, false);
    }
    if (others !== undefined) for (const other of others.reverse()) this.#ring.unshift(other);
    return taken;
  }

  #hold(item: StoredMessage, due: number, now: number, holder: object, taken: Hold[]): void {
    const hold = new Hold(item, now, due, holder);
    item.state = HELD;
    item.attempts++;
    item.hold = hold;
    const lane = laneOf(item);
    if (lane !== null) {
      lane.out++;
      if (this.rules.partitions !== undefined) lane.holder = holder;
    }
    this.#due.add(hold);
    this.held++;
    taken.push(hold);
  }

  /** Whether the hold is its message's current one and has not ended. */
  #lasts(hold: Hold, now = this.#clock.now()): boolean {
    const { item } = hold;
    return item.state === HELD && item.hold === hold && hold.due > now;
  }

  /** A hold that ends without a settlement. */
  #end(hold: Hold, now: number): void {
    const { item } = hold;
    if (this.rules.countsFailures) {
      item.attempts--;
      this.#returned(item, this.#returnsOf(item) + 1);
    }
    this.#return(hold, now);
  }

  /** The retention begins anew. */
  #renew(item: StoredMessage): void {
    this.all.delete(item);
    item.at = this.#clock.now();
    this.all.add(item);
  }

  #returnsOf(item: StoredMessage): number {
    return this.#returns?.get(item) ?? 0;
  }

  #returned(item: StoredMessage, times: number): void {
    (this.#returns ??= new WeakMap()).set(item, times);
  }

  /** Moves a held message to ready, to delayed, or to the dead letters. */
  #return(hold: Hold, due: number): void {
    const { item } = hold;
    const dead = this.deadLetter;
    if (dead !== undefined && (this.rules.countsFailures ? this.#returnsOf(item) : item.attempts) >= dead.attempts) {
      const to = dead.to();
      if (to !== undefined) return this.#die(item, to);
    }
    this.#due.remove(hold);
    this.held--;
    hold.holder = null;
    hold.due = due;
    item.state = READY;
    const lane = laneOf(item);
    if (lane !== null) {
      lane.out--;
      lane.returning = this.rules.partitions !== undefined && lane.out > 0;
    }
    this.#line(item, this.#clock.now(), true);
  }

  /** Makes a message ready, or delayed until its time. `back`: it was returned, and goes before messages that were never received. */
  #line(item: StoredMessage, now: number, back: boolean): void {
    if (item instanceof LaneMessage && item.lane.serial) {
      item.lane.insert(item);
      this.#arm(item.lane, back);
    } else if (item.hold !== null && item.hold.due > now) this.#delay(item, item.hold);
    else this.#ready(item, back);
  }

  #ready(item: StoredMessage, back: boolean): void {
    if (item instanceof LaneMessage) {
      const lane = this.#lanes?.get(item.lane.id) ?? item.lane;
      this.#lanes?.set(lane.id, lane);
      item.lane = lane;
      lane.insert(item);
      this.#arm(lane, false);
    } else if (back) this.#ring.unshift(item);
    else this.#ring.push(item);
  }

  #delay(item: StoredMessage, hold: Hold): void {
    item.state = DELAYED;
    this.#due.add(hold);
    this.delayed++;
  }

  /** Queues a lane for its turn. If its first message is delayed, that goes into the heap until its time. An empty lane is removed. */
  #arm(lane: Lane, front: boolean): void {
    if (lane.queued || (lane.serial && lane.out > 0 && this.rules.partitions === undefined)) return;
    const head = lane.first();
    if (head === null) {
      if (lane.out === 0 && this.#lanes?.get(lane.id) === lane) this.#lanes.delete(lane.id);
      return;
    }
    if (head.state === DELAYED) return;
    if (lane.serial && head.hold !== null && head.hold.due > this.#clock.now()) {
      this.#delay(head, head.hold);
      return;
    }
    lane.queued = true;
    if (front) this.#ring.unshift(lane);
    else this.#ring.push(lane);
  }

  #die(item: StoredMessage, to: Queue | undefined): void {
    this.#drop(item);
    to?.put(item.message, 0);
    to?.serve();
  }

  #drop(item: StoredMessage): void {
    const lane = laneOf(item);
    this.all.delete(item);
    if (item.hold !== null && item.hold.slot >= 0) this.#due.remove(item.hold);
    if (item.state === HELD) {
      this.held--;
      if (lane !== null) lane.out--;
    } else if (item.state === DELAYED) this.delayed--;
    item.state = GONE;
    if (lane !== null) this.#arm(lane, false);
  }

  /** Removes messages that are past retention. */
  #trim(now: number): void {
    const limit = now - this.rules.retentionMs;
    for (let item = this.all.oldest; item !== undefined && item.at <= limit; ) {
      const { newer } = item;
      if (this.rules.expiry === "removed") this.#drop(item);
      else if (item.state !== HELD) this.#die(item, this.deadLetter?.to());
      item = newer;
    }
    for (
      let front = this.#ring.peek();
      front instanceof StoredMessage && front.state === GONE;
      front = this.#ring.peek()
    )
      this.#ring.shift();
  }

  /** Sets the timer for the next change with time. It runs only while a receive waits. */
  #setAlarm(): void {
    this.#alarm.set(this.waiters.size > 0 ? this.#due.next?.due : undefined);
  }
}

/** The partition of a key. What has none is in the first. */
function partitionOf(key: string | undefined, partitions: number): string {
  let hash = 0;
  for (let at = 0; at < (key?.length ?? 0); at++) hash = (Math.imul(hash, 31) + key!.charCodeAt(at)) | 0;
  return `p${Math.abs(hash) % partitions}`;
}
