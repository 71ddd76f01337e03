import type { Runtime } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";

export interface Waiter<Request, Answer> {
  readonly request: Request;
  open: boolean;
  answer(value: Answer | undefined): void;
}

/** Receives that wait for something to happen, first come first served. */
export class Waiters<Request, Answer> {
  readonly #runtime: Runtime;
  readonly #waiting = new Deque<Waiter<Request, Answer>>();
  #count = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#count;
  }

  /** Resolves with an answer; with undefined on abort and after `ms`. */
  wait(request: Request, ms: number, signal: AbortSignal): Promise<Answer | undefined> {
    if (signal.aborted || ms <= 0) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const give = () => waiter.answer(undefined);
      const waiter: Waiter<Request, Answer> = {
        request,
        open: true,
        answer: (value) => {
          if (!waiter.open) return;
          waiter.open = false;
          this.#count--;
          timer[Symbol.dispose]();
          signal.removeEventListener("abort", give);
          while (this.#waiting.peek()?.open === false) this.#waiting.shift();
          resolve(value);
        },
      };
      const timer = this.#runtime.timer(ms, give);
      signal.addEventListener("abort", give, { once: true });
      this.#waiting.push(waiter);
      this.#count++;
    });
  }

  /** The one that has waited longest; it stays until answered. */
  get first(): Waiter<Request, Answer> | undefined {
    while (this.#waiting.peek()?.open === false) this.#waiting.shift();
    return this.#waiting.peek();
  }

  wakeAll(): void {
    for (let waiter = this.first; waiter !== undefined; waiter = this.first) waiter.answer(undefined);
  }
}
