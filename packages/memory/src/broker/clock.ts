import type { Runtime } from "@switchyard/core/driver";

/** The broker's own time: whole milliseconds since the broker began (docs/v8.md#small-integers). It never goes back. */
export class Clock {
  readonly runtime: Runtime;
  readonly #began: number;
  readonly #beganAt: number;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.#began = runtime.monotonic();
    this.#beganAt = runtime.now();
  }

  now(): number {
    return Math.floor(this.runtime.monotonic() - this.#began);
  }

  /** The first whole millisecond not earlier than `ms` from now. */
  after(ms: number): number {
    return Math.ceil(this.runtime.monotonic() - this.#began + ms);
  }

  /** Real milliseconds until `time`. */
  until(time: number): number {
    return Math.max(0, time - (this.runtime.monotonic() - this.#began));
  }

  toMonotonic(time: number): number {
    return this.#began + time;
  }

  toEpoch(time: number): number {
    return this.#beganAt + time;
  }

  fromEpoch(at: number): number {
    return at - this.#beganAt;
  }
}
