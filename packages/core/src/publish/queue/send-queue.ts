import type { Capabilities, Connection, Destination, SenderDriver, WireMessage } from "../../driver/index.ts";
import { MessagingError } from "../../api/errors.ts";
import type { Observe } from "../../api/events.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import type { Runtime } from "../../driver/runtime.ts";
import { needsPerson, type Trouble } from "../../base/troubles.ts";
import { Dispatcher } from "../send/send-loop.ts";
import {
  type About,
  backpressure,
  blocked,
  closedError,
  failure,
  finalFailure,
  timedOut,
  wrap,
} from "../send/errors.ts";
import {
  type Accepted,
  GivenItem,
  isBlocked,
  type Item,
  ItemList,
  type Make,
  markFailed,
  type SendOptions,
} from "../send/outgoing-message.ts";
import { KeyLanes } from "./key-order.ts";
import { Pending } from "./admission.ts";
import { PublishSchedule } from "../send/schedule.ts";
import { SenderSlot } from "../send/sender-slot.ts";

export type { Accepted, Make, SendOptions } from "../send/outgoing-message.ts";

export interface SendQueueOptions {
  readonly destination: Destination;
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly plan: PublishPlan;
  /** What the adapter declared; a sender that keeps less is refused (`capability-missing`). */
  readonly expected: Capabilities;
  readonly observe: Observe;
  readonly about: { readonly connection?: string; readonly channel: string; readonly group?: string };
}

/**
 * All sends of this process to one destination: batches, order per key, resending within the time budget, limits.
 *
 * What was asked for within one tick leaves at its end, in as many calls at once as the driver takes; what comes while all are
 * running forms the next batches. There is no linger.
 */
