import { performance } from "node:perf_hooks";
// From the module, not the global: a test framework's fake timers replace the global.
import { setImmediate } from "node:timers";
import { type Duration, milliseconds } from "../api/duration.ts";
import type { Runtime } from "../driver/runtime.ts";
import { outside } from "../runtime/async-context.ts";
import { sleepOver } from "../runtime/sleep.ts";
import { loadAhead } from "./load-ahead.ts";
import { seededRandom, uuidFrom } from "./random.ts";
import { type Timer, Timers } from "./timers.ts";

/** One turn is enough for promises alone; chains of `defer` take two. */
const QUIET_TURNS = 5;
/** Milliseconds after which `settle` gives up, unless told otherwise. */
const PATIENCE_MS = 2_000;
/** Milliseconds that tracked work may stay idle before it counts as waiting for the test. Each I/O request restarts them. */
const GRACE_MS = 50;
/** Milliseconds after which tracked work counts as waiting even if its I/O has not ended. */
const IO_GRACE_MS = 500;
/** Matches the active resources that end by themselves, unlike sockets, ports and timers. */
const REQUEST = /Req(?:Callback|Promise|Wrap)?$|ConnectWrap$|Zlib/;
/** Absent before Node 23.9; `settle` then measures real time only. */
const threadUsage: typeof process.threadCpuUsage | undefined = process.threadCpuUsage?.bind(process);

/**
 * Measures the milliseconds that `settle` has used. It never sleeps, so this is its CPU time: delays of a busy or suspended machine
 * do not count. Real time is the upper bound.
 */
function stopwatch(): () => number {
  const began = performance.now();
  const used = threadUsage?.();
  return () => {
    const real = performance.now() - began;
    if (used === undefined) return real;
    const { user, system } = threadUsage!(used);
    return Math.min(real, (user + system) / 1_000);
  };
}

/** 2026-01-01T00:00:00Z: any fixed time would do. */
const START = 1_767_225_600_000;
/** Neither 0 nor near the epoch, so that a mix-up of the two clocks shows. */
const MONOTONIC_START = 1_000_000;

/** The options of a virtual runtime. */
export interface VirtualRuntimeOptions {
  /** The seed of `random` and `uuid`. Default 1. */
  readonly seed?: number;
  /** The first value of `now()`, in epoch milliseconds. Default 2026-01-01T00:00:00Z. */
  readonly start?: number;
  /** Milliseconds of its own work after which `settle` gives up. Delays of a busy machine do not count. Default 2000. */
  readonly patienceMs?: number;
  /**
   * Turns of the event loop without a call to the runtime after which all work counts as settled. Default 5. If the code under test
   * waits only for promises and this runtime's timers, 1 is enough and several times faster.
   */
  readonly quietTurns?: number;
}

/** A runtime whose time moves only when a test moves it. */
export interface VirtualRuntime extends Runtime {
  /** Moves time forward by `d`. Fires due timers in order and calls `settle` before, between and after them. Concurrent calls run one after another. */
  advance(d: Duration): Promise<void>;
  /**
   * Resolves when nothing can run until time moves. Never moves time itself. Rejects after `patienceMs` and names what still
   * runs. Tracked work that waits for something outside the runtime (a promise the test holds, real I/O) counts as waiting 50
   * milliseconds after its last file or network request, at the latest after 500. A busy machine's delays do not count.
   */
  settle(): Promise<void>;
  /** Makes `settle` wait for work that the runtime cannot see, such as a running handler. Call the returned function when the work ends. */
  track(name: string): () => void;
  /** How many timers and sleeps wait for `advance`. */
  readonly pending: number;
  /** Milliseconds of virtual time since the start. */
  readonly elapsed: number;
}

/** A runtime whose time moves only in `advance()`. Random numbers and ids each have their own sequence, made from the seed. */
export function virtualRuntime(options: VirtualRuntimeOptions = {}): VirtualRuntime {
  const start = options.start ?? START;
  const seed = options.seed ?? 1;
  const patience = options.patienceMs ?? PATIENCE_MS;
  const quietTurns = options.quietTurns ?? QUIET_TURNS;
  const random = seededRandom(seed);
  const ids = seededRandom(seed + 0x5eed);
  const timers = new Timers();
  const tracked = new Map<symbol, { name: string; graceMs: number }>();
  let elapsed = 0;
  let order = 0;
  let activity = 0;
  let deferred = 0;
  let advancing: Promise<void> = Promise.resolve();

  const timer = (ms: number, fn: () => void): Disposable => {
    activity++;
    const entry: Timer = { due: elapsed + Math.max(0, ms), order: order++, fn };
    timers.add(entry);
    return {
      [Symbol.dispose]: () => {
        activity++;
        timers.remove(entry);
      },
    };
  };

  const stillRunning = (): string => {
    const names = [...tracked.values()].map((work) => work.name);
    if (deferred > 0) names.push(`${deferred} deferred calls`);
    return names.length === 0 ? "timers or deferred calls that set each other without time moving" : names.join(", ");
  };

  /** Whether tracked work with grace left may be waiting for a file or network request. */
  const busyOutside = (): boolean =>
    [...tracked.values()].some((work) => work.graceMs > 0) &&
    process.getActiveResourcesInfo().some((name) => REQUEST.test(name));

  const settle = async (): Promise<void> => {
    await loadAhead();
    const spent = stopwatch();
    let seen = activity;
    let quiet = 0;
    let idleSince: number | undefined;
    let lastRequest = 0;
    for (let turn = 1; ; turn++) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (activity !== seen || deferred > 0) {
        seen = activity;
        quiet = 0;
        idleSince = undefined;
      } else if (++quiet >= quietTurns) {
        if (![...tracked.values()].some((work) => work.graceMs > 0)) return;
        const now = spent();
        idleSince ??= now;
        if (busyOutside()) lastRequest = now;
        if (now - Math.max(idleSince, lastRequest) >= GRACE_MS || now - idleSince >= IO_GRACE_MS) {
          for (const work of tracked.values()) work.graceMs = 0;
          return;
        }
      }
      // Reading the clock costs half as much as a turn.
      if (turn % 16 === 0 && spent() > patience) {
        throw new Error(`not settled after ${patience} ms; still running: ${stillRunning()}`);
      }
    }
  };

  const advanceTo = async (target: number): Promise<void> => {
    await settle();
    for (let next = timers.next; next !== undefined && next.due <= target; next = timers.next) {
      timers.remove(next);
      elapsed = Math.max(elapsed, next.due);
      outside(next.fn);
      await settle();
    }
    elapsed = target;
  };

  return {
    now: () => start + elapsed,
    monotonic: () => MONOTONIC_START + elapsed,
    timer,
    sleep: sleepOver(timer),
    defer: (fn) => {
      activity++;
      deferred++;
      setImmediate(() => {
        deferred--;
        activity++;
        outside(fn);
      });
    },
    random: () => {
      activity++;
      return random();
    },
    uuid: () => {
      activity++;
      return uuidFrom(ids);
    },
    advance: (d) => {
      const ms = milliseconds(d, "advance");
      const run = advancing.then(() => advanceTo(elapsed + ms));
      advancing = run.catch(() => {});
      return run;
    },
    settle,
    track: (name) => {
      const key = Symbol(name);
      activity++;
      tracked.set(key, { name, graceMs: GRACE_MS });
      return () => {
        activity++;
        tracked.delete(key);
      };
    },
    get pending() {
      return timers.size;
    },
    get elapsed() {
      return elapsed;
    },
  };
}
