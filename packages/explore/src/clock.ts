/** Time for a run: many processes on one virtual clock, each with a runtime of its own that can be frozen, paused and put wrong. */
import { AsyncLocalStorage } from "node:async_hooks";
// From the module, not the global: test frameworks and the guard of a run replace the global.
import { setImmediate } from "node:timers";
import { MessagingError, type Runtime } from "@switchyard/core";
import { seededRandom } from "@switchyard/core/testing";

/** 2026-01-01T00:00:00Z, as the virtual runtime of the testbed begins. */
const START = 1_767_225_600_000;
/** Calls of `defer` that follow each other without time moving: more than this is a loop. */
const LONGEST_CHAIN = 20_000;

/** Runs a function outside of any handler's async context, as the system's runtime does with timers. */
const outside = AsyncLocalStorage.snapshot();

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Whose timer it is. A dead owner's timers never fire, a paused owner's fire when the pause ends. */
export interface Owner {
  readonly dead: boolean;
  /** Milliseconds on the clock until which the owner does nothing. */
  readonly pausedUntil: number;
  /** How wrong the owner's wall clock is, in milliseconds. */
  readonly skewMs: number;
}

interface Timer {
  due: number;
  readonly order: number;
  readonly owner: Owner;
  readonly fn: () => void;
  open: boolean;
}

/** The clock of one run. Time moves in {@link Clock.next} only. */
export class Clock {
  elapsed = 0;
  readonly #timers: Timer[] = [];
  #deferred: { readonly owner: Owner; readonly fn: () => void }[] = [];
  #order = 0;

  /** Milliseconds since the epoch, for an owner whose clock is right. */
  get now(): number {
    return START + this.elapsed;
  }

  /** The runtime of one process. `seed` decides its ids and its jitter. */
  runtimeFor(owner: Owner, seed: number): Runtime {
    const random = seededRandom(seed);
    const ids = seededRandom(seed + 0x5eed);
    const timer = (ms: number, fn: () => void): Disposable => this.timer(owner, ms, fn);
    return {
      now: () => this.now + owner.skewMs,
      monotonic: () => 1_000_000 + this.elapsed,
      timer,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) return resolve();
          const ended = () => {
            signal?.removeEventListener("abort", aborted);
            resolve();
          };
          const waiting = timer(ms, ended);
          const aborted = () => {
            waiting[Symbol.dispose]();
            resolve();
          };
          signal?.addEventListener("abort", aborted, { once: true });
        }),
      defer: (fn) => void this.#deferred.push({ owner, fn }),
      random,
      uuid: () => uuidFrom(ids),
    };
  }

  timer(owner: Owner, ms: number, fn: () => void): Disposable {
    const entry: Timer = { due: this.elapsed + Math.max(0, ms), order: this.#order++, owner, fn, open: true };
    this.#add(entry);
    return {
      [Symbol.dispose]: () => {
        entry.open = false;
      },
    };
  }

  /** The time at which something can happen next. Undefined: nothing will happen by itself. */
  get due(): number | undefined {
    for (let first = this.#timers.at(-1); first !== undefined; first = this.#timers.at(-1)) {
      if (first.open && !first.owner.dead) return first.due;
      this.#timers.pop();
    }
    return undefined;
  }

  /** How many timers an owner still has. */
  pending(owner: Owner): number {
    return this.#timers.filter((timer) => timer.open && timer.owner === owner).length;
  }

  /** Moves time to the next timer and fires all that are due then. */
  next(): void {
    const due = this.due;
    if (due === undefined) return;
    this.elapsed = Math.max(this.elapsed, due);
    for (
      let first = this.#timers.at(-1);
      first !== undefined && first.due <= this.elapsed;
      first = this.#timers.at(-1)
    ) {
      this.#timers.pop();
      if (!first.open || first.owner.dead) continue;
      if (first.owner.pausedUntil > this.elapsed) {
        first.due = first.owner.pausedUntil;
        this.#add(first);
        continue;
      }
      outside(first.fn);
    }
  }

  /** Resolves when nothing can run until time moves. */
  async drain(turns = 1): Promise<void> {
    for (let chain = 0, quiet = 0; quiet < turns; chain++) {
      await turn();
      if (this.#deferred.length === 0) {
        quiet++;
        continue;
      }
      if (chain > LONGEST_CHAIN)
        throw new MessagingError("explore-endless", "something defers itself for ever without time moving", {
          kind: "config",
        });
      quiet = 0;
      const deferred = this.#deferred;
      this.#deferred = [];
      for (const { owner, fn } of deferred) {
        if (owner.dead) continue;
        if (owner.pausedUntil > this.elapsed) this.timer(owner, owner.pausedUntil - this.elapsed, fn);
        else outside(fn);
      }
    }
  }

  /** Keeps the timers sorted, the next one last. */
  #add(entry: Timer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle]!;
      if (other.due > entry.due || (other.due === entry.due && other.order > entry.order)) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, entry);
  }
}

function uuidFrom(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.trunc(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
