import type { Runtime } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";

/** One that waits: for an answer, for its signal, for the end of its time. It holds neither once it is answered. */
export class Waiter<Request, Answer> {
  readonly request: Request;
  readonly #of: Waiters<Request, Answer>;
  readonly #signal: AbortSignal;
  readonly #timer: Disposable;
  #resolve: ((value: Answer | undefined) => void) | undefined;

  constructor(
    of: Waiters<Request, Answer>,
    request: Request,
    ms: number,
    signal: AbortSignal,
    resolve: (value: Answer | undefined) => void,
  ) {
    this.request = request;
    this.#of = of;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#timer = of.runtime.timer(ms, () => this.handleEvent());
    signal.addEventListener("abort", this, { once: true });
  }

  get open(): boolean {
    return this.#resolve !== undefined;
  }

  answer(value: Answer | undefined): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#timer[Symbol.dispose]();
    this.#signal.removeEventListener("abort", this);
    this.#of.left();
    resolve(value);
  }

  /** Aborted, or its time is over. */
  handleEvent(): void {
    this.answer(undefined);
    this.#of.unanswered();
  }
}

/** Receives that wait for something to happen, first come first served. */
export class Waiters<Request, Answer> {
  readonly runtime: Runtime;
  /** Called when one has left without an answer. */
  readonly unanswered: () => void;
  readonly #waiting = new Deque<Waiter<Request, Answer>>();
  #count = 0;

  constructor(runtime: Runtime, unanswered: () => void = () => {}) {
    this.runtime = runtime;
    this.unanswered = unanswered;
  }

  get size(): number {
    return this.#count;
  }

  /** Resolves with an answer; with undefined on abort and after `ms`. */
  wait(request: Request, ms: number, signal: AbortSignal): Promise<Answer | undefined> {
    if (signal.aborted || ms <= 0) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(new Waiter(this, request, ms, signal, resolve));
      this.#count++;
    });
  }

  /** The one that has waited longest; it stays until answered. */
  get first(): Waiter<Request, Answer> | undefined {
    while (this.#waiting.peek()?.open === false) this.#waiting.shift();
    return this.#waiting.peek();
  }

  /** For a waiter: it is not open any more. */
  left(): void {
    this.#count--;
    while (this.#waiting.peek()?.open === false) this.#waiting.shift();
  }

  /** Those whose request it is get no answer. */
  dismiss(whose: (request: Request) => boolean): void {
    for (const waiter of [...this.#waiting]) if (waiter.open && whose(waiter.request)) waiter.handleEvent();
  }

  wakeAll(): void {
    for (let waiter = this.first; waiter !== undefined; waiter = this.first) waiter.answer(undefined);
  }
}
