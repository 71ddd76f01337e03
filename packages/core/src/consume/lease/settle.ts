import { reconnectMs } from "../../plan/backoff.ts";
import type { Outcome, Settlement } from "../../driver/index.ts";
import { LinkedQueue } from "../../base/linked-queue.ts";
import type { HeldMessage } from "./held-message.ts";
import type { HeldMessages } from "./held-messages.ts";
import { resultOf } from "../../wire/probe.ts";
import { cleared, troubled } from "./lease-troubles.ts";
import type { LeaseWork } from "./lease-work.ts";

/** Milliseconds a settlement may wait for others to fill its batch, while handlers run (driver rule 5). */
const LINGER_MS = 100;
/** Concurrent settle calls per lease. With batches of ten that is more than any of our brokers answers in a round trip. */
const CALLS = 8;
/** How often a settlement is retried if its hold has no end: about a minute. */
const TRIES_WITHOUT_END = 10;
/** The last try is made this many milliseconds before the end of the hold, to leave time for its answer. */
const LAST_TRY_MS = 200;

/**
 * Settles deliveries in batches. A settlement that fails is tried again until the hold ends, whatever the failure; then it is
 * reported as lost, and the message will come again (contract C6). It ends sooner only if the hold is already gone (`lost`: the
 * broker does not know the receipt) or the client is closed.
 */
export class Settler {
  readonly #work: LeaseWork;
  readonly #messages: HeldMessages;
  /** Messages to settle, each with its `settlement` set. */
  readonly #pending = new LinkedQueue<HeldMessage>();
  #calls = 0;
  #unsettled = 0;
  #linger: Disposable | undefined;
  #deferred = false;
  #flushing = false;
  #idle: (() => void)[] = [];
  #closed = false;
  /** True while `health()` reports failed settlements. */
  #troubled = false;
  /** Failed settlements that wait for their next try. */
  #again: Map<HeldMessage, { readonly timer: Disposable; readonly cause: unknown }> | undefined;

  constructor(work: LeaseWork, messages: HeldMessages) {
    this.#work = work;
    this.#messages = messages;
  }

  /** How many settlements are not yet known to have ended. */
  get pending(): number {
    return this.#unsettled;
  }

  add(message: HeldMessage, settlement: Settlement): void {
    this.#unsettled++;
    message.settlement = settlement;
    message.settleTries = 0;
    if (message.extending === undefined) this.#push(message);
    else this.#pushAfter(message.extending, message);
  }

