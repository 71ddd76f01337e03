import { resendMs } from "../../plan/backoff.ts";
import { needsPerson } from "../../base/troubles.ts";
import type { Connection, Fault, Sent, WireMessage } from "../../driver/index.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { Observe } from "../../api/events.ts";
import { LinkedQueue } from "../../base/linked-queue.ts";
import { type Probe, resultOf } from "../../wire/probe.ts";
import type { Runtime } from "../../driver/runtime.ts";
import { takeBatch } from "./batch.ts";
import { SendCall } from "./outgoing-message.ts";
import { type ErrorContext, attemptFailed, finalFailure, wrap } from "./errors.ts";
import type { Accepted, OutgoingMessage } from "./outgoing-message.ts";
import type { SendSchedule } from "./schedule.ts";
import type { OpenSender, SenderSlot } from "./sender-slot.ts";

/** `health()` stops reporting a transient failure after this many milliseconds without another. */
const PASSED_MS = 60_000;
/** Milliseconds a driver has to end an aborted call. After that the call and its sender are given up. */
const ABORT_GRACE_MS = 1_000;

export interface SendLoopOptions {
  readonly connection: Connection;
  readonly connectionName: string | undefined;
  readonly runtime: Runtime;
  readonly observe: Observe;
  /** Absent without telemetry. */
  readonly probe: Probe | undefined;
  /** Milliseconds an opening may take before a new one is tried. */
  readonly openMs: number;
  readonly errorContext: ErrorContext;
  readonly slot: SenderSlot;
  readonly schedule: SendSchedule;
  readonly finish: (message: OutgoingMessage, error: MessagingError | undefined, sent: Accepted | undefined) => void;
  /** Fails every message that is not in a running call. */
  readonly failIdle: (error: MessagingError) => void;
}

/** Sends messages through the driver in concurrent batches. Resends failed ones and slows down when the broker throttles. */
export class SendLoop {
  readonly #options: SendLoopOptions;
  readonly #ready = new LinkedQueue<OutgoingMessage>();
  /** Messages to resend; they go first. */
  readonly #again = new LinkedQueue<OutgoingMessage>();
  readonly #lists = [this.#again, this.#ready];
  /** An array, since there are few (docs/v8.md#maps-and-sets). */
  readonly #calls: SendCall[] = [];
  /** The limit on concurrent calls. Halved when the broker throttles, raised by one after each successful call. */
  #window = Number.POSITIVE_INFINITY;
  /** The limit on messages in a batch. Halved when a batch is refused as a whole, raised by a quarter after each that is not. */
  #most = Number.POSITIVE_INFINITY;
  /** Consecutive failures of the destination as a whole: throttling, unanswered calls, failed openings. */
  #streak = 0;
  #stopping: (() => void) | undefined;
  /** The last failed opening, quoted in the errors of messages that were never sent. */
  openError: MessagingError | undefined;
  /** For `health()`: the destination's last failure, until an opening or a send succeeds. */
  #trouble: { readonly error: MessagingError; readonly at: number } | undefined;

  constructor(options: SendLoopOptions) {
    this.#options = options;
  }

  /** Why messages cannot be sent now. A transient failure counts for {@link PASSED_MS} only. */
  get trouble(): MessagingError | undefined {
    if (this.#trouble === undefined) return undefined;
    const { error, at } = this.#trouble;
    const old = this.#options.runtime.monotonic() - at > PASSED_MS;
    return old && !needsPerson(error.kind) ? undefined : error;
  }

  #troubled(error: MessagingError): void {
    this.#trouble = { error, at: this.#options.runtime.monotonic() };
  }

  add(message: OutgoingMessage): void {
    message.started = true;
    this.#ready.push(message);
    this.#options.schedule.flushSoon();
  }

