import type { Runtime } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";

/** What has come by a channel and is not handed out yet, and the wait for more of it. */
export class Arrivals<T> {
  readonly #runtime: Runtime;
  #come = new Deque<T>();
  #waiting: (() => void)[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#come.size;
  }

  push(one: T): void {
    this.#come.push(one);
    this.wake();
  }

  take(max: number): T[] {
    const taken: T[] = [];
    while (taken.length < max && this.#come.size > 0) taken.push(this.#come.shift() as T);
    return taken;
  }

  clear(): void {
    this.#come = new Deque();
  }

  /** Takes out what is not to be handed out any more. */
  keepOnly(kept: (one: T) => boolean): void {
    const all = this.take(this.#come.size);
    for (const one of all) if (kept(one)) this.#come.push(one);
  }

  /** Whoever waits looks again. */
  wake(): void {
    if (this.#waiting.length > 0) for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when something came, was woken, after `ms`, or when the signal aborts. */
  next(ms: number, signal: AbortSignal): Promise<void> {
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
