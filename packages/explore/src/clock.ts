/** Time for a run: many processes on one virtual clock, each with a runtime of its own that can be frozen, paused and put wrong. */
import { AsyncLocalStorage } from "node:async_hooks";
// From the modules, not the globals: test frameworks and the guard of a run replace the globals.
import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import { MessagingError, type Runtime } from "@switchyard/core";
import { seededRandom, uuidFrom } from "@switchyard/core/testing";

/** 2026-01-01T00:00:00Z, as the virtual runtime of the testbed begins. */
const START = 1_767_225_600_000;
/** Calls of `defer` that follow each other without time moving: more than this is a loop. */
const LONGEST_CHAIN = 20_000;

/** Runs a function outside of any handler's async context, as the system's runtime does with timers. */
const outside = AsyncLocalStorage.snapshot();

const ready = Promise.resolve();

/** Resolves after one turn of the event loop: real I/O goes on, and rejections that nobody handles are noticed. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Whose timer it is. A dead owner's timers never fire, a paused owner's fire when the pause ends. */
export interface Owner {
  readonly dead: boolean;
  /** Milliseconds on the clock until which the owner does nothing. */
  readonly pausedUntil: number;
  /** How wrong the owner's wall clock is, in milliseconds. */
  readonly skewMs: number;
}

class Timer implements Disposable {
  due: number;
  readonly order: number;
  readonly owner: Owner;
  readonly fn: () => void;
  open = true;
  /** Called when it is certain that it will never fire, by disposal or by its owner's death. */
  forget: (() => void) | undefined;

  constructor(due: number, order: number, owner: Owner, fn: () => void) {
    this.due = due;
    this.order = order;
    this.owner = owner;
    this.fn = fn;
  }

  [Symbol.dispose](): void {
    this.open = false;
    this.forget?.();
  }
}

/** The clock of one run. Time moves in {@link Clock.next} only. */
export class Clock {
  elapsed = 0;
  /** Set once something was rejected on purpose: from then on rejections that nobody handles are noticed at once. */
  rejections = false;
  /** How often nothing could go on: every process waited for something. */
  turns = 0;
  #at: { readonly turn: number; readonly act: () => void } | undefined;
  readonly #timers: Timer[] = [];
  #deferred: { readonly owner: Owner; readonly fn: () => void }[] = [];
  #order = 0;

  /** Milliseconds since the epoch, for an owner whose clock is right. */
  get now(): number {
    return START + this.elapsed;
  }

  /** The runtime of one process. `seed` decides its ids and its jitter. */
  runtimeFor(owner: Owner, seed: number): Runtime {
    // Made when first asked: few processes of a run draw anything.
    let random: (() => number) | undefined;
    let ids: (() => number) | undefined;
    const timer = (ms: number, fn: () => void): Disposable => this.timer(owner, ms, fn);
    return {
      now: () => this.now + owner.skewMs,
      monotonic: () => 1_000_000 + this.elapsed,
      timer,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal === undefined) return void timer(ms, resolve);
          if (signal.aborted) return resolve();
          const waiting = this.timer(owner, ms, () => {
            forget();
            resolve();
          });
          const aborted = () => {
            waiting[Symbol.dispose]();
            resolve();
          };
          // Node keeps a signal made by AbortSignal.any() for as long as somebody listens to it: a whole run, for a sleep of a dead process.
          const forget = () => signal.removeEventListener("abort", aborted);
          waiting.forget = forget;
          signal.addEventListener("abort", aborted, { once: true });
        }),
      defer: (fn) => void this.#deferred.push({ owner, fn }),
      random: () => (random ??= seededRandom(seed))(),
      uuid: () => uuidFrom((ids ??= seededRandom(seed + 0x5eed))),
    };
  }

  timer(owner: Owner, ms: number, fn: () => void): Timer {
    const entry = new Timer(this.elapsed + Math.max(0, ms), this.#order++, owner, fn);
    this.#add(entry);
    return entry;
  }

  /** Resolves after so many milliseconds, unless its owner dies. */
  sleep(owner: Owner, ms: number): Promise<void> {
    return new Promise((resolve) => void this.timer(owner, ms, resolve));
  }

  /** The time at which something can happen next. Undefined: nothing will happen by itself. */
  get due(): number | undefined {
    for (let first = this.#timers.at(-1); first !== undefined; first = this.#timers.at(-1)) {
      if (first.open && !first.owner.dead) return first.due;
      this.#timers.pop();
      first.forget?.();
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
    outside(this.#fire);
  }

  readonly #fire = (): void => {
    for (
      let first = this.#timers.at(-1);
      first !== undefined && first.due <= this.elapsed;
      first = this.#timers.at(-1)
    ) {
      this.#timers.pop();
      if (!first.open || first.owner.dead) {
        first.forget?.();
        continue;
      }
      if (first.owner.pausedUntil > this.elapsed) {
        first.due = first.owner.pausedUntil;
        this.#add(first);
        continue;
      }
      first.fn();
    }
  };

  /** The run is over: nothing fires any more. */
  end(): void {
    for (const timer of this.#timers.splice(0)) timer.forget?.();
    this.#deferred = [];
  }

  /** Counts turns from now on, and calls a function at one of them. */
  atTurn(turn: number, act: () => void): void {
    this.#at = { turn: this.turns + turn, act };
  }

  /** Resolves when nothing can run until time moves. */
  drain(): Promise<void> {
    return new Promise((resolve, reject) => {
      let chain = 0;
      const look = (): void => {
        const acts = ++this.turns === this.#at?.turn;
        if (!acts && this.#deferred.length === 0) return resolve();
        try {
          if (++chain > LONGEST_CHAIN)
            throw new MessagingError("explore-endless", "something defers itself for ever without time moving", {
              kind: "config",
            });
          outside(acts ? this.#at!.act : this.#runDeferred);
        } catch (error) {
          return reject(error as Error);
        }
        // From a promise's job: what a tick adds to the ticks runs before the jobs that are waiting.
        void ready.then(wait);
      };
      const wait = (): void => this.#whenQuiet(look);
      wait();
    });
  }

  /** Calls a function when no promise can go on any more. Node runs its ticks when there is no job of a promise left. */
  #whenQuiet(call: () => void): void {
    if (this.rejections) setImmediate(call);
    else nextTick(call);
  }

  readonly #runDeferred = (): void => {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const { owner, fn } of deferred) {
      if (owner.dead) continue;
      if (owner.pausedUntil > this.elapsed) this.timer(owner, owner.pausedUntil - this.elapsed, fn);
      else fn();
    }
  };

  /** Keeps the timers sorted, the next one last. */
  #add(entry: Timer): void {
    const timers = this.#timers;
    // From the end: most are due soon.
    let at = timers.length;
    timers.push(entry);
    for (; at > 0; at--) {
      const other = timers[at - 1]!;
      if (other.due > entry.due || (other.due === entry.due && other.order > entry.order)) break;
      timers[at] = other;
    }
    timers[at] = entry;
  }
}
