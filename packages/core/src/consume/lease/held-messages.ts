import type { Held } from "./held-message.ts";
import { HeldList } from "./held-list.ts";
import { Lanes } from "./lanes.ts";

/** What its lease is told. */
export interface HoldingsOwner {
  /** Nothing is held any more. */
  emptied(): void;
  /** No handler runs. */
  rested(): void;
}

/** All that one lease holds: in order of arrival, by lane, and how many of it run. */
export class Holdings implements Iterable<Held> {
  readonly #owner: HoldingsOwner;
  readonly #list = new HeldList();
  /** Only where an order is kept. */
  #lanes: Lanes | undefined;
  #running = 0;
  #idle: (() => void)[] = [];
  #none: (() => void)[] = [];

  constructor(owner: HoldingsOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#list.size;
  }

  get running(): number {
    return this.#running;
  }

  /** Over what is held now: what leaves or comes meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<Held> {
    return this.#list[Symbol.iterator]();
  }

  add(held: Held): void {
    this.#list.add(held);
  }

  /** Takes its place in its lane; true when it may start. */
  lineUp(held: Held): boolean {
    return held.lane === undefined || (this.#lanes ??= new Lanes()).add(held.lane, held);
  }

  /** On its way back from now on; what follows it must not start before it. */
  returning(held: Held): void {
    if (held.lane !== undefined) (this.#lanes ??= new Lanes()).returning(held.lane, held);
  }

  /** The broker has it, or never will. */
  returned(held: Held): void {
    if (held.lane !== undefined) this.#lanes?.returned(held.lane, held);
  }

  /** What has just come follows something that is still on its way back. */
  followsReturned(held: Held): boolean {
    return held.lane !== undefined && this.#lanes?.behind(held.lane, held) === true;
  }

  /** Takes out everything behind one in its lane, in order. */
  cutBehind(held: Held): Held[] {
    return held.lane === undefined ? [] : (this.#lanes?.cutBehind(held.lane, held) ?? []);
  }

  /** What runs in one batch with it and comes after it. */
  runningBehind(held: Held): Held[] {
    return held.lane === undefined ? [] : (this.#lanes?.runningBehind(held.lane, held) ?? []);
  }

  /** How many a batch could take with a head that is ready, itself included. */
  laneLength(held: Held): number {
    return held.lane === undefined ? 1 : (this.#lanes?.length(held.lane) ?? 1);
  }

  /** What comes next in its lane, at most `most`, for the same batch. */
  following(held: Held, most: number): Held[] {
    return held.lane === undefined || most < 1 ? [] : (this.#lanes?.following(held.lane, most) ?? []);
  }

  /** False when it had left already. */
  remove(held: Held): boolean {
    if (!this.#list.delete(held)) return false;
    if (this.#list.size === 0) this.#owner.emptied();
    return true;
  }

  /** Makes way in its lane: the one whose turn has come, if any. */
  leaveLane(held: Held): Held | undefined {
    return held.lane === undefined ? undefined : this.#lanes?.remove(held.lane, held);
  }

  begin(): void {
    this.#running++;
  }

  end(): void {
    this.#running--;
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when everything held has been handled, retries included. */
  async finished(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.#none.push(resolve));
  }

  /** One has left, or waits. */
  wakeIdle(): void {
    if (this.size === 0 && this.#none.length > 0) for (const wake of this.#none.splice(0)) wake();
    if (this.#running > 0) return;
    this.#owner.rested();
    if (this.#idle.length > 0) for (const wake of this.#idle.splice(0)) wake();
  }

  /** Whatever still runs: nobody waits for it any more. */
  wakeAll(): void {
    for (const wake of [...this.#idle.splice(0), ...this.#none.splice(0)]) wake();
  }
}