export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #about: About;
  readonly #slot: SenderSlot;
  readonly #schedule: PublishSchedule;
  readonly #dispatcher: Dispatcher;
  readonly #all = new ItemList();
  readonly #lanes = new KeyLanes();
  readonly #pending: Pending;
  readonly #whenIdle: (() => void)[] = [];
  #unresolved = 0;
  #admitting = false;
  #closing: Promise<void> | undefined;

  constructor(options: SendQueueOptions) {
    const { runtime, connection, observe } = options;
    const about = { channel: options.about.channel, group: options.about.group };
    const slot = new SenderSlot({ ...options, about });
    this.#options = options;
    this.#about = about;
    this.#slot = slot;
    this.#pending = new Pending(options.plan);
    this.#schedule = new PublishSchedule(runtime, {
      waiting: () => this.#unresolved > 0,
      flush: () => this.#dispatcher.flush(),
      sweep: (now) => this.#sweep(now),
    });
    this.#dispatcher = new Dispatcher({
      runtime,
      connection,
      connectionName: options.about.connection,
      observe,
      openMs: options.plan.timeoutMs,
      about,
      slot,
      schedule: this.#schedule,
      finish: (item, error, sent) => this.#finish(item, error, sent),
      failIdle: (error) => this.#failIdle((item) => finalFailure(item, about, error)),
    });
  }

  /** What keeps this destination from taking messages, for `health()`. */
  get trouble(): Trouble | undefined {
    const error = this.#dispatcher.trouble;
    const doing = `publish to "${this.#about.channel}"`;
    if (error !== undefined) return { text: `${doing}: ${error.message}`, needsPerson: needsPerson(error.kind) };
    if (!this.#slot.opening || this.#unresolved === 0) return undefined;
    return { text: `${doing}: ${this.#unresolved} messages wait for the destination to open`, needsPerson: false };
  }

  /** Messages asked for and not yet accepted or failed. */
  get unresolved(): number {
    return this.#unresolved;
  }

  /** The open sender's, else what the adapter declared. */
  get capabilities(): Capabilities {
    return this.#slot.current?.capabilities ?? this.#options.expected;
  }

  /** The open sender's broker is in this process. */
  get local(): boolean {
    return this.#slot.current?.driver.local === true;
  }

  /** Opens the sender, or gives the open one. One attempt; rejects with a {@link MessagingError}. */
  async ready(signal: AbortSignal): Promise<SenderDriver> {
    let abort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        if (this.#unresolved === 0) this.#slot.cancelOpening();
        const text = `open "${this.#options.destination.name}" to send: the signal was aborted`;
        reject(new MessagingError("aborted", text, { ...this.#about, kind: "retryable", cause: signal.reason }));
      };
    });
    const opened = this.#slot.open();
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    try {
      return (await Promise.race([aborted, opened])).driver;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Resolves once the broker has the message, as the driver's `Sent`; rejects with a {@link MessagingError} (C1). */
  send(make: Make, options: SendOptions = {}): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      const { capabilities } = this;
      let made: WireMessage;
      try {
        made = make(capabilities);
      } catch (cause) {
        return reject(wrap(options.id, this.#about, cause));
      }
      this.submit(new GivenItem(made, capabilities, make, options, resolve, reject));
    });
  }

  /** The place in the order of its key is taken before this returns. */
  submit(item: Item): void {
    if (this.#closing !== undefined) return item.done(closedError(item, this.#about), undefined);
    const { signal, gate } = item;
    if (signal?.aborted) return item.done(this.#abortedError(item), undefined);
    const room = this.#pending.canEnter(item.weight);
    if (!room && this.#options.plan.whenFull === "reject")
      return item.done(backpressure(this.#about, item.id), undefined);
    item.deadline = this.#schedule.now() + Math.ceil(item.timeoutMs ?? this.#options.plan.timeoutMs);
    this.#all.add(item);
    this.#unresolved++;
    this.#lanes.add(item);
    this.#schedule.expireAt(item.deadline);
    if (signal !== undefined) this.#listen(item, signal);
    if (room) this.#pending.enter(item);
    else this.#pending.wait(item);
    if (gate === undefined) return this.#offer(item);
    item.gated = true;
    this.#await(item, gate);
  }

  #abortedError(item: Item): MessagingError {
    const text = `publish to "${this.#about.channel}": the signal was aborted`;
    const kind = item.call === undefined ? "retryable" : "ambiguous";
    return failure(item, this.#about, "aborted", kind, text, item.signal?.reason);
  }

  #listen(item: Item, signal: AbortSignal): void {
    const abort = () => this.#giveUp(item, this.#abortedError(item));
    signal.addEventListener("abort", abort, { once: true });
    item.unlisten = () => signal.removeEventListener("abort", abort);
  }

  #await(item: Item, gate: PromiseLike<unknown>): void {
    gate.then(
      () => {
        item.gated = false;
        this.#offer(item);
      },
      (cause) => this.#finish(item, wrap(item.id, this.#about, cause), undefined),
    );
  }

  /** Puts an item in line if nothing is in its way. */
  #offer(item: Item): void {
    if (item.finished || item.started || item.gated || !item.admitted || !this.#lanes.isFirst(item)) return;
    if (isBlocked(item)) {
      this.#finish(item, blocked(item, this.#about), undefined);
      return;
    }
    this.#dispatcher.add(item);
  }

  /** Ends an item, and lets those go on that waited for it. The loops keep a thousand blocked ones off the stack. */
  #finish(item: Item, error: MessagingError | undefined, sent: Accepted | undefined): void {
    const next = this.#settle(item, error, sent);
    if (next !== undefined) this.#advance(next);
    this.#admit();
    if (this.#unresolved > 0) return;
    this.#schedule.idle();
    if (this.#whenIdle.length > 0) for (const wake of this.#whenIdle.splice(0)) wake();
  }

  #advance(first: Item): void {
    let next: Item | undefined = first;
    while (next !== undefined && !next.gated && next.admitted && isBlocked(next)) {
      next = this.#settle(next, blocked(next, this.#about), undefined);
    }
    if (next !== undefined) this.#offer(next);
  }

  /** Gives the next one of its key. */
  #settle(item: Item, error: MessagingError | undefined, sent: Accepted | undefined): Item | undefined {
    if (item.finished) return undefined;
    item.finished = true;
    this.#unresolved--;
    this.#all.remove(item);
    this.#pending.leave(item);
    item.unlisten?.();
    const { many, index } = item;
    if (error !== undefined && many !== undefined) markFailed(many, item.key, index);
    const next = this.#lanes.next(item);
    item.done(error, sent);
    return next;
  }

  #admit(): void {
    if (this.#admitting) return;
    this.#admitting = true;
    for (let item = this.#pending.admitNext(); item !== undefined; item = this.#pending.admitNext()) this.#offer(item);
    this.#admitting = false;
  }

  /** Ends an item that may be on its way. */
  #giveUp(item: Item, error: MessagingError): void {
    const call = item.call;
    this.#finish(item, error, undefined);
    if (call !== undefined) this.#dispatcher.giveUp(call, error);
  }

  #sweep(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const item of this.#all.toArray()) {
      if (item.finished) continue;
      if (item.deadline > now) earliest = Math.min(earliest, item.deadline);
      else this.#giveUp(item, this.#timedOut(item));
    }
    if (this.#unresolved === 0) this.#slot.cancelOpening();
    return earliest;
  }

  #timedOut(item: Item): MessagingError {
    const timeoutMs = item.timeoutMs ?? this.#options.plan.timeoutMs;
    return timedOut(item, this.#about, timeoutMs, this.#dispatcher.openError);
  }

  #failIdle(errorOf: (item: Item) => MessagingError): void {
    for (const item of this.#all.toArray()) {
      if (!item.finished && item.call === undefined) this.#finish(item, errorOf(item), undefined);
    }
  }

  /** Resolves when every message asked for so far and meanwhile is accepted or failed, or when the signal aborts. */
  flush(signal: AbortSignal): Promise<void> {
    if (this.#unresolved === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#whenIdle.push(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  /** What was not sent fails as `closed`, what has no answer as ambiguous; then the sender is closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#schedule.stop();
    const closed = this.#dispatcher.close(new MessagingError("closed", "messaging is stopped", { kind: "closed" }));
    this.#failIdle((item) => closedError(item, this.#about));
    return closed;
  }
}
