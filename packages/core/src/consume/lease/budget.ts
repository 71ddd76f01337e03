import { Deque } from "../../base/deque.ts";

interface Waiting {
  readonly most: number;
  readonly least: number;
  readonly grant: (count: number) => void;
}

/**
 * Limits the messages and bytes that a group may hold at once over all its leases, waiting and running ones together. The count is
 * reserved before a receive, so it is never exceeded. Bytes are known only afterwards (contract C12).
 */
export class Budget {
  readonly #max: number;
  readonly #maxBytes: number;
  /** Places reserved or held. */
  #used = 0;
  #held = 0;
  #bytes = 0;
  #closed = false;
  #paused = false;
  readonly #waiting = new Deque<Waiting>();
  /** Called when a waiter exists but fewer than `least` places are free. */
  onShort: () => void = () => {};

  constructor(max: number, maxBytes: number) {
    this.#max = max;
    this.#maxBytes = maxBytes;
  }

  get held(): number {
    return this.#held;
  }

  get free(): number {
    return this.#bytes >= this.#maxBytes || this.#paused ? 0 : this.#max - this.#used;
  }

  /** True while nothing may be received. */
  get paused(): boolean {
    return this.#paused;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused && this.#waiting.size > 0) this.#grant();
  }

  /** A waiter exists and a place is free. */
  get wanted(): boolean {
    return this.#waiting.size > 0 && this.free > 0;
  }

  /** Reserves between `least` and `most` places and returns their number; 0 if fewer are free or others wait already. */
  tryTake(most: number, least = 1): number {
    return this.#waiting.size > 0 || this.free < least ? 0 : this.#take(most);
  }

  /**
   * Like {@link tryTake}, but waits its turn. Resolves with 0 once the budget is closed. `least` saves calls to the broker, but is
   * not a guarantee: {@link offer} may grant fewer places.
   */
  take(most: number, least = 1): Promise<number> {
    if (this.#closed) return Promise.resolve(0);
    const taken = this.tryTake(most, least);
    if (taken > 0) return Promise.resolve(taken);
    return new Promise((grant) => {
      this.#waiting.push({ most, least, grant });
      this.#grant();
    });
  }

  /** Call this when handlers are idle: waiters then get what is free, even less than their `least`. */
  offer(): void {
    while (this.#waiting.size > 0 && this.free > 0) this.#give();
  }

  /** True if messages fill the budget, so that no receive in flight could bring another. */
  get full(): boolean {
    return this.#held >= this.#max || this.#bytes >= this.#maxBytes;
  }

  /** Fills a reserved place with a message. */
  fill(bytes: number): void {
    this.#held++;
    this.#bytes += bytes;
  }

  /** Frees the place of a message. */
  leave(bytes: number): void {
    this.#held--;
    this.#bytes -= bytes;
    this.unreserve(1);
  }

  unreserve(count: number): void {
    this.#used -= count;
    if (this.#waiting.size > 0) this.#grant();
  }

  close(): void {
    this.#closed = true;
    for (const next of this.#waiting.drain()) next.grant(0);
  }

  #grant(): void {
    for (let next = this.#waiting.peek(); next !== undefined && this.free > 0; next = this.#waiting.peek()) {
      if (this.free < next.least) return this.onShort();
      this.#give();
    }
  }

  #give(): void {
    const next = this.#waiting.shift() as Waiting;
    next.grant(this.#take(next.most));
  }

  #take(most: number): number {
    const taken = Math.max(Math.min(most, this.free), 0);
    this.#used += taken;
    return taken;
  }
}