  flush(): void {
    if (this.#ready.size + this.#again.size === 0 || this.#stopping !== undefined) return;
    const sender = this.#options.slot.current;
    if (sender === undefined) return this.#open();
    const atOnce = Math.max(1, Math.min(sender.capabilities.concurrency.send, this.#window));
    while (this.#calls.length < atOnce) {
      const messages = takeBatch(this.#lists, sender, this.#fail, this.#aside, this.#options.errorContext, this.#most);
      if (messages.length === 0) return;
      this.#start(messages, sender);
    }
  }

  readonly #fail = (message: OutgoingMessage, error: MessagingError): void =>
    this.#options.finish(message, error, undefined);

  /** Offers a message again once its body is stored. Until then the later messages of its key wait, since it is the first of its lane. */
  readonly #aside = (message: OutgoingMessage, stored: Promise<void>): void => {
    message.gated = true;
    stored.then(
      () => {
        message.gated = false;
        message.wire = undefined;
        message.size = -1;
        if (message.finished || this.#stopping !== undefined) return;
        this.#ready.push(message);
        this.#options.schedule.flushSoon();
      },
      (cause: unknown) => this.#fail(message, wrap(message.id, this.#options.errorContext, cause)),
    );
  };

  #open(): void {
    const { slot, schedule } = this.#options;
    if (slot.opening) return;
    const limit = schedule.later(this.#options.openMs, () => {
      slot.cancelOpening();
      schedule.flushSoon();
    });
    slot.open().then(
      () => {
        limit[Symbol.dispose]();
        this.openError = undefined;
        this.#trouble = undefined;
        schedule.flushSoon();
      },
      (error: MessagingError) => {
        limit[Symbol.dispose]();
        this.#openFailed(error);
      },
    );
  }

  #openFailed(error: MessagingError): void {
    this.openError = error;
    this.#troubled(error);
    if (error.kind !== "retryable" && error.kind !== "throttled") return this.#options.failIdle(error);
    this.#pause([], error, error.retryAfterMs ?? 0);
    this.#options.schedule.flushSoon();
  }

  #start(messages: OutgoingMessage[], sender: OpenSender): void {
    const call = new SendCall(messages, sender);
    this.#calls.push(call);
    sender.calls++;
    const batch = messages.map((message) => {
      message.call = call;
      message.attempts++;
      return message.wire as WireMessage;
    });
    let running: Promise<readonly Sent[]>;
    try {
      running = sender.driver.send(batch, call.controller.signal);
    } catch (cause) {
      running = Promise.reject(cause);
    }
    if (this.#options.probe !== undefined) this.#watch(this.#options.probe, messages, running);
    running.then(
      (results) => this.#answered(call, results),
      (cause) => this.#unanswered(call, cause),
    );
  }

  /** Tells telemetry of a call and its results. */
  #watch(probe: Probe, messages: readonly OutgoingMessage[], running: Promise<readonly Sent[]>): void {
    const ended = probe.sending(messages.map(({ trace }) => trace));
    if (ended === undefined) return;
    const { length } = messages;
    const codeOf = (cause: unknown) => (cause === undefined ? undefined : this.#classify(cause).code);
    running.then(
      (results) => ended(Array.from({ length }, (_, i) => resultOf(codeOf(results?.[i]?.cause)))),
      (cause) => ended(Array.from({ length }, () => resultOf(codeOf(cause) ?? "other"))),
    );
  }

  /** Call this for a message whose caller no longer waits. A call with no waiting caller left is aborted. */
  giveUp(call: SendCall, reason: unknown): void {
    if (--call.live === 0) this.#abort(call, reason);
  }

  #abort(call: SendCall, reason: unknown): void {
    if (call.controller.signal.aborted) return;
    call.controller.abort(reason);
    call.grace = this.#options.runtime.timer(ABORT_GRACE_MS, () => this.#abandon(call));
  }

