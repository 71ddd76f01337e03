export interface Timer {
  readonly due: number;
  /** Breaks ties: the timer set first fires first. */
  readonly order: number;
  readonly fn: () => void;
}

/** Timers sorted by due time. The next one is last, so that removing it is cheap. */
export class Timers {
  #sorted: Timer[] = [];

  get size(): number {
    return this.#sorted.length;
  }

  get next(): Timer | undefined {
    return this.#sorted.at(-1);
  }

  add(timer: Timer): void {
    this.#sorted.splice(this.#place(timer), 0, timer);
  }

  remove(timer: Timer): void {
    const at = this.#place(timer);
    if (this.#sorted[at] === timer) this.#sorted.splice(at, 1);
  }

  /** The first index whose timer is not later than `timer`. */
  #place(timer: Timer): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#sorted[middle]!;
      const later = other.due > timer.due || (other.due === timer.due && other.order > timer.order);
      if (later) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
