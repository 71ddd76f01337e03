import type { Runtime } from "./runtime.ts";
import { sleepOver } from "./sleep.ts";
import { uuidSource } from "./uuid.ts";

/** Node's longest timer: 2^31 - 1 ms (24.8 days); a longer one would fire at once. */
const LONGEST = 2_147_483_647;

/** Never early by the monotonic clock: Node's own drops fractions and compares whole milliseconds, and may fire two too soon. */
function timer(ms: number, fn: () => void): Disposable {
  const due = performance.now() + ms;
  let handle: NodeJS.Timeout;
  const arm = () => {
    const left = Math.ceil(due - performance.now());
    handle = setTimeout(() => (performance.now() < due ? arm() : fn()), Math.min(Math.max(left, 0), LONGEST));
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(handle) };
}

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