  /** Replaces the sender of a driver that ignores its abort signal, so that the call does not occupy a slot forever. */
  #abandon(call: SendCall): void {
    call.abandoned = true;
    this.#options.slot.drop(call.sender);
    this.#unknown(call, new Error("the driver did not end an aborted send"));
  }

  #ended(call: SendCall): void {
    this.#calls.splice(this.#calls.indexOf(call), 1);
    call.grace?.[Symbol.dispose]();
    call.sender.calls--;
    for (const message of call.messages) message.call = undefined;
    call.messages.length = 0;
    this.#options.slot.closeIfIdle(call.sender);
    if (this.#calls.length === 0) this.#stopping?.();
    this.#flushSoon();
  }

  /** Schedules a flush only if messages wait: an empty one costs a turn of the event loop and delays messages published meanwhile. */
  #flushSoon(): void {
    if (this.#ready.size + this.#again.size > 0) this.#options.schedule.flushSoon();
  }

  #answered(call: SendCall, results: readonly Sent[]): void {
    if (call.abandoned) return;
    const failed: OutgoingMessage[] = [];
    let throttle: Fault | undefined;
    let afterMs = 0;
    const { length } = call.messages;
    for (let i = 0; i < length; i++) {
      const message = call.messages[i] as OutgoingMessage;
      const sent = results?.[i];
      if (message.finished) continue;
      if (sent !== undefined && sent.cause === undefined) {
        this.#options.finish(message, undefined, sent as Accepted);
        continue;
      }
      const fault: Fault = sent === undefined ? { kind: "ambiguous", code: "no-result" } : this.#classify(sent.cause);
      if (fault.partial === true) afterMs = Math.max(afterMs, fault.retryAfterMs ?? 0);
      else if (fault.kind === "throttled" && (fault.retryAfterMs ?? 0) >= (throttle?.retryAfterMs ?? 0))
        throttle = fault;
      if (this.#mayResend(message, fault, sent?.cause, call.sender)) failed.push(message);
    }
    this.#ended(call);
    if (throttle !== undefined) return this.#throttle(failed, throttle.retryAfterMs ?? 0);
    if (failed.length < length) {
      if (this.#trouble !== undefined && results.some((sent) => sent.cause === undefined)) this.#trouble = undefined;
      this.#streak = 0;
      this.#window++;
      this.#most += Math.max(1, this.#most >> 2);
    }
    if (failed.length > 0) this.#resendLater(failed, afterMs);
  }

  #unanswered(call: SendCall, cause: unknown): void {
    if (!call.abandoned) this.#unknown(call, cause);
  }

  #unknown(call: SendCall, cause: unknown): void {
    const aborted = call.controller.signal.aborted;
    const fault: Fault = aborted ? { kind: "ambiguous", code: "aborted" } : this.#classify(cause);
    if (fault.kind === "permanent" && call.messages.length > 1 && this.#stopping === undefined)
      return this.#halve(
        call,
        attemptFailed(call.messages[0] as OutgoingMessage, this.#options.errorContext, fault, cause),
      );
    const failed = call.messages.filter(
      (message) => !message.finished && this.#mayResend(message, fault, cause, call.sender),
    );
    this.#ended(call);
    if (fault.kind === "throttled") this.#throttle(failed, fault.retryAfterMs ?? 0);
    else if (failed.length > 0) this.#pause(failed, (failed[0] as OutgoingMessage).error as MessagingError, 0);
  }

  /**
   * Sends a refused batch again in smaller batches. The cause may be another message, the number of messages or their total size,
   * so only a message that is refused alone fails for good.
   */
  #halve(call: SendCall, error: MessagingError): void {
    const { length } = call.messages;
    this.#most = Math.min(this.#most, Math.ceil(length / 2));
    for (const message of call.messages) {
      if (message.finished) continue;
      message.error = error;
      this.#again.push(message);
    }
    this.#report(error, 0);
    this.#ended(call);
  }

  #classify(cause: unknown): Fault {
    return this.#options.connection.classify(cause, "send");
  }

  /** Records a failed attempt. Fails the message if a resend cannot help; otherwise returns true. */
  #mayResend(message: OutgoingMessage, fault: Fault, cause: unknown, sender: OpenSender): boolean {
    const error = attemptFailed(message, this.#options.errorContext, fault, cause);
    message.error = error;
    if (error.kind === "ambiguous") message.ambiguous = true;
    const { kind } = error;
    // A refused message or a busy shard does not mean that the destination as a whole has trouble.
    if (kind !== "permanent" && fault.partial !== true) this.#troubled(error);
    if (kind === "closed" || kind === "auth" || kind === "config") this.#options.slot.drop(sender);
    const hopeless = kind === "permanent" || kind === "auth" || kind === "config";
    if (!hopeless && this.#stopping === undefined) return true;
    this.#options.finish(message, finalFailure(message, this.#options.errorContext, error), undefined);
    return false;
  }

  #throttle(failed: readonly OutgoingMessage[], retryAfterMs: number): void {
    this.#window = Math.max(1, Math.floor(Math.min(this.#window, this.#calls.length + 1) / 2));
    this.#pause(failed, failed[0]?.error, retryAfterMs);
  }

  /** Pauses all sending because the destination as a whole has trouble. The failed messages go first afterwards. */
  #pause(failed: readonly OutgoingMessage[], error: MessagingError | undefined, atLeastMs: number): void {
    const ms = atLeastMs + resendMs(++this.#streak, this.#options.runtime.random);
    this.#options.schedule.pause(ms);
    for (const message of this.#inTime(failed, ms, error)) this.#again.push(message);
    this.#flushSoon();
  }

  /** Resends these messages after a back-off while the others continue. */
  #resendLater(failed: readonly OutgoingMessage[], atLeastMs: number): void {
    const attempts = failed.reduce((most, message) => Math.max(most, message.attempts), 1);
    const ms = Math.max(atLeastMs, resendMs(attempts, this.#options.runtime.random));
    const messages = this.#inTime(failed, ms, failed[0]?.error);
    if (messages.length === 0) return;
    this.#options.schedule.later(ms, () => {
      for (const message of messages) this.#again.push(message);
      this.#options.schedule.flushSoon();
    });
  }

  /** Fails messages whose deadline comes before the next attempt, and returns the others. */
  #inTime(
    failed: readonly OutgoingMessage[],
    ms: number,
    error: MessagingError | undefined,
  ): readonly OutgoingMessage[] {
    const next = this.#options.runtime.monotonic() + ms;
    const late = failed.filter((message) => message.deadline <= next);
    for (const message of late) {
      this.#fail(message, finalFailure(message, this.#options.errorContext, message.error as MessagingError));
    }
    if (error !== undefined && late.length < Math.max(1, failed.length)) this.#report(error, ms);
    return late.length === 0 ? failed : failed.filter((message) => !message.finished);
  }

  #report(error: MessagingError, retryInMs: number): void {
    const { observe, connectionName, errorContext } = this.#options;
    observe({
      type: "resend",
      level: "info",
      error,
      retryInMs,
      ...(connectionName === undefined ? {} : { connection: connectionName }),
      ...(errorContext.channel === undefined ? {} : { channel: errorContext.channel }),
      ...(errorContext.group === undefined ? {} : { group: errorContext.group }),
    });
  }

  /** Aborts running calls. Resolves when all have ended, at the latest after {@link ABORT_GRACE_MS}, and the sender is closed. */
  async close(reason: MessagingError): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#stopping = resolve;
    });
    if (this.#calls.length > 0) {
      for (const call of [...this.#calls]) this.#abort(call, reason);
      await ended;
    }
    await this.#options.slot.close();
  }
}
