import type { Capabilities, Connection, Destination, SenderDriver, WireMessage } from "../../driver/index.ts";
import { MessagingError } from "../../api/errors.ts";
import { type InProcess, inProcess } from "../../wire/in-process.ts";
import { LinkedList } from "../../base/linked-list.ts";
import type { Observe } from "../../api/events.ts";
import type { Probe } from "../../wire/probe.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import type { Runtime } from "../../driver/runtime.ts";
import { needsPerson, type Trouble } from "../../base/troubles.ts";
import { SendLoop } from "../send/send-loop.ts";
import {
  type ErrorContext,
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
  GivenMessage,
  isBlocked,
  type OutgoingMessage,
  type Make,
  markFailed,
  type SendOptions,
} from "../send/outgoing-message.ts";
import { AbortSignals } from "./abort-signals.ts";
import { KeyOrder } from "./key-order.ts";
import { Admission } from "./admission.ts";
import { SendSchedule } from "../send/schedule.ts";
import { SenderSlot } from "../send/sender-slot.ts";

export type { Accepted, Make, SendOptions } from "../send/outgoing-message.ts";

export interface SendQueueOptions {
  readonly destination: Destination;
  /** The destination's name at the broker, suffixes included and secrets redacted. */
  readonly physicalName: string;
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly plan: PublishPlan;
  /** What the adapter declared. A sender that offers less is refused (`capability-missing`). */
  readonly expected: Capabilities;
  readonly observe: Observe;
  /** Absent without telemetry. */
  readonly probe?: Probe | undefined;
  readonly errorContext: { readonly connection?: string; readonly channel: string; readonly group?: string };
}

/**
 * Sends every message of this process to one destination. It keeps order per key, resends until a message's deadline and applies
 * the pending limits.
 *
 * Messages published within one tick are sent at the end of that tick, in as many concurrent calls as the driver allows. Messages
 * published while all calls are running form the next batches. There is no linger time.
 */
