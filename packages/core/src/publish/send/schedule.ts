import type { Runtime } from "../../driver/runtime.ts";

export interface ScheduleHooks {
  /** Whether anything is left to send. */
  waiting(): boolean;
  flush(): void;
  /** Ends what is due; gives the next deadline, or Infinity. */
  sweep(now: number): number;
}

/** All timers of a queue: one for the earliest deadline, one for a pause, one for each batch in back-off. None per message. */
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
   * When the current tick's first message came: one clock read a tick is enough. Whole milliseconds, rounded up, which V8 stores
   * unboxed (docs/v8.md#small-integers).
   */
  now(): number {
    if (this.#tick === undefined) this.flushSoon();
    return this.#tick as number;
  }

  /** At the end of this tick. */
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

  /** Nothing leaves before `ms` from now. */
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

  /** Nothing is left to wait for: no timer may keep the process alive. A pause still holds. */
  idle(): void {
    if (this.#backoffs.size > 0) this.#forgetBackoffs();
    this.#pause?.[Symbol.dispose]();
    this.#pause = undefined;
    this.#sweep?.[Symbol.dispose]();
    this.#sweep = undefined;
    this.#sweepAt = Number.POSITIVE_INFINITY;
  }

  /** Called only where there are some: clearing a set allocates (docs/v8.md#maps-and-sets). */
  #forgetBackoffs(): void {
    for (const timer of this.#backoffs) timer[Symbol.dispose]();
    this.#backoffs.clear();
  }

  stop(): void {
    this.#stopped = true;
    this.idle();
  }
}
