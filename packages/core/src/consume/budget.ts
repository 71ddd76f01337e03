import { Deque } from "../deque.ts";

/**
 * How many messages, and how many bytes of them, a group may hold at once over all its leases: undispatched plus running.
 * The count is reserved before a fetch and so never exceeded; bytes are known only afterwards (contract C12).
 */
export class Budget {
  readonly #max: number;
  readonly #maxBytes: number;
  /** Reserved or held. */
  #used = 0;
  #held = 0;
  #bytes = 0;
  #closed = false;
  readonly #waiting = new Deque<{ readonly most: number; readonly grant: (count: number) => void }>();

  constructor(max: number, maxBytes: number) {
    this.#max = max;
    this.#maxBytes = maxBytes;
  }

  get held(): number {
    return this.#held;
  }

  get free(): number {
    return this.#bytes >= this.#maxBytes ? 0 : this.#max - this.#used;
  }

  /** Reserves between 1 and `most`; 0 when nothing is free, or others asked before. */
  tryTake(most: number): number {
    return this.#waiting.size > 0 ? 0 : this.#take(most);
  }

  /** As {@link tryTake}, but waits its turn; 0 once the budget is closed. */
  take(most: number): Promise<number> {
    if (this.#closed) return Promise.resolve(0);
    const taken = this.tryTake(most);
    if (taken > 0) return Promise.resolve(taken);
    return new Promise((grant) => this.#waiting.push({ most, grant }));
  }

  /** Every place is taken by a message: none that is only reserved could bring another. */
  get full(): boolean {
    return this.#held >= this.#max || this.#bytes >= this.#maxBytes;
  }

  /** A reserved place is filled. */
  fill(bytes: number): void {
    this.#held++;
    this.#bytes += bytes;
  }

  /** A message has left. */
  leave(bytes: number): void {
    this.#held--;
    this.#bytes -= bytes;
    this.unreserve(1);
  }

  unreserve(count: number): void {
    this.#used -= count;
    while (this.#waiting.size > 0 && this.free > 0) {
      const next = this.#waiting.shift();
      next?.grant(this.#take(next.most));
    }
  }

  close(): void {
    this.#closed = true;
    for (const next of this.#waiting.drain()) next.grant(0);
  }

  #take(most: number): number {
    const taken = Math.max(Math.min(most, this.free), 0);
    this.#used += taken;
    return taken;
  }
}
