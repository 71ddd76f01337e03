import type { Runtime } from "../../driver/runtime.ts";

export interface ScheduleHooks {
  /** Whether anything is left to send. */
  waiting(): boolean;
  flush(): void;
  /** Ends messages whose deadline has passed. Returns the next deadline, or Infinity. */
  sweep(now: number): number;
}

/** All timers of a send queue: one for the earliest deadline, one for a pause and one for each batch in back-off. There is none per message. */
export class SendSchedule {
  readonly #runtime: Runtime;
  readonly #hooks: ScheduleHooks;
  readonly #backoffs = new Set<Disposable>();
  #tick: number | undefined;
  #sweep: Disposable | undefined;
  #sweepAt = Number.POSITIVE_INFINITY;
  #pause: Disposable | undefined;
  #pausedUntil = 0;
  #stopped = false;

  constructor(runtime: Runtime, hooks: ScheduleHooks) {
    this.#runtime = runtime;
    this.#hooks = hooks;
  }

  /**
   * The time of the current tick's first message; the clock is read once a tick. In whole milliseconds, rounded up
   * (docs/v8.md#small-integers).
   */
  now(): number {
    if (this.#tick === undefined) this.flushSoon();
    return this.#tick as number;
  }

  /** Flushes at the end of this tick. */
  flushSoon(): void {
    if (this.#tick !== undefined) return;
    this.#tick = Math.ceil(this.#runtime.monotonic());
    this.#runtime.defer(this.#flush);
  }

  readonly #flush = (): void => {
    this.#tick = undefined;
    if (this.#stopped) return;
    const left = this.#pausedUntil - this.#runtime.monotonic();
    if (left <= 0) return this.#hooks.flush();
    if (this.#hooks.waiting())
      this.#pause ??= this.#runtime.timer(left, () => {
        this.#pause = undefined;
        this.#flush();
      });
  };

  /** Sends nothing for the next `ms` milliseconds. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#runtime.monotonic() + ms);
  }

  /** Called for every message. The closure is made in a method of its own (docs/v8.md#closures). */
  expireAt(deadline: number): void {
    if (deadline < this.#sweepAt && !this.#stopped) this.#sweepLater(deadline);
  }

  #sweepLater(deadline: number): void {
    this.#sweep?.[Symbol.dispose]();
    this.#sweepAt = deadline;
    this.#sweep = this.#runtime.timer(deadline - this.#runtime.monotonic(), () => {
      this.#sweep = undefined;
      this.#sweepAt = Number.POSITIVE_INFINITY;
      this.expireAt(this.#hooks.sweep(this.#runtime.monotonic()));
    });
  }

  later(ms: number, fn: () => void): Disposable {
    const timer = this.#runtime.timer(ms, () => {
      this.#backoffs.delete(timer);
      fn();
    });
    this.#backoffs.add(timer);
    return {
      [Symbol.dispose]: () => {
        this.#backoffs.delete(timer);
        timer[Symbol.dispose]();
      },
    };
  }

  /** Call this when no message is unresolved: it ends all timers, which would keep the process alive. A pause stays in effect. */
  idle(): void {
    if (this.#backoffs.size > 0) this.#forgetBackoffs();
    this.#pause?.[Symbol.dispose]();
    this.#pause = undefined;
    this.#sweep?.[Symbol.dispose]();
    this.#sweep = undefined;
    this.#sweepAt = Number.POSITIVE_INFINITY;
  }

  /** Call this only if there are any: clearing a set allocates (docs/v8.md#maps-and-sets). */
  #forgetBackoffs(): void {
    for (const timer of this.#backoffs) timer[Symbol.dispose]();
    this.#backoffs.clear();
  }

  stop(): void {
    this.#stopped = true;
    this.idle();
  }
}
