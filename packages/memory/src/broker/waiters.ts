import type { Runtime } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";

/** Rounding errors of sums of milliseconds are smaller than this. */
const HAIR = 0.001;

/** A receive that waits for an answer, for its signal, or for the end of its time. */
export class Waiter<Request, Answer> {
  readonly request: Request;
  readonly signal: AbortSignal;
  /** Monotonic. */
  readonly until: number;
  readonly #of: Waiters<Request, Answer>;
  #resolve: ((value: Answer | undefined) => void) | undefined;

  constructor(
    of: Waiters<Request, Answer>,
    request: Request,
    until: number,
    signal: AbortSignal,
    resolve: (value: Answer | undefined) => void,
  ) {
    this.request = request;
    this.signal = signal;
    this.until = until;
    this.#of = of;
    this.#resolve = resolve;
  }

  get open(): boolean {
    return this.#resolve !== undefined;
  }

  answer(value: Answer | undefined): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#of.left();
    resolve(value);
  }
}

/**
 * Receives that wait, first come first served. A receiver that got an answer usually waits again at once with the same signal. So the signal
 * keeps one listener, and the timer stays. With a thousand queues, a listener and a timer for each wait made half of the garbage
 * collector's work.
 */
export class Waiters<Request, Answer> {
  readonly #runtime: Runtime;
  /** Called when receives stopped waiting without an answer. */
  readonly #unanswered: () => void;
  readonly #waiting = new Deque<Waiter<Request, Answer>>();
  /** Made at the first wait: a dead-letter queue has none. */
  #heard: WeakSet<AbortSignal> | undefined;
  #count = 0;
  #timer: Disposable | undefined;
  #rings = Number.POSITIVE_INFINITY;

  constructor(runtime: Runtime, unanswered: () => void = () => {}) {
    this.#runtime = runtime;
    this.#unanswered = unanswered;
  }

  get size(): number {
    return this.#count;
  }

  /** Resolves with an answer, or with undefined on abort or after `ms`. */
  wait(request: Request, ms: number, signal: AbortSignal): Promise<Answer | undefined> {
    if (signal.aborted || ms <= 0) return Promise.resolve(undefined);
    const until = this.#runtime.monotonic() + ms;
    if (until < this.#rings) this.#arm(until, ms);
    if (this.#heard?.has(signal) !== true) this.#hear(signal);
    this.#count++;
    return new Promise((resolve) => {
      this.#waiting.push(new Waiter(this, request, until, signal, resolve));
    });
  }

  /** The one that has waited longest; it stays until answered. */
  get first(): Waiter<Request, Answer> | undefined {
    while (this.#waiting.peek()?.open === false) this.#waiting.shift();
    return this.#waiting.peek();
  }

  /** All that wait, in the order in which they came. */
  get all(): readonly Waiter<Request, Answer>[] {
    return [...this.#waiting].filter(({ open }) => open);
  }

  /** Called by a waiter that no longer waits. */
  left(): void {
    this.#count--;
    while (this.#waiting.peek()?.open === false) this.#waiting.shift();
  }

  /** Ends the waits with such a request, without an answer. */
  dismiss(whose: (request: Request) => boolean): void {
    this.#end(({ request }) => whose(request));
  }

  wakeAll(): void {
    this.#end(() => true);
  }

  /** Called when a signal aborts. A function: of an object with `handleEvent`, Node makes one in the old generation (docs/v8.md#functions-in-properties). */
  readonly #aborted = ({ target }: Event): void => this.#end(({ signal }) => signal === target);

  #hear(signal: AbortSignal): void {
    (this.#heard ??= new WeakSet()).add(signal);
    signal.addEventListener("abort", this.#aborted, { once: true });
  }

  #end(which: (waiter: Waiter<Request, Answer>) => boolean): void {
    const count = this.#count;
    for (const waiter of [...this.#waiting]) if (waiter.open && which(waiter)) waiter.answer(undefined);
    if (this.#count === 0) this.#rest();
    if (this.#count < count) this.#unanswered();
  }

  #arm(until: number, ms: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#rings = until;
    this.#timer = this.#runtime.timer(ms, () => this.#ring());
  }

  #ring(): void {
    const now = this.#runtime.monotonic();
    this.#rest();
    this.#end(({ until }) => until <= now + HAIR);
    let next = Number.POSITIVE_INFINITY;
    for (const { open, until } of this.#waiting) if (open) next = Math.min(next, until);
    if (next < this.#rings) this.#arm(next, next - now);
  }

  /** Ends the timer. */
  #rest(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#rings = Number.POSITIVE_INFINITY;
  }
}
