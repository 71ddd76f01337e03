import { copyOf, isMessagingError, type MessagingError } from "../../api/errors.ts";
import { LinkedList } from "../../base/linked-list.ts";
import type { Delivery, Runtime, Settlement } from "../../driver/index.ts";
import type { HeldMessage, HeldState, Keeper, ReleaseReason } from "./held-message.ts";
import type { Lanes } from "./lanes.ts";
import { readable, troubled } from "./lease-troubles.ts";
import type { LeaseWork } from "./lease-work.ts";
import type { Window } from "./window.ts";

const HOLD_LOST = "the hold on this delivery is lost or about to be; it may be delivered again";

/** A class, so that V8 does not pretenure it (docs/v8.md#pretenuring). */
class Ack {
  readonly receipt: unknown;
  readonly action = "ack";

  constructor(receipt: unknown) {
    this.receipt = receipt;
  }
}

/** The parts of a lease that act on its messages. */
export interface MessageParts {
  readonly settler: { add(message: HeldMessage, settlement: Settlement): void; hurry(): void };
  /** On a log, used in place of the settler. */
  readonly checkpointer: { ack(message: HeldMessage): void; hurry(): void } | undefined;
  readonly heartbeat: { readonly margin: number; rest(): void };
  /** Only of an ordered channel. */
  readonly Lanes: typeof Lanes | undefined;
  /** Only if the broker pushes. */
  readonly window: Window | undefined;
}

/** The only cast that makes a message's state writable. */
type Owned = { state: HeldState };

/**
 * All messages that one lease holds, in order of arrival and by lane. Nothing else writes {@link HeldMessage.state}. A message takes
 * a place in the group's budget when it arrives and frees it when it leaves. Its settlement goes to the settler, or on a log to
 * the checkpointer.
 */
export class HeldMessages implements Keeper, Iterable<HeldMessage> {
  readonly #work: LeaseWork & MessageParts;
  readonly #list = new LinkedList<HeldMessage>();
  /** Only for ordered channels. */
  #lanes: Lanes | undefined;
  #running = 0;
  /** Nothing waits for running handlers any more. */
  #abandoned = false;
  #idle: (() => void)[] = [];
  #none: (() => void)[] = [];

  constructor(work: LeaseWork & MessageParts) {
    this.#work = work;
  }

  get id(): string {
    return this.#work.lease.id;
  }

  get runtime(): Runtime {
    return this.#work.runtime;
  }

  get log(): boolean {
    return this.#work.log;
  }

  get ending(): boolean {
    return this.#work.ending;
  }

  get fencingToken(): number | undefined {
    return this.#work.lease.fencingToken;
  }

  get size(): number {
    return this.#list.size;
  }

  /** How many messages are with handlers. */
  get running(): number {
    return this.#running;
  }

  has(message: HeldMessage): boolean {
    return this.#list.has(message);
  }

  /** Iterates over a snapshot of the held messages. */
  [Symbol.iterator](): Iterator<HeldMessage> {
    return this.#list[Symbol.iterator]();
  }

  // ── Arrival ──

  /** Adds a message. It fills a place in the budget that its receive reserved. */
  add(message: HeldMessage): void {
    this.#list.add(message);
    this.#work.host.context.budget.fill(message.bytes);
  }

  /** Adds a message to its lane. True if it may start. */
  lineUp(message: HeldMessage): boolean {
    return message.lane === undefined || this.#ordered().add(message.lane, message);
  }

  /** True if an arrived message follows one that is still on its way back to the broker. */
  followsReturned(message: HeldMessage): boolean {
    return message.lane !== undefined && this.#lanes?.behind(message.lane, message) === true;
  }

  /** The earlier attempts of a delivery that this process knows of. */
  known(delivery: Delivery): ReturnType<LeaseWork["host"]["context"]["attempts"]["get"]> {
    return delivery.unique === false ? undefined : this.#work.host.context.attempts.get(delivery.id);
  }

