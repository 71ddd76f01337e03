import { reconnectMs } from "../../plan/backoff.ts";
import { Deque } from "../../base/deque.ts";
import type { HeldMessage } from "./held-message.ts";
import type { HeldMessages } from "./held-messages.ts";
import { resultOf } from "../../wire/probe.ts";
import { cleared, troubled } from "./lease-troubles.ts";
import type { LeaseWork } from "./lease-work.ts";

/** Milliseconds between checkpoints of a lease while records are being handled: once a second, as KCL advises because of cost. */
const EVERY_MS = 1_000;
/** After this many consecutive failures, about a minute, the receiver is reopened, which may help. */
const TRIES = 10;

/**
 * Settles a log by checkpoint. It acknowledges the low-water mark, the last record before the first unsettled one, so that no
 * checkpoint passes an unsettled record. It keeps the records above the mark; the window limits their number (driver rule 2).
 */
export class Checkpointer {
  readonly #work: LeaseWork;
  readonly #messages: HeldMessages;
  /** Records above the low-water mark, in the order of the log. */
  readonly #records = new Deque<HeldMessage>();
  readonly #settled = new Set<HeldMessage>();
  #mark: HeldMessage | undefined;
  #storing: Promise<void> | undefined;
  #timer: Disposable | undefined;
  #deferred = false;
  #tries = 0;
  #flushing = false;
  readonly #closing = new AbortController();

  constructor(work: LeaseWork, messages: HeldMessages) {
    this.#work = work;
    this.#messages = messages;
  }

  /** How many records were read and are above the mark. */
  get size(): number {
    return this.#records.size;
  }

  /** True if the mark is stored. */
  get clear(): boolean {
    return this.#mark === undefined && this.#storing === undefined;
  }

  track(message: HeldMessage): void {
    this.#records.push(message);
  }

  ack(message: HeldMessage): void {
    this.#messages.settled(message, false);
    // Usually the oldest record.
    if (this.#records.peek() === message) this.#pass(message);
    else this.#settled.add(message);
    for (let head = this.#records.peek(); head !== undefined && this.#settled.has(head); head = this.#records.peek()) {
      this.#settled.delete(head);
      this.#pass(head);
    }
    if (this.#mark !== undefined) this.#schedule();
  }

  #pass(head: HeldMessage): void {
    this.#records.shift();
    this.#mark = head;
  }

  /** Call this when no more acknowledgements are expected soon: the mark is then stored at the end of the tick. */
  hurry(): void {
    if (this.#timer === undefined || this.#tries > 0) return;
    this.#timer[Symbol.dispose]();
    this.#timer = undefined;
    this.#schedule();
  }

  /** Stores the mark now, if there is one to store. */
  async flush(): Promise<void> {
    this.#flushing = true;
    while (this.#mark !== undefined && !this.#closing.signal.aborted && !this.#work.lease.lost.aborted) {
      await this.#store();
      if (this.#tries > 5) return;
      if (this.#tries > 0)
        await this.#work.runtime.sleep(reconnectMs(this.#tries, this.#work.runtime.random), this.#closing.signal);
    }
    await this.#storing;
  }

  close(): void {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#mark = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#deferred || this.#flushing || this.#closing.signal.aborted) return;
    if (this.#messages.running > 0) {
      this.#timer = this.#work.runtime.timer(EVERY_MS, () => void this.#store());
      return;
    }
    this.#deferred = true;
    this.#work.runtime.defer(() => {
      this.#deferred = false;
      void this.#store();
    });
  }

  #store(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#storing === undefined) {
      this.#storing = this.#put().finally(() => {
        this.#storing = undefined;
        if (this.#mark !== undefined && this.#tries === 0) this.#schedule();
        this.#work.windowMoved();
      });
    }
    return this.#storing;
  }

  async #put(): Promise<void> {
    const mark = this.#mark;
    const { lease, runtime } = this.#work;
    if (mark === undefined || lease.lost.aborted) return;
    let failure: { readonly cause: unknown } | undefined;
    const ended = this.#work.host.context.probe?.settling([{ action: "ack", handling: mark.handling }]);
    try {
      [failure] = await lease.settle([{ receipt: mark.delivery.receipt, action: "ack" }], lease.lost);
    } catch (cause) {
      failure = { cause };
    }
    ended?.([resultOf(failure && this.#work.classify(failure.cause, "settle").code)]);
    if (failure === undefined) {
      if (this.#tries > 0) cleared(this.#work, "settle");
      this.#tries = 0;
      if (this.#mark === mark) this.#mark = undefined;
      return;
    }
    const fault = this.#work.classify(failure.cause, "settle");
    if (fault.kind !== "lost") troubled(this.#work, "settle", failure.cause);
    if (fault.kind === "lost" || fault.kind === "closed" || ++this.#tries > TRIES) {
      this.#mark = undefined;
      this.#work.broken(failure.cause, fault);
      return;
    }
    if (this.#flushing || this.#closing.signal.aborted) return;
    this.#timer ??= runtime.timer(reconnectMs(this.#tries, runtime.random), () => void this.#store());
  }
}
