import type { Delivery } from "../../driver/index.ts";
import { MessagingError } from "../../api/errors.ts";
import type { HeldMessage } from "./held-message.ts";
import type { HeldMessages } from "./held-messages.ts";
import { cleared, troubled } from "./lease-troubles.ts";
import type { LeaseWork } from "./lease-work.ts";

/**
 * Extends the holds (visibility timeouts) of one lease, buffered messages included. A hold is extended when a third of it is spent.
 * If that has not succeeded a tenth of the hold before its end, the delivery counts as lost (contract C7). There is one timer per
 * lease; messages due within a twelfth of a hold share a call.
 */
export class Heartbeat {
  readonly #work: LeaseWork;
  readonly #messages: HeldMessages;
  #timer: Disposable | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #closed = false;
  /** The longest hold seen that cannot be extended, in milliseconds. */
  #fixedMs = 0;
  /** Why the last extension of a hold failed. Made at the first failure. */
  #failed: WeakMap<HeldMessage, unknown> | undefined;

  constructor(work: LeaseWork, messages: HeldMessages) {
    this.#work = work;
    this.#messages = messages;
  }

  get #holdMs(): number {
    return this.#work.host.context.plan.holdMs;
  }

  /** Watches the arrived messages that are still held. */
  watch(arrived: readonly HeldMessage[]): void {
    const now = this.#work.runtime.monotonic();
    let due = this.#dueAt;
    for (const message of arrived)
      if (this.#messages.has(message) && message.deadline !== undefined) due = Math.min(due, this.#due(message, now));
    if (due < this.#dueAt) this.#arm(due);
  }

  /**
   * Measures holds that cannot be extended, before any of their messages starts. Returns a time: a message whose hold ends
   * before it is not worth starting.
   */
  measure(deliveries: readonly Delivery[]): number {
    const now = this.#work.runtime.monotonic();
    for (const { deadline } of deliveries)
      if (deadline !== undefined) this.#fixedMs = Math.max(this.#fixedMs, deadline - now);
    return now + this.margin;
  }

  /** Call this when nothing is held. */
  rest(): void {
    this.#disarm();
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  /** Milliseconds before the end of a hold at which it counts as lost. */
  get margin(): number {
    // A hold that cannot be extended lasts as long as the broker says, not as configured.
    return (this.#work.lease.extend === undefined ? this.#fixedMs : this.#holdMs) / 10;
  }

  /** Milliseconds a hold lasts that cannot be extended. 0 if not yet known or if holds can be extended. */
  get fixedMs(): number {
    return this.#fixedMs;
  }

  /** When the message is due for an extension or counts as lost. */
  #due(message: HeldMessage, now: number): number {
    const deadline = message.deadline as number;
    if (!this.#extendable(message, now)) return deadline - this.margin;
    return Math.min(deadline - (this.#holdMs * 2) / 3, deadline - this.margin);
  }

  /** Whether an extension can still gain more than a second. */
  #extendable(message: HeldMessage, now: number): boolean {
    if (this.#work.lease.extend === undefined) return false;
    const last = message.delivery.lastDeadline;
    return last === undefined || last - Math.max(now, message.deadline as number) > 1_000;
  }

  #arm(at: number): void {
    this.#disarm();
    if (this.#closed) return;
    this.#dueAt = at;
    const wait = Math.max(at - this.#work.runtime.monotonic(), 0);
    this.#timer = this.#work.runtime.timer(wait, () => this.#beat());
  }

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #beat(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
    const now = this.#work.runtime.monotonic();
    const soon = now + this.#holdMs / 12;
    const extend: HeldMessage[] = [];
    let next = Number.POSITIVE_INFINITY;
    let overrun = false;
    for (const message of this.#messages) {
      if (message.deadline === undefined || message.state === "lost") continue;
      if (now >= message.deadline - this.margin) {
        // A message in retry back-off does not show that handlers are slow.
        if (message.state !== "waiting") overrun = true;
        this.#end(message);
      } else if (message.extending !== undefined) next = Math.min(next, message.deadline - this.margin);
      else if (this.#due(message, now) <= soon && this.#extendable(message, now)) extend.push(message);
      else next = Math.min(next, this.#due(message, now));
    }
    if (overrun) this.#work.overrun();
    for (let i = 0; i < extend.length; i += this.#work.batch) void this.#extend(extend.slice(i, i + this.#work.batch));
    // A failed extension is tried again soon, but never so late that the loss is noticed late.
    for (const message of extend)
      next = Math.min(next, now + this.#holdMs / 6, (message.deadline as number) - this.margin);
    if (next < Number.POSITIVE_INFINITY) this.#arm(Math.max(next, now + 1));
  }

  #end(message: HeldMessage): void {
    const unstarted = message.state === "ready" || message.state === "waiting";
    if (unstarted && this.#work.lease.extend === undefined) this.#messages.releaseInTime(message);
    else this.#messages.lose(message, this.#why(message));
  }

  async #extend(batch: HeldMessage[]): Promise<void> {
    const { lease, runtime } = this.#work;
    const holdMs = this.#holdMs;
    const sentAt = runtime.monotonic();
    const last = Math.min(...batch.map((message) => message.delivery.lastDeadline ?? Number.POSITIVE_INFINITY));
    const forMs = Math.min(holdMs, last - sentAt);
    const receipts = batch.map((message) => message.delivery.receipt);
    const ask = async () => (await lease.extend?.(receipts, forMs, lease.lost)) ?? [];
    const call = ask().catch((cause: unknown) => batch.map(() => ({ cause })));
    for (const message of batch) message.extending = call;
    const outcomes = await call;
    batch.forEach((message, i) => {
      message.extending = undefined;
      const outcome = outcomes[i];
      if (outcome === undefined) {
        message.deadline = sentAt + forMs;
        this.#failed?.delete(message);
      } else if (this.#work.classify(outcome.cause, "extend").kind === "lost") {
        if (this.#messages.has(message)) this.#messages.lose(message, outcome.cause);
      } else {
        // Any other failure may be transient: the extension is tried again until the margin.
        (this.#failed ??= new WeakMap()).set(message, outcome.cause);
        troubled(this.#work, "extend", outcome.cause);
      }
    });
    if (this.#failed !== undefined && outcomes.some((outcome) => outcome === undefined)) cleared(this.#work, "extend");
  }

  /** Why a hold could not be kept, and what to change. */
  #why(message: HeldMessage): unknown {
    const cause = this.#failed?.get(message);
    if (cause !== undefined) return cause;
    const { plan, channel, physicalName } = this.#work.host.context;
    const errorContext = { kind: "retryable" as const, channel: channel.channel, group: plan.group };
    const doing = `extend on "${physicalName}"`;
    if (message.extending !== undefined)
      return new MessagingError("no-answer", `${doing}: no answer before the hold's end`, errorContext);
    if (this.#work.lease.extend === undefined) {
      const text = `${doing}: this transport cannot extend a hold, which lasts ${Math.round(this.#fixedMs)} ms; make the handler shorter, or raise the transport's own limit (RabbitMQ: consumerTimeout, with the broker's consumer_timeout)`;
      return new MessagingError("hold-over", text, errorContext);
    }
    if (
      message.delivery.lastDeadline === undefined ||
      (message.deadline as number) < message.delivery.lastDeadline - 1_000
    )
      return new MessagingError(
        "hold-over",
        `${doing}: the process was busy or suspended until after the hold's end`,
        errorContext,
      );
    return new MessagingError(
      "hold-limit",
      `${doing}: the hold has reached the longest time that the transport allows`,
      errorContext,
    );
  }
}
