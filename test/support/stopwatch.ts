/** What a busy machine takes from a test that times something: how late the event loop was meanwhile. */
import { systemRuntime } from "@switchyard/core";

const TICK_MS = 20;

export interface Stopwatch extends Disposable {
  /** Milliseconds since the start in which the event loop was on time. */
  readonly ms: number;
}

/** Counts real time, but not what the process was kept waiting: a promise of "at once" is about ours, not about the machine. */
export function stopwatch(): Stopwatch {
  const began = systemRuntime.monotonic();
  let late = 0;
  let due = 0;
  let timer: Disposable;
  const tick = () => {
    due = systemRuntime.monotonic() + TICK_MS;
    timer = systemRuntime.timer(TICK_MS, () => {
      late += systemRuntime.monotonic() - due;
      tick();
    });
  };
  tick();
  return {
    get ms() {
      const now = systemRuntime.monotonic();
      return now - began - late - Math.max(0, now - due);
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
