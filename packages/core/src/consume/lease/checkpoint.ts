import { reconnectMs } from "../../plan/backoff.ts";
import { Deque } from "../../base/deque.ts";
import type { HeldMessage } from "./held-message.ts";
import type { HeldMessages } from "./held-messages.ts";
import { mended, troubled } from "./lease-troubles.ts";
import type { LeaseWork } from "./lease-work.ts";

/** Checkpoints while records are being handled: at most one a second a lease, what KCL advises for its lease table's cost. */
const EVERY_MS = 1_000;
/** A checkpoint that failed so often in a row, for about a minute: the receiver is opened afresh, which may help. */
const TRIES = 10;

/**
 * Settles a log: `ack` of the contiguous low-water mark, so that a checkpoint never passes a record that is not settled.
 * Records settled above the mark are remembered here; {@link size} counts them, and the window bounds it (driver rule 2).
 */
export class Checkpointer {
  readonly #work: LeaseWork;
  readonly #messages: HeldMessages;
  /** In the order of the log, from the low-water mark on. */
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

  /** Records read and not yet below the mark. */
  get size(): number {
    return this.#records.size;
  }

  /** Everything settled is stored, too. */
  get clear(): boolean {
    return this.#mark === undefined && this.#storing === undefined;
  }

  track(message: HeldMessage): void {
    this.#records.push(message);
  }

  ack(message: HeldMessage): void {
    this.#messages.settled(message, false);
    // Nearly always the oldest.
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

  /** Nothing more is expected soon: the mark is stored at the end of the tick. */
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
    try {
      [failure] = await lease.settle([{ receipt: mark.delivery.receipt, action: "ack" }], lease.lost);
    } catch (cause) {
      failure = { cause };
    }
    if (failure === undefined) {
      if (this.#tries > 0) mended(this.#work, "settle");
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
