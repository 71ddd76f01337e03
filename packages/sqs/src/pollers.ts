import type { Runtime } from "@switchyard/core/driver";

interface Parked {
  go(granted: boolean): void;
}

/**
 * How many polls of a queue run at once: one more after a full one, one less after an empty one. An idle queue then costs one
 * long poll, a deep one is read by all. The calls beyond wait here, at most as long as they would have polled.
 */
export class Pollers {
  readonly #most: number;
  readonly #runtime: Runtime;
  #width = 1;
  #running = 0;
  #closed = false;
  readonly #parked: Parked[] = [];

  constructor(most: number, runtime: Runtime) {
    this.#most = most;
    this.#runtime = runtime;
  }

  /** Milliseconds left to wait at the queue, or undefined: not to poll at all (time passed, aborted, closed). */
  async enter(waitMs: number, signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted || this.#closed) return undefined;
    if (this.#running < this.#width && this.#parked.length === 0) {
      this.#running++;
      return waitMs;
    }
    const from = this.#runtime.monotonic();
    if (!(await this.#park(waitMs, signal))) return undefined;
    return Math.max(0, waitMs - (this.#runtime.monotonic() - from));
  }

  leave(outcome: "full" | "some" | "empty" | "failed"): void {
    this.#running--;
    if (outcome === "full") this.#width = Math.min(this.#most, this.#width + 1);
    else if (outcome === "empty") this.#width = Math.max(1, this.#width - 1);
    while (this.#running < this.#width && this.#parked.length > 0) {
      this.#running++;
      this.#parked.shift()!.go(true);
    }
  }

  close(): void {
    this.#closed = true;
    for (const parked of this.#parked.splice(0)) parked.go(false);
  }

  #park(waitMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const give = (): void => {
        this.#parked.splice(this.#parked.indexOf(parked), 1);
        parked.go(false);
      };
      const timer = this.#runtime.timer(waitMs, give);
      const parked: Parked = {
        go: (granted) => {
          timer[Symbol.dispose]();
          signal.removeEventListener("abort", give);
          resolve(granted);
        },
      };
      signal.addEventListener("abort", give, { once: true });
      this.#parked.push(parked);
    });
  }
}
