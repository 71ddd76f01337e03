import type { Delivery } from "../../driver/index.ts";
import { MessagingError } from "../../api/errors.ts";
import type { HeldMessage } from "./held-message.ts";
import type { HeldMessages } from "./held-messages.ts";
import { mended, troubled } from "./lease-troubles.ts";
import type { LeaseWork } from "./lease-work.ts";

/**
 * Keeps the holds of one lease, buffered messages included: each is extended when a third of it is spent. When it can
 * no longer be extended in time, a tenth of the hold before its end, the delivery is lost (contract C7).
 * One timer a lease; messages due within a twelfth of a hold go in one call.
 */
export class Heartbeat {
  readonly #work: LeaseWork;
  readonly #messages: HeldMessages;
  #timer: Disposable | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #closed = false;
  /** How long the driver keeps a hold that cannot be extended: the longest seen. */
  #fixedMs = 0;
  /** Why the last extension of a hold failed. Made when one does. */
  #failed: WeakMap<HeldMessage, unknown> | undefined;

  constructor(work: LeaseWork, messages: HeldMessages) {
    this.#work = work;
    this.#messages = messages;
  }

  get #holdMs(): number {
    return this.#work.host.context.plan.holdMs;
  }

  /** Messages that have arrived; those that are held still. */
  watch(arrived: readonly HeldMessage[]): void {
    const now = this.#work.runtime.monotonic();
    let due = this.#dueAt;
    for (const message of arrived)
      if (this.#messages.has(message) && message.deadline !== undefined) due = Math.min(due, this.#due(message, now));
    if (due < this.#dueAt) this.#arm(due);
  }

  /** Before anything of it starts, where holds are not extended. Gives when a hold must end at the earliest to be worth starting on. */
  measure(deliveries: readonly Delivery[]): number {
    const now = this.#work.runtime.monotonic();
    for (const { deadline } of deliveries)
      if (deadline !== undefined) this.#fixedMs = Math.max(this.#fixedMs, deadline - now);
    return now + this.margin;
  }

  /** Nothing is held. */
  rest(): void {
    this.#disarm();
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  /** A hold that ends sooner than this is about to be lost. */
  get margin(): number {
    // Where holds are not extended, the configured hold says nothing about how long they last.
    return (this.#work.lease.extend === undefined ? this.#fixedMs : this.#holdMs) / 10;
  }

  /** How long a hold lasts that cannot be extended. 0: not yet known, or holds can be extended. */
  get fixedMs(): number {
    return this.#fixedMs;
  }

  /** When the held one wants attention: an extension, or its loss. */
  #due(message: HeldMessage, now: number): number {
    const deadline = message.deadline as number;
    if (!this.#extendable(message, now)) return deadline - this.margin;
    return Math.min(deadline - (this.#holdMs * 2) / 3, deadline - this.margin);
  }

  /** Can an extension still win time worth having? */
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
        // One that waits for its next attempt says nothing about how long handlers take.
        if (message.state !== "waiting") overrun = true;
        this.#end(message);
      } else if (message.extending !== undefined) next = Math.min(next, message.deadline - this.margin);
      else if (this.#due(message, now) <= soon && this.#extendable(message, now)) extend.push(message);
      else next = Math.min(next, this.#due(message, now));
    }
    if (overrun) this.#work.overrun();
    for (let i = 0; i < extend.length; i += this.#work.batch) void this.#extend(extend.slice(i, i + this.#work.batch));
    // One that fails is tried again soon, but its loss is not noticed late for it.
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
        // Whatever else it is may pass: it is tried again until the margin.
        (this.#failed ??= new WeakMap()).set(message, outcome.cause);
        troubled(this.#work, "extend", outcome.cause);
      }
    });
    if (this.#failed !== undefined && outcomes.some((outcome) => outcome === undefined)) mended(this.#work, "extend");
  }

  /** Why a hold could not be kept: people are told what to change. */
  #why(message: HeldMessage): unknown {
    const cause = this.#failed?.get(message);
    if (cause !== undefined) return cause;
    const { plan, channel, physicalName } = this.#work.host.context;
    const errorContext = { kind: "retryable" as const, channel: channel.channel, group: plan.group };
    const doing = `extend on "${physicalName}"`;
    if (message.extending !== undefined)
      return new MessagingError("no-answer", `${doing}: no answer before the hold's end`, errorContext);
    if (this.#work.lease.extend === undefined) {
      const text = `${doing}: this transport extends no hold, and keeps one for ${Math.round(this.#fixedMs)} ms; make the handler shorter, or raise the transport's own limit (RabbitMQ: consumerTimeout, with the broker's consumer_timeout)`;
      return new MessagingError("hold-over", text, errorContext);
    }
    if (
      message.delivery.lastDeadline === undefined ||
      (message.deadline as number) < message.delivery.lastDeadline - 1_000
    )
      return new MessagingError(
        "hold-over",
        `${doing}: the process was busy or asleep past the hold's end`,
        errorContext,
      );
    return new MessagingError(
      "hold-limit",
      `${doing}: the transport keeps no hold longer than this one was kept`,
      errorContext,
    );
  }
}
