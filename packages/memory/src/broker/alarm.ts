import type { Clock } from "./clock.ts";

/** One timer for the earliest of many times. It never fires late. It may fire early, if what it was set for no longer exists. */
export class Alarm {
  readonly #clock: Clock;
  readonly #whose: { serve(): void };
  #set: { readonly at: number; readonly timer: Disposable } | undefined;

  constructor(clock: Clock, whose: { serve(): void }) {
    this.#clock = clock;
    this.#whose = whose;
  }

  set(at: number | undefined): void {
    if (at === undefined ? this.#set === undefined : this.#set !== undefined && this.#set.at <= at) return;
    this.#set?.timer[Symbol.dispose]();
    this.#set = undefined;
    if (at !== undefined) this.#arm(at);
  }

  #arm(at: number): void {
    const timer = this.#clock.runtime.timer(this.#clock.until(at), () => {
      this.#set = undefined;
      this.#whose.serve();
    });
    this.#set = { at, timer };
  }
}