  /** True if more settlements may come soon, because handlers run. */
  get #expecting(): boolean {
    return this.#messages.running > 0;
  }

  #pushAfter(extending: Promise<unknown>, message: HeldMessage): void {
    void extending.then(() => this.#push(message));
  }

  /** Call this when no more settlements are expected soon. Lingering ones are then sent, after this tick's publishes. */
  hurry(): void {
    if (this.#linger === undefined) return;
    this.#linger[Symbol.dispose]();
    this.#linger = undefined;
    this.#schedule();
  }

  /** Ends all lingering, now and later. */
  lingerNoMore(): void {
    this.#flushing = true;
    this.hurry();
  }

  /** Sends everything and resolves when nothing is left to settle. Nothing lingers from then on. */
  async flush(): Promise<void> {
    this.#flushing = true;
    this.#sendAll();
    if (this.#unsettled > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends all settlements as lost, since the lease cannot settle any more. */
  abandon(): void {
    this.#closed = true;
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    for (const [message, { timer, cause }] of this.#again ?? []) {
      timer[Symbol.dispose]();
      this.#finish(message, true, cause);
    }
    this.#again = undefined;
    for (const message of this.#pending.drain()) this.#finish(message, true);
  }

  #push(message: HeldMessage): void {
    if (this.#closed || this.#work.lease.lost.aborted) {
      this.#finish(message, true);
      return;
    }
    this.#pending.push(message);
    if (this.#pending.size >= this.#work.batch) this.#send();
    else this.#schedule();
  }

  #schedule(): void {
    if (!this.#deferred && this.#linger === undefined) this.#sendSoon();
  }

  #sendSoon(): void {
    if (!this.#flushing && this.#expecting) {
      this.#linger = this.#work.runtime.timer(LINGER_MS, () => this.#sendAll());
      return;
    }
    this.#deferred = true;
    // A broker in this process needs no I/O, so settlements are sent at once, while they are in the CPU's cache.
    if (this.#pending.peek()?.delivery.message.local !== undefined && this.#work.lease.settlesAtOnce === true)
      queueMicrotask(this.#turn);
    else this.#work.runtime.defer(this.#afterSends);
  }

  /** Publishes of this tick go first: a caller awaits them, nothing awaits an ack. */
  readonly #afterSends = (): void => this.#work.runtime.defer(this.#turn);

  readonly #turn = (): void => {
    this.#deferred = false;
    // Handlers that still run may bring more settlements.
    if (!this.#flushing && this.#pending.size > 0 && this.#expecting) this.#schedule();
    else this.#sendAll();
  };

  #sendAll(): void {
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    while (this.#pending.size > 0 && this.#calls < CALLS) this.#send();
  }

  #send(): void {
    if (this.#calls >= CALLS || this.#pending.size === 0) return;
    const count = Math.min(this.#work.batch, this.#pending.size);
    const batch = new Array<HeldMessage>(count);
    for (let i = 0; i < count; i++) batch[i] = this.#pending.shift() as HeldMessage;
    this.#calls++;
    void this.#call(batch);
  }

  async #call(batch: HeldMessage[]): Promise<void> {
    const { lease } = this.#work;
    let outcomes: readonly Outcome[];
    const { probe } = this.#work.host.context;
    const ended =
      probe === undefined
        ? undefined
        : probe.settling(
            batch.map(({ settlement, handling }) => ({ action: (settlement as Settlement).action, handling })),
          );
    try {
      outcomes = await lease.settle(
        batch.map((message) => message.settlement as Settlement),
        lease.lost,
      );
    } catch (cause) {
      outcomes = batch.map(() => ({ cause }));
    }
    this.#calls--;
    ended?.(outcomes.map((outcome) => resultOf(outcome && this.#work.classify(outcome.cause, "settle").code)));
    batch.forEach((message, i) => {
      const outcome = outcomes[i];
      if (outcome === undefined) this.#finish(message, false);
      else this.#failed(message, outcome.cause);
    });
    if (this.#troubled && outcomes.some((outcome) => outcome === undefined)) this.#cleared();
    // It may be in the old generation (docs/v8.md#old-objects).
    batch.length = 0;
    if (this.#pending.size >= this.#work.batch || (this.#flushing && this.#pending.size > 0)) this.#sendAll();
    else if (this.#pending.size > 0) this.#schedule();
  }

  #failed(message: HeldMessage, cause: unknown): void {
    const { runtime } = this.#work;
    const fault = this.#work.classify(cause, "settle");
    if (fault.kind === "lost" || fault.kind === "closed" || this.#closed) return this.#finish(message, true, cause);
    this.#troubled = true;
    troubled(this.#work, "settle", cause);
    const tries = ++message.settleTries;
    let wait = Math.max(reconnectMs(tries, runtime.random), fault.retryAfterMs ?? 0);
    if (message.deadline === undefined) {
      if (tries > TRIES_WITHOUT_END) return this.#finish(message, true, cause);
    } else {
      const left = message.deadline - LAST_TRY_MS - runtime.monotonic();
      if (left <= 0) return this.#finish(message, true, cause);
      wait = Math.min(wait, left);
    }
    const again = () => {
      this.#again?.delete(message);
      this.#push(message);
    };
    (this.#again ??= new Map()).set(message, { timer: runtime.timer(wait, again), cause });
  }

  #cleared(): void {
    this.#troubled = false;
    cleared(this.#work, "settle");
  }

  #finish(message: HeldMessage, lost: boolean, cause?: unknown): void {
    this.#unsettled--;
    this.#messages.settled(message, lost, cause);
    if (this.#unsettled === 0 && this.#idle.length > 0) for (const wake of this.#idle.splice(0)) wake();
  }
}
