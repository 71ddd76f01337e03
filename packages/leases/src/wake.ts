import type { Runtime } from "@switchyard/core/driver";

/** A sleep that can be cut short. A wake-up during no sleep ends the next one. */
export class Wake {
  readonly #runtime: Runtime;
  #due = false;
  #closed = false;
  #end: (() => void) | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async wait(ms: number | undefined): Promise<void> {
    if (!this.#due && !this.#closed) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : this.#runtime.timer(ms, () => this.now());
        const end = () => {
          timer?.[Symbol.dispose]();
          this.#end = undefined;
          resolve();
        };
        // In a variable first (docs/v8.md#functions-in-properties).
        this.#end = end;
      });
    }
    this.#due = false;
  }

  now(): void {
    this.#due = true;
    this.#end?.();
  }

  close(): void {
    this.#closed = true;
    this.#end?.();
  }
}
