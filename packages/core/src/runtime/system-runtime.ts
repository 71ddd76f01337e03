import type { Runtime, RuntimeTimer } from "../driver/runtime.ts";
import { sleepOver } from "./sleep.ts";
import { uuidSource } from "../base/uuid.ts";

/** Node's longest timer: 2^31 - 1 ms (24.8 days); a longer one would fire at once. */
const LONGEST = 2_147_483_647;

const nothing = (): void => {};
const fire = (timer: SystemTimer): void => timer.ring();

/**
 * Never early by the monotonic clock: Node's own drops fractions and compares whole milliseconds, and may fire two too soon.
 * Over, it holds nothing that others could be kept alive by.
 */
class SystemTimer implements RuntimeTimer {
  #fn: () => void;
  readonly #due: number;
  #handle: NodeJS.Timeout | undefined;

  constructor(ms: number, fn: () => void) {
    this.#fn = fn;
    this.#due = performance.now() + ms;
    this.#arm();
  }

  ring(): void {
    if (performance.now() < this.#due) return this.#arm();
    const fn = this.#fn;
    this[Symbol.dispose]();
    fn();
  }

  /** One that Node rings a fraction early is set once more, and then keeps the process for that fraction. */
  unref(): void {
    this.#handle?.unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
    this.#fn = nothing;
  }

  #arm(): void {
    const left = Math.ceil(this.#due - performance.now());
    this.#handle = setTimeout(fire, Math.min(Math.max(left, 0), LONGEST), this);
  }
}

const timer = (ms: number, fn: () => void): RuntimeTimer => new SystemTimer(ms, fn);

/** The machine's own clock, timers, randomness and ids. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: sleepOver(timer),
  timer,
  defer: (fn) => void setImmediate(fn),
  random: () => Math.random(),
  uuid: uuidSource(),
};