  /** Returns messages that arrived after the stop. */
  refuse(arrived: readonly HeldMessage[]): void {
    for (const message of arrived) {
      if (message.state !== "ready") continue;
      if (this.#work.lease.lost.aborted) this.#drop(message);
      else this.release(message, "stop");
    }
  }

  // ── Handling ──

  begin(message: HeldMessage): void {
    (message as Owned).state = "running";
    this.#running++;
    const { window } = this.#work;
    if (window !== undefined) window.began(message);
  }

  end(message: HeldMessage): void {
    this.#running--;
    const { window } = this.#work;
    if (window !== undefined) window.ended(message);
    if (message.body !== undefined) message.body.free();
    if (message.state === "running") (message as Owned).state = "ready";
  }

  /** At most `most` messages behind it in its lane, for the same batch. */
  following(message: HeldMessage, most: number): readonly HeldMessage[] {
    return message.lane === undefined || most < 1 ? [] : (this.#lanes?.following(message.lane, most) ?? []);
  }

  laneLength(message: HeldMessage): number {
    return message.lane === undefined ? 1 : (this.#lanes?.length(message.lane) ?? 1);
  }

  // ── Retry back-off in this process ──

  canKeep(message: HeldMessage, delayMs: number): boolean {
    if (message.deadline === undefined) return true;
    const { lease, runtime, heartbeat } = this.#work;
    const last = lease.extend === undefined ? message.deadline : message.delivery.lastDeadline;
    return last === undefined || runtime.monotonic() + delayMs + heartbeat.margin < last;
  }

  wait(message: HeldMessage, delayMs: number): void {
    const { runtime, host } = this.#work;
    (message as Owned).state = "waiting";
    message.dueAt = runtime.monotonic() + delayMs;
    message.wait = runtime.timer(delayMs, () => {
      message.wait = undefined;
      (message as Owned).state = "ready";
      host.enqueue(message);
    });
    this.#wakeIdle();
    if (host.context.budget.full) host.full();
  }

  // ── Settlement ──

  ack(message: HeldMessage): void {
    if (message.state === "lost") return this.leave(message);
    if (message.delivery.unique !== false) this.#work.host.context.attempts.forget(message.delivery.id);
    const { checkpointer, settler } = this.#work;
    (message as Owned).state = "settling";
    if (checkpointer !== undefined) {
      checkpointer.ack(message);
      this.#work.windowMoved();
    } else {
      settler.add(message, new Ack(message.delivery.receipt));
    }
    this.leave(message);
  }

  /** Call this when a settlement has reached the broker or has finally failed (`lost`). */
  settled(message: HeldMessage, lost: boolean, cause?: unknown): void {
    if (message.state === "settling") (message as Owned).state = "done";
    if (message.lane !== undefined) this.#lanes?.returned(message.lane, message);
    if (lost)
      this.#report(message, "settling", cause === undefined ? undefined : readable(this.#work, "settle", cause));
  }

  leave(message: HeldMessage): void {
    if (!this.#list.delete(message)) return;
    const { host, heartbeat } = this.#work;
    if (this.#list.size === 0) {
      this.#work.windowMoved();
      heartbeat.rest();
    }
    host.context.budget.leave(message.bytes);
    const head = message.lane === undefined ? undefined : this.#lanes?.remove(message.lane, message);
    if (head?.state === "ready") host.enqueue(head);
    this.#wakeIdle();
  }

  // ── Return to the broker ──

  canReturn(message: HeldMessage, delayMs: number): boolean {
    const { log, host, runtime } = this.#work;
    if (log || delayMs > host.capabilities.retryDelayMs) return false;
    const last = message.delivery.lastDeadline;
    return last === undefined || runtime.monotonic() + delayMs < last;
  }

  giveBack(message: HeldMessage, delayMs: number, attempt: number): void {
    this.#unwait(message);
    this.#remember(message, attempt);
    this.#goBack(message, {
      receipt: message.delivery.receipt,
      action: "retry",
      delayMs: Math.max(delayMs, 0),
      attempt,
    });
  }

  postpone(message: HeldMessage, delayMs: number, reason: ReleaseReason): void {
    const { host } = this.#work;
    const { capabilities } = host;
    const { firstFailedAt, failures } = message;
    this.#unwait(message);
    if (reason === "stop") host.gaveBack();
    this.#emitReleased(message, reason);
    const counted = !capabilities.releaseWithoutPenalty;
    if (counted || firstFailedAt !== undefined)
      this.#remember(message, message.attempt - 1, counted ? message.waits + 1 : 0, firstFailedAt);
    const { receipt } = message.delivery;
    // Attempts that failed during this hold are known to the broker only if a retry says so.
    const asRelease = failures === 0 && delayMs <= (capabilities.releaseDelayMs ?? 0);
    const settlement: Settlement = asRelease
      ? { receipt, action: "release", delayMs }
      : { receipt, action: "retry", delayMs, attempt: message.attempt - 1 };
    this.#goBack(message, settlement);
  }

  release(message: HeldMessage, reason: ReleaseReason): void {
    if (message.state === "lost") return this.leave(message);
    const { host, log } = this.#work;
    this.#unwait(message);
    if (message.failures > 0) this.#remember(message, message.attempt - 1);
    if (reason === "stop") host.gaveBack();
    this.#emitReleased(message, reason);
    if (log) {
      this.#releaseBehind(message);
      return this.#drop(message);
    }
    this.#goBack(message, { receipt: message.delivery.receipt, action: "release" });
  }

  /** Returns an unstarted message whose hold ends soon and cannot be extended, before the hold is lost. */
  releaseInTime(message: HeldMessage): void {
    const left = message.dueAt - this.#work.runtime.monotonic();
    if (message.state === "waiting" && this.canReturn(message, left)) this.postpone(message, Math.max(left, 0), "hold");
    else this.release(message, "hold");
  }

  /** Returns every message that is not with a handler. */
  releaseUnstarted(): void {
    const now = this.#work.runtime.monotonic();
    for (const message of this) {
      if (!this.has(message)) continue;
      const left = message.dueAt - now;
      if (message.state === "waiting" && this.canReturn(message, left))
        this.postpone(message, Math.max(left, 0), "stop");
      else if (message.state === "waiting" || message.state === "ready") this.release(message, "stop");
    }
  }

  /** Returns messages that have not been tried and have no key: with a key, the broker would have to keep their order. */
  releaseIdle(): void {
    for (const message of this)
      if (message.state === "ready" && message.lane === undefined && message.failures === 0)
        this.release(message, "breaker");
  }

  /** Returns unstarted messages beyond `most`, newest first: no handler would reach them in time. */
  shed(most: number): void {
    let surplus = this.size - most;
    for (const message of [...this].reverse()) {
      if (surplus <= 0) return;
      // With a key, all messages behind it would have to go back too.
      if (message.state !== "ready" || message.lane !== undefined) continue;
      this.release(message, "hold");
      surplus--;
    }
  }

  #goBack(message: HeldMessage, settlement: Settlement): void {
    // Later messages of its key must not start before it.
    if (message.lane !== undefined) this.#ordered().returning(message.lane, message);
    this.#releaseBehind(message);
    (message as Owned).state = "settling";
    this.#work.settler.add(message, settlement);
    this.leave(message);
  }

  #ordered(): Lanes {
    return (this.#lanes ??= new this.#work.Lanes!());
  }

  /** Returns the later messages of its key, so that none overtakes it. */
  #releaseBehind(message: HeldMessage): void {
    if (message.lane === undefined || this.#lanes === undefined) return;
    for (const later of this.#lanes.cutBehind(message.lane, message)) this.release(later, "order");
  }

  #unwait(message: HeldMessage): void {
    message.wait?.[Symbol.dispose]();
    message.wait = undefined;
  }

  #remember(
    message: HeldMessage,
    attempts: number,
    waits = message.waits,
    firstAt: number | undefined = message.firstFailedAt ?? this.runtime.now(),
  ): void {
    if (message.delivery.unique === false) return;
    const { attempted } = message;
    const known = waits === 0 ? { attempts, firstAt, attempted } : { attempts, firstAt, attempted, waits };
    this.#work.host.context.attempts.failed(message.delivery.id, known);
  }

