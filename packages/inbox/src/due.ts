import type { Runtime, RuntimeTimer } from "@switchyard/core";

/** Calls `fire` for each item that was added `ms` milliseconds ago and not deleted since. One timer serves all items. */
export class Due<T extends object> {
  readonly #runtime: Runtime;
  readonly #ms: number;
  readonly #fire: (item: T) => void;
  /** In the order in which they are due, since all wait equally long. */
  readonly #items = new Map<T, number>();
  #timer: RuntimeTimer | undefined;

  constructor(runtime: Runtime, ms: number, fire: (item: T) => void) {
    this.#runtime = runtime;
    this.#ms = ms;
    this.#fire = fire;
  }

  add(item: T): void {
    this.#items.delete(item);
    this.#items.set(item, this.#runtime.monotonic() + this.#ms);
    if (this.#timer === undefined) this.#wait(this.#ms);
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  /** Forgets all items. */
  close(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#items.clear();
  }

  /** The timer runs on while there are no items: they come and go faster than it. */
  #wait(ms: number): void {
    // Timers count whole milliseconds: a shorter wait would end at once, again and again.
    this.#timer = this.#runtime.timer(Math.max(Math.ceil(ms), 1), () => {
      this.#timer = undefined;
      const now = this.#runtime.monotonic();
      const due: T[] = [];
      for (const [item, at] of this.#items) {
        if (at > now) {
          this.#wait(at - now);
          break;
        }
        due.push(item);
      }
      for (const item of due) this.#items.delete(item);
      for (const item of due) this.#fire(item);
    });
    this.#timer.unref?.();
  }
}