export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #errorContext: ErrorContext;
  readonly #slot: SenderSlot;
  readonly #schedule: SendSchedule;
  readonly #loop: SendLoop;
  readonly #all = new LinkedList<OutgoingMessage>();
  readonly #lanes = new KeyOrder();
  readonly #admission: Admission;
  readonly #signals = new AbortSignals((message) => this.#giveUp(message, this.#abortedError(message)));
  readonly #whenIdle: (() => void)[] = [];
  #unresolved = 0;
  #admitting = false;
  #closing: Promise<void> | undefined;

  constructor(options: SendQueueOptions) {
    const { runtime, connection, observe } = options;
    const errorContext = { channel: options.errorContext.channel, group: options.errorContext.group };
    const slot = new SenderSlot({ ...options, errorContext });
    this.#options = options;
    this.#errorContext = errorContext;
    this.#slot = slot;
    this.#admission = new Admission(options.plan);
    this.#schedule = new SendSchedule(runtime, {
      waiting: () => this.#unresolved > 0,
      flush: () => this.#loop.flush(),
      sweep: (now) => this.#sweep(now),
    });
    this.#loop = new SendLoop({
      runtime,
      connection,
      connectionName: options.errorContext.connection,
      observe,
      probe: options.probe,
      openMs: options.plan.timeoutMs,
      errorContext,
      slot,
      schedule: this.#schedule,
      finish: (message, error, sent) => this.#finish(message, error, sent),
      failIdle: (error) => this.#failIdle((message) => finalFailure(message, errorContext, error)),
    });
  }

  /** Absent without telemetry. */
  get probe(): Probe | undefined {
    return this.#options.probe;
  }

  /** Why this destination does not accept messages, for `health()`. */
  get trouble(): Trouble | undefined {
    const error = this.#loop.trouble;
    const doing = `publish to "${this.#errorContext.channel}"`;
    const { channel } = this.#options.errorContext;
    if (error !== undefined)
      return { text: `${doing}: ${error.message}`, needsPerson: needsPerson(error.kind), channel };
    if (!this.#slot.opening || this.#unresolved === 0) return undefined;
    return {
      text: `${doing}: ${this.#unresolved} messages wait for the destination to open`,
      needsPerson: false,
      channel,
    };
  }

  /** How many messages were submitted and are not yet accepted or failed. */
  get unresolved(): number {
    return this.#unresolved;
  }

  /** What the adapter declared. A sender that offers less is refused when it opens. */
  get declared(): Capabilities {
    return this.#options.expected;
  }

  /** The open sender's capabilities, or what the adapter declared while none is open. */
  get capabilities(): Capabilities {
    return this.#slot.current?.capabilities ?? this.#options.expected;
  }

  /** Only if the open sender's broker runs in this process. */
  get inProcess(): InProcess | undefined {
    return this.#slot.current?.driver.local === true ? inProcess.loaded : undefined;
  }

  /** Returns the open sender, or opens one in a single attempt. Rejects with a {@link MessagingError}. */
  async ready(signal: AbortSignal): Promise<SenderDriver> {
    let abort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        if (this.#unresolved === 0) this.#slot.cancelOpening();
        const text = `open "${this.#options.physicalName}" to send: the signal was aborted`;
        reject(new MessagingError("aborted", text, { ...this.#errorContext, kind: "retryable", cause: signal.reason }));
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

  /** Resolves with the driver's `Sent` once the broker has accepted the message. Rejects with a {@link MessagingError} (C1). */
  send(make: Make, options: SendOptions = {}): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      const { capabilities } = this;
      let made: WireMessage;
      try {
        made = make(capabilities);
      } catch (cause) {
        return reject(wrap(options.id, this.#errorContext, cause));
      }
      this.submit(new GivenMessage(made, capabilities, make, options, resolve, reject));
    });
  }

  /** The message has its place in the order of its key when this returns. */
  submit(message: OutgoingMessage): void {
    if (this.#closing !== undefined) return message.done(closedError(message, this.#errorContext), undefined);
    const { signal, gate } = message;
    if (signal?.aborted) return message.done(this.#abortedError(message), undefined);
    const room = this.#admission.canEnter(message.weight);
    if (!room && this.#options.plan.whenFull === "reject")
      return message.done(backpressure(this.#errorContext, message.id), undefined);
    message.deadline = this.#schedule.now() + Math.ceil(message.timeoutMs ?? this.#options.plan.timeoutMs);
    this.#all.add(message);
    this.#unresolved++;
    this.#lanes.add(message);
    this.#schedule.expireAt(message.deadline);
    if (signal !== undefined) this.#signals.add(message, signal);
    if (room) this.#admission.enter(message);
    else this.#admission.wait(message);
    if (gate === undefined) return this.#offer(message);
    message.gated = true;
    this.#await(message, gate);
  }

  #abortedError(message: OutgoingMessage): MessagingError {
    const text = `publish to "${this.#errorContext.channel}": the signal was aborted`;
    const kind = message.call === undefined ? "retryable" : "ambiguous";
    return failure(message, this.#errorContext, "aborted", kind, text, message.signal?.reason);
  }

  #await(message: OutgoingMessage, gate: PromiseLike<unknown>): void {
    gate.then(
      () => {
        message.gated = false;
        this.#offer(message);
      },
      (cause) => this.#finish(message, wrap(message.id, this.#errorContext, cause), undefined),
    );
  }

  /** Hands a message to the send loop if nothing blocks it. */
  #offer(message: OutgoingMessage): void {
    if (message.finished || message.started || message.gated || !message.admitted || !this.#lanes.isFirst(message))
      return;
    if (isBlocked(message)) {
      this.#finish(message, blocked(message, this.#errorContext), undefined);
      return;
    }
    this.#loop.add(message);
  }

  /** Ends a message and starts those that waited for it. Iterates rather than recurses, so that many blocked messages do not overflow the stack. */
  #finish(message: OutgoingMessage, error: MessagingError | undefined, sent: Accepted | undefined): void {
    const next = this.#settle(message, error, sent);
    if (next !== undefined) this.#advance(next);
    this.#admit();
    if (this.#unresolved > 0) return;
    this.#schedule.idle();
    if (this.#whenIdle.length > 0) for (const wake of this.#whenIdle.splice(0)) wake();
  }

  #advance(first: OutgoingMessage): void {
    let next: OutgoingMessage | undefined = first;
    while (next !== undefined && !next.gated && next.admitted && isBlocked(next)) {
      next = this.#settle(next, blocked(next, this.#errorContext), undefined);
    }
    if (next !== undefined) this.#offer(next);
  }

  /** Ends one message and returns the next message of its key. */
  #settle(
    message: OutgoingMessage,
    error: MessagingError | undefined,
    sent: Accepted | undefined,
  ): OutgoingMessage | undefined {
    if (message.finished) return undefined;
    message.finished = true;
    this.#unresolved--;
    this.#all.delete(message);
    this.#admission.leave(message);
    const { many, index, signal } = message;
    if (signal !== undefined) this.#signals.delete(message, signal);
    if (error !== undefined && many !== undefined) markFailed(many, message.key, index);
    const next = this.#lanes.next(message);
    message.done(error, sent);
    return next;
  }

  #admit(): void {
    if (this.#admitting) return;
    this.#admitting = true;
    for (let message = this.#admission.admitNext(); message !== undefined; message = this.#admission.admitNext())
      this.#offer(message);
    this.#admitting = false;
  }

  /** Ends a message that may be in a running call. */
  #giveUp(message: OutgoingMessage, error: MessagingError): void {
    const call = message.call;
    this.#finish(message, error, undefined);
    if (call !== undefined) this.#loop.giveUp(call, error);
  }

  #sweep(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const message of this.#all) {
      if (message.finished) continue;
      if (message.deadline > now) earliest = Math.min(earliest, message.deadline);
      else this.#giveUp(message, this.#timedOut(message));
    }
    if (this.#unresolved === 0) this.#slot.cancelOpening();
    return earliest;
  }

  #timedOut(message: OutgoingMessage): MessagingError {
    const timeoutMs = message.timeoutMs ?? this.#options.plan.timeoutMs;
    return timedOut(message, this.#errorContext, timeoutMs, this.#loop.openError);
  }

  #failIdle(errorOf: (message: OutgoingMessage) => MessagingError): void {
    for (const message of this.#all) {
      if (!message.finished && message.call === undefined) this.#finish(message, errorOf(message), undefined);
    }
  }

  /** Resolves when no message is unresolved any more, including those submitted meanwhile, or when the signal aborts. */
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

  /** Fails unsent messages as `closed` and unanswered ones as ambiguous, then closes the sender. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#schedule.stop();
    const closed = this.#loop.close(new MessagingError("closed", "messaging is stopped", { kind: "closed" }));
    this.#failIdle((message) => closedError(message, this.#errorContext));
    return closed;
  }
}
