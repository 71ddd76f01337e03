import type { Runtime } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";

/** What has come by a channel and is not handed out yet, and the wait for more of it. */
export class Arrivals<T> {
  readonly #runtime: Runtime;
  #waiting = new Deque<T>();
  #wake: () => void = () => {};
  #arrival: Promise<void> | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#waiting.size;
  }

  push(one: T): void {
    this.#waiting.push(one);
    this.#wake();
  }

  /** Whoever waits looks again. */
  wake(): void {
    this.#wake();
  }

  take(max: number): T[] {
    const taken: T[] = [];
    while (taken.length < max && this.#waiting.size > 0) taken.push(this.#waiting.shift() as T);
    return taken;
  }

  clear(): void {
    this.#waiting = new Deque();
  }

  /** Resolves when something came, was woken, the time is over or the signal aborts. */
  async some(ms: number, signal: AbortSignal): Promise<void> {
    this.#arrival ??= new Promise<void>((resolve) => {
      this.#wake = () => {
        this.#arrival = undefined;
        this.#wake = () => {};
        resolve();
      };
    });
    const arrival = this.#arrival;
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.race([arrival, this.#runtime.sleep(ms, over.signal)]);
    signal.removeEventListener("abort", stop);
    over.abort();
  }
}
