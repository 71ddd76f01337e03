// The pump moves virtual time, so it needs the real timers itself.
import { setImmediate, setTimeout } from "node:timers";
import type { Runtime } from "@switchyard/core/driver";
import { sleepOver } from "@switchyard/core/driver-kit";

interface Advancing extends Runtime {
  advance(ms: number): Promise<void>;
}

export function isVirtual(runtime: Runtime): runtime is Advancing {
  return typeof (runtime as { advance?: unknown }).advance === "function";
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(() => resolve()));
/** Waits for real I/O, such as the loading of a module, when no timer is due. */
const breath = (): Promise<void> => new Promise((resolve) => void setTimeout(() => resolve(), 1));

export interface Pump {
  readonly runtime: Runtime;
  /** Rejects when the virtual runtime gives up. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Moves virtual time to the next due timer whenever nothing else can run. A case can then be written in the same way for virtual and
 * real time.
 */
export function pump(inner: Runtime): Pump {
  if (!isVirtual(inner)) return { runtime: inner, failed: new Promise(() => {}), stop: async () => {} };
  const due = new Set<{ readonly at: number }>();
  const timer = (ms: number, fn: () => void): Disposable => {
    const entry = { at: inner.monotonic() + Math.max(0, ms) };
    due.add(entry);
    const handle = inner.timer(ms, () => {
      due.delete(entry);
      fn();
    });
    return {
      [Symbol.dispose]: () => {
        due.delete(entry);
        handle[Symbol.dispose]();
      },
    };
  };
  // Only what differs is replaced. Everything else that the harness's runtime offers is inherited.
  const runtime: Runtime = Object.assign(Object.create(inner) as Runtime, { timer, sleep: sleepOver(timer) });

  let stopped = false;
  const next = (): number | undefined => {
    let least: number | undefined;
    for (const entry of due) if (least === undefined || entry.at < least) least = entry.at;
    return least;
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      // Several turns, so that work in promises and deferred calls can end before time moves.
      for (let i = 0; i < 3; i++) await turn();
      const at = next();
      if (at === undefined) await breath();
      else await inner.advance(Math.max(0, at - inner.monotonic()));
    }
  };
  const running = loop();
  return {
    runtime,
    failed: new Promise((_, reject) => void running.catch(reject)),
    stop: async () => {
      stopped = true;
      await running.catch(() => {});
    },
  };
}
