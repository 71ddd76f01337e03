import type { Runtime } from "../driver/runtime.ts";
import { anySignal } from "./any-signal.ts";

/** A runtime of which nothing is left once `closed` aborts: sleeps resolve then, and timers are disposed without a call. */
export function untilClosed(runtime: Runtime, closed: AbortSignal): Runtime {
  return {
    now: () => runtime.now(),
    monotonic: () => runtime.monotonic(),
    sleep: async (ms, signal) => {
      using over = signal === undefined ? anySignal(closed) : anySignal(closed, signal);
      await runtime.sleep(ms, over.signal);
    },
    timer: (ms, fn) => {
      const dispose = () => {
        closed.removeEventListener("abort", dispose);
        timer[Symbol.dispose]();
      };
      const timer = runtime.timer(ms, () => {
        closed.removeEventListener("abort", dispose);
        fn();
      });
      if (closed.aborted) dispose();
      else closed.addEventListener("abort", dispose, { once: true });
      return { unref: () => timer.unref?.(), [Symbol.dispose]: dispose };
    },
    defer: (fn) => runtime.defer(fn),
    random: () => runtime.random(),
    uuid: () => runtime.uuid(),
  };
}