  #emitReleased(message: HeldMessage, reason: ReleaseReason): void {
    const { host, lease } = this.#work;
    host.context.emit({
      type: "released",
      level: "info",
      reason,
      ...(host.capabilities.releaseWithoutPenalty ? {} : { counted: true }),
      id: message.opened?.id ?? message.delivery.id,
      lease: lease.id,
    });
  }

  // ── Loss of the hold ──

  /** Call this when the hold of a message is gone or cannot be kept. */
  lose(message: HeldMessage, cause?: unknown): void {
    if (message.state === "settling" || message.state === "done" || message.state === "lost") return;
    const error = cause === undefined ? undefined : readable(this.#work, "extend", cause);
    this.#report(message, "handling", error);
    const alongside = message.lane === undefined ? [] : (this.#lanes?.runningBehind(message.lane, message) ?? []);
    this.#releaseBehind(message);
    message.abort(holdLost(error));
    const running = message.state === "running";
    (message as Owned).state = "lost";
    // A message whose handler still runs keeps its place: no other message of its key may start.
    if (!running) this.#drop(message);
    if (this.#work.lease.extend === undefined) this.#overrun(message, error);
    // The later messages of its key in its batch must come again after it, so they are not settled either.
    for (const later of alongside) this.lose(later, cause);
  }

  /** Call this when all holds are gone. No message starts any more. */
  loseAll(): void {
    if (this.size === 0) return;
    const { lost } = this.#work.lease;
    const idle: HeldMessage[] = [];
    const reason = holdLost(lost.aborted ? lost.reason : undefined);
    for (const message of this) {
      if (message.state !== "running" && message.state !== "lost") idle.push(message);
      message.abort(reason);
      (message as Owned).state = "lost";
    }
    // Dropped after all are marked lost: a message that leaves would otherwise start the next of its key.
    for (const message of idle) this.#drop(message);
  }

  /** Aborts the running handlers and returns their number. */
  abandon(reason: Error): number {
    let count = 0;
    for (const message of this) {
      if (message.state !== "running") continue;
      count++;
      // Marked lost so that its hold is not extended any more: its handler may never end, and the message must come again.
      (message as Owned).state = "lost";
      message.abort(reason);
    }
    // Nothing waits for these handlers any more: checkpoints can be stored and the lease handed over.
    this.#abandoned = true;
    for (const wake of [...this.#idle.splice(0), ...this.#none.splice(0)]) wake();
    return count;
  }

  /** Forgets an unsettled message, which will come again. */
  #drop(message: HeldMessage): void {
    this.#unwait(message);
    if (message.state !== "running") (message as Owned).state = "lost";
    if (message.failures > 0) this.#remember(message, message.attempt - 1);
    this.leave(message);
  }

  /**
   * Releases a message whose fixed hold is about to end. Otherwise it would occupy a place of a push broker until the end of the
   * hold. `health()` reports it, since later messages are likely to take too long as well.
   */
  #overrun(message: HeldMessage, error: MessagingError | undefined): void {
    const { lease } = this.#work;
    if (lease.lost.aborted) return;
    if (error !== undefined) troubled(this.#work, "extend", error);
    const release = async () => lease.settle([{ receipt: message.delivery.receipt, action: "release" }], lease.lost);
    // A failure does not matter, since the hold ends soon.
    void release().catch(() => undefined);
  }

  #report(message: HeldMessage, during: "handling" | "settling", error: MessagingError | undefined): void {
    this.#work.host.context.emit({
      type: "lost",
      level: "warn",
      during,
      id: message.opened?.id ?? message.delivery.id,
      error,
      lease: this.#work.lease.id,
    });
  }

  // ── Waiting ──

  /** Resolves when no handler is running. */
  async idle(): Promise<void> {
    if (this.#running > 0 && !this.#abandoned) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when every held message has been handled, retries included. */
  async finished(): Promise<void> {
    if (this.size > 0 && !this.#abandoned) await new Promise<void>((resolve) => this.#none.push(resolve));
  }

  /** Call this when a message has left or waits for its next attempt. */
  #wakeIdle(): void {
    if (this.size === 0 && this.#none.length > 0) for (const wake of this.#none.splice(0)) wake();
    if (this.#running > 0) return;
    this.#work.settler.hurry();
    this.#work.checkpointer?.hurry();
    if (this.#idle.length > 0) for (const wake of this.#idle.splice(0)) wake();
  }
}

/** The abort reason of `delivery.signal`. The last error of the hold is in its text and its `cause`. */
function holdLost(cause: unknown): Error {
  if (cause === undefined) return new Error(HOLD_LOST);
  return new Error(isMessagingError(cause) ? `${HOLD_LOST}: ${cause.message}` : HOLD_LOST, { cause: copyOf(cause) });
}
