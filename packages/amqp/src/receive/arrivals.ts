import type { Runtime } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";

/** The messages that a channel has delivered and `receive` has not taken yet. Also waits for more of them. */
export class Arrivals<T> {
  readonly #runtime: Runtime;
  readonly #all = new Deque<T>();
  #waiting: (() => void)[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#all.size;
  }

  push(one: T): void {
    this.#all.push(one);
    this.wake();
  }

  /** The first message, which stays. */
  peek(): T | undefined {
    return this.#all.peek();
  }

  shift(): T | undefined {
    return this.#all.shift();
  }

  take(max: number): T[] {
    const taken: T[] = [];
    while (taken.length < max && this.#all.size > 0) taken.push(this.#all.shift() as T);
    return taken;
  }

  clear(): void {
    this.#all.clear();
  }

  /** Removes the messages that must not be taken any more. */
  keepOnly(kept: (one: T) => boolean): void {
    const all = this.take(this.#all.size);
    for (const one of all) if (kept(one)) this.#all.push(one);
  }

  /** Ends all waits. */
  wake(): void {
    if (this.#waiting.length > 0) for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when a message comes, after `ms`, when the signal aborts, or at the next `wake`. */
  next(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        timer[Symbol.dispose]();
        signal.removeEventListener("abort", end);
        const at = this.#waiting.indexOf(end);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      const timer = this.#runtime.timer(ms, end);
      signal.addEventListener("abort", end, { once: true });
      this.#waiting.push(end);
    });
  }
}
