import type { Runtime } from "@switchyard/core/driver";

/** Those who wait for something to happen. */
export class Arrivals {
  readonly #runtime: Runtime;
  #waiting: (() => void)[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  wake(): void {
    if (this.#waiting.length > 0) for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves at the next wake, after `ms`, or when the signal aborts. */
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
