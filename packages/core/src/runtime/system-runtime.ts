import type { Runtime, RuntimeTimer } from "../driver/runtime.ts";
import { outside } from "./async-context.ts";
import { sleepOver } from "./sleep.ts";
import { uuidSource } from "../base/uuid.ts";

/** Node's longest timer: 2^31 - 1 ms (24.8 days). Node fires a longer one at once. */
const LONGEST = 2_147_483_647;

const nothing = (): void => {};
const fire = (timer: SystemTimer): void => timer.ring();

/**
 * A timer that is never early by the monotonic clock. Node's timers compare whole milliseconds and may fire up to two milliseconds too
 * soon. Once it has fired or is disposed, it holds no references.
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
    outside(fn);
  }

  /** If Node fires early, the timer is set again, and keeps the process alive for the remaining fraction of a millisecond. */
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

/** The default runtime: the machine's clock, timers, randomness and ids. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: sleepOver(timer),
  timer,
  defer: (fn) => void setImmediate(outside, fn),
  random: () => Math.random(),
  uuid: uuidSource(),
};
