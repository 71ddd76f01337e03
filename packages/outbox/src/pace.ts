import type { Runtime } from "@switchyard/core";

/** From the research on queues in PostgreSQL: an idle relay should cost one look a second, a busy one should not wait to be noticed. */
const BUSY_MS = 50;
const IDLE_MS = 1_000;

/** When a partition is looked at again: at once after a full batch, after 50 ms while there are rows, and ever later up to a second. */
export class Pace {
  readonly #runtime: Runtime;
  #pause = BUSY_MS;
  #due = false;
  #end: (() => void) | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Ends the wait that is running, or the next one. */
  nudge(): void {
    this.#due = true;
    this.#end?.();
  }

  found(full: boolean): void {
    this.#pause = full ? 0 : BUSY_MS;
  }

  nothing(): void {
    this.#pause = Math.min(IDLE_MS, Math.max(BUSY_MS, this.#pause * 2));
  }

  /** Waits for the next look, at most `most` milliseconds. */
  async wait(most = Number.POSITIVE_INFINITY): Promise<void> {
    const ms = Math.min(this.#pause, most);
    if (!this.#due && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#runtime.timer(ms, () => this.#end?.());
        const end = () => {
          timer[Symbol.dispose]();
          this.#end = undefined;
          resolve();
        };
        // In a variable first (docs/v8.md#functions-in-properties).
        this.#end = end;
      });
    }
    if (this.#due) this.#pause = BUSY_MS;
    this.#due = false;
  }
}
