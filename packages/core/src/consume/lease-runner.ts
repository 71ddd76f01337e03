import type { Delivery, Fault, Lease, Runtime, Settlement } from "../driver.ts";
import { fromFault, isMessagingError } from "../errors.ts";
import { Checkpointer } from "./checkpointer.ts";
import type { LeaseHost } from "./group-context.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Held } from "./held.ts";
import { HeldList } from "./held-list.ts";
import { Lanes } from "./lanes.ts";
import { Poller } from "./poller.ts";
import { Settler } from "./settler.ts";

/** On a log: records from the low-water mark on that may be held, per message in flight. Bounds what one stuck record can pin. */
const WINDOW = 10;
const HOLD_LOST = "the hold on this delivery is lost or about to be; it may be delivered again";

/** Everything held under one lease: receives it, keeps it in order, keeps its holds, settles it. */
export class LeaseRunner {
  readonly lease: Lease;
  readonly host: LeaseHost;
  /** Settled by checkpoint: a log. Nothing can be given back to it. */
  readonly log: boolean;
  /** Resolves once no receive is under way and nothing new will be dispatched: at the end, at a loss, at a fault. */
  readonly over: Promise<{ readonly cause: unknown; readonly fault: Fault } | undefined>;
  readonly #poller: Poller;
  readonly #heartbeat: Heartbeat;
  readonly #settler: Settler;
  readonly #checkpointer: Checkpointer;
  readonly #lanes = new Lanes();
  readonly #held = new HeldList();
  #running = 0;
  #quiesced = false;
  /** One record at a time, each checkpointed before the next is read: on a log until its first record shows that no holder died of it. */
  #careful: boolean;
  #end!: (why?: { readonly cause: unknown; readonly fault: Fault }) => void;
  #empty: (() => void)[] = [];
  #none: (() => void)[] = [];

  constructor(lease: Lease, host: LeaseHost) {
    this.lease = lease;
    this.host = host;
    this.log = host.capabilities.settleResult === "checkpoint";
    this.#careful = this.log;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { runtime, connection, plan } = host.context;
    const classify = connection.classify.bind(connection);
    const common = { lease, runtime, classify, expecting: () => this.#running > 0 };
    const done = (held: Held, lost: boolean, cause?: unknown) => this.#settled(held, lost, cause);
    this.#poller = new Poller(this);
    this.#settler = new Settler({ ...common, batch: host.capabilities.maxBatch.count, done });
    this.#checkpointer = new Checkpointer({
      ...common,
      done,
      fenced: (cause) => this.broken(cause, classify(cause, "settle")),
      stored: () => this.#poller.windowMoved(),
    });
    this.#heartbeat = new Heartbeat({
      lease,
      runtime,
      classify,
      holdMs: plan.holdMs,
      batch: host.capabilities.maxBatch.count,
      held: this.#held,
      lose: (held, cause) => this.#lose(held, cause),
    });
    lease.lost.addEventListener("abort", () => this.forget(), { once: true });
  }

  get runtime(): Runtime {
    return this.host.context.runtime;
  }

  get fencingToken(): number | undefined {
    return this.lease.fencingToken;
  }

  start(): void {
    this.#poller.start();
  }

  /** What fails now is not tried again here. */
  get ending(): boolean {
    return this.#quiesced || this.host.stopping;
  }

  windowRoom(): number {
    if (!this.log) return Number.POSITIVE_INFINITY;
    if (this.#careful) return this.#held.size === 0 && this.#checkpointer.clear ? 1 : 0;
    return Math.max(this.host.context.plan.maxInFlight * WINDOW, 1) - this.#checkpointer.size;
  }

  arrive(deliveries: readonly Delivery[]): void {
    const { context, capabilities } = this.host;
    const keyed = context.plan.from.ordered && capabilities.ordering !== "none";
    const unwanted = this.ending || this.lease.lost.aborted;
    const arrived: Held[] = [];
    const startable: Held[] = keyed ? [] : arrived;
    const behind: Held[] = [];
    for (const delivery of deliveries) {
      const lane = !keyed ? undefined : capabilities.ordering === "partition" ? "" : delivery.message.key;
      const known = context.attempts.get(delivery.id);
      const held = new Held(delivery, this, lane, known === undefined ? 0 : known.attempts);
      if (known !== undefined) held.firstFailedAt = known.firstAt;
      this.#held.add(held);
      context.budget.fill(held.bytes);
      if (this.log) this.#track(held);
      arrived.push(held);
      if (!keyed || unwanted) continue;
      if (lane !== undefined && this.#lanes.behind(lane, held)) behind.push(held);
      else if (lane === undefined || this.#lanes.add(lane, held)) startable.push(held);
    }
    if (unwanted) return this.#refuse(arrived);
    this.#heartbeat.watch(arrived);
    for (const held of behind) this.release(held, "order");
    // Only now: a handler that ends at once would empty the lease and fill it again, message by message.
    for (const held of startable) if (held.state === "ready") this.host.enqueue(held);
  }

  #refuse(arrived: readonly Held[]): void {
    for (const held of arrived) {
      if (held.state !== "ready") continue;
      if (this.lease.lost.aborted) this.#drop(held);
      else this.release(held, "stop");
    }
  }

  /** Nothing can be settled on it any more; its handler, if one ran, has ended. */
  leave(held: Held): void {
    this.#leave(held);
  }

  /** A handler, or a batch with this one in it, takes it. */
  begin(held: Held): void {
    held.state = "running";
    this.#running++;
  }

  /** Its handler has ended; a verdict follows. */
  end(held: Held): void {
    this.#running--;
    if (held.state === "running") held.state = "ready";
  }

  ack(held: Held): void {
    if (held.state === "lost") return this.#leave(held);
    this.host.context.attempts.forget(held.delivery.id);
    if (this.log) {
      held.state = "settling";
      this.#checkpointer.ack(held);
      this.#poller.windowMoved();
    } else {
      this.#settler.add(held, { receipt: held.delivery.receipt, action: "ack" });
    }
    this.#leave(held);
  }

  /** Can the broker hold it back that long? */
  canReturn(held: Held, delayMs: number): boolean {
    if (this.log || delayMs > this.host.capabilities.retryDelayMs) return false;
    const last = held.delivery.lastDeadline;
    return last === undefined || this.runtime.monotonic() + delayMs < last;
  }

  /** Can this process hold it that long? */
  canKeep(held: Held, delayMs: number): boolean {
    if (held.deadline === undefined) return true;
    const last = this.lease.extend === undefined ? held.deadline : held.delivery.lastDeadline;
    return last === undefined || this.runtime.monotonic() + delayMs + this.#heartbeat.margin < last;
  }

  /** The next attempt comes here, after the delay; meanwhile it stays the head of its lane. */
  wait(held: Held, delayMs: number): void {
    held.state = "waiting";
    held.dueAt = this.runtime.monotonic() + delayMs;
    held.wait = this.runtime.timer(delayMs, () => {
      held.wait = undefined;
      held.state = "ready";
      this.host.enqueue(held);
    });
    this.#wakeIdle();
    if (this.host.context.budget.full) this.host.full();
  }

  /** A failed attempt goes back to the broker, and what is held behind it of its key goes back too. */
  giveBack(held: Held, delayMs: number, attempt: number): void {
    this.#unwait(held);
    this.#remember(held, attempt);
    this.#goBack(held, {
      receipt: held.delivery.receipt,
      action: "retry",
      delayMs: Math.max(delayMs, 0),
      attempt,
    });
  }

  /** Nobody's fault: back at once. On a log there is nowhere to give it back to: it stays unsettled. */
  release(held: Held, reason: "stop" | "asked" | "order" | "budget"): void {
    if (held.state === "lost") return this.#leave(held);
    this.#unwait(held);
    if (held.failures > 0) this.#remember(held, held.attempt - 1);
    this.host.context.emit({
      type: "released",
      level: "info",
      reason,
      id: held.opened?.id ?? held.delivery.id,
      lease: this.lease.id,
    });
    if (this.log) {
      this.#releaseBehind(held);
      this.#drop(held);
      return;
    }
    this.#goBack(held, { receipt: held.delivery.receipt, action: "release" });
  }

  #goBack(held: Held, settlement: Settlement): void {
    if (held.lane !== undefined) this.#lanes.returning(held.lane, held);
    this.#releaseBehind(held);
    this.#settler.add(held, settlement);
    this.#leave(held);
  }

  /** The longest-waiting ones that the broker could hold back instead. */
  waiting(): Held[] {
    return [...this.#held].filter((held) => held.state === "waiting");
  }

  /** No new receive; what is not yet running goes back. Resolves when the receives under way have ended. */
  async quiesce(): Promise<void> {
    this.#quiesced = true;
    this.#poller.stop();
    this.#settler.lingerNoMore();
    this.#releaseUnstarted();
    await this.#poller.stopped();
    this.#releaseUnstarted();
    this.#end();
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#empty.push(resolve));
  }

  /** Resolves when everything held has been handled, retries included. */
  async finished(): Promise<void> {
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#none.push(resolve));
  }

  /** Nothing that was handed out is left to come again. */
  get settledAll(): boolean {
    return this.#held.size === 0 && (this.log ? this.#checkpointer.size === 0 : true);
  }

  async flush(): Promise<void> {
    await (this.log ? this.#checkpointer.flush() : this.#settler.flush());
  }

  /** Aborts what still runs; returns how many those are. */
  abandon(reason: Error): number {
    let count = 0;
    for (const held of this.#held) {
      if (held.state !== "running") continue;
      count++;
      held.state = "lost";
      // No longer kept by heartbeats: its handler may never end, and the message would never come again.
      held.abort(reason);
    }
    // Nothing waits for them any more: what is settled can be stored, and the lease handed over.
    for (const wake of [...this.#empty.splice(0), ...this.#none.splice(0)]) wake();
    return count;
  }

  async close(reason: "drained" | "stopping", signal: AbortSignal): Promise<void> {
    this.forget();
    if (!this.lease.lost.aborted) await this.lease.release(reason, signal);
  }

  /** The right to read has ended: what is held is settled, then the lease is released. */
  ended(): void {
    this.#poller.stop();
    this.#end();
  }

  broken(cause: unknown, fault: Fault): void {
    this.#poller.stop();
    this.#end({ cause, fault });
  }

  /** Nothing can be settled any more: what is held will come again, to whoever holds the lease next. */
  forget(): void {
    this.#poller.stop();
    const idle: Held[] = [];
    for (const held of this.#held) {
      if (held.state !== "running" && held.state !== "lost") idle.push(held);
      held.abort(new Error(HOLD_LOST));
      held.state = "lost";
    }
    // Only now: one that leaves makes way for the next of its key, which must not start any more.
    for (const held of idle) this.#drop(held);
    this.#settler.abandon();
    this.#heartbeat.close();
    this.#checkpointer.close();
    this.#end();
  }

  /** Dispatch is over for it: frees its place in the budget and in its lane. A loss may have come before. */
  #leave(held: Held): void {
    if (!this.#held.delete(held)) return;
    if (this.#held.size === 0) {
      this.#poller.windowMoved();
      this.#heartbeat.rest();
    }
    this.host.context.budget.leave(held.bytes);
    if (held.lane !== undefined) {
      const head = this.#lanes.remove(held.lane, held);
      if (head?.state === "ready") this.host.enqueue(head);
    }
    if (this.#held.size === 0) for (const wake of this.#none.splice(0)) wake();
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    if (this.#running > 0) return;
    this.#settler.hurry();
    this.#checkpointer.hurry();
    for (const wake of this.#empty.splice(0)) wake();
  }

  /** Raw errors quote hosts and addresses: events are for anybody. */
  #readable(cause: unknown, during: "settle" | "extend"): unknown {
    if (cause === undefined || isMessagingError(cause)) return cause;
    const { connection, plan, channel } = this.host.context;
    const about = { channel: channel.channel, group: plan.group };
    return fromFault(connection.classify(cause, during), `${during} on "${plan.from.name}"`, cause, about);
  }

  #remember(held: Held, attempts: number): void {
    const firstAt = held.firstFailedAt ?? this.runtime.now();
    this.host.context.attempts.failed(held.delivery.id, { attempts, firstAt });
  }

  #settled(held: Held, lost: boolean, cause?: unknown): void {
    if (held.state === "settling") held.state = "done";
    if (held.lane !== undefined) this.#lanes.returned(held.lane, held);
    if (lost)
      this.host.context.emit({
        type: "lost",
        level: "warn",
        during: "settling",
        id: held.opened?.id ?? held.delivery.id,
        error: this.#readable(cause, "settle"),
        lease: this.lease.id,
      });
  }

  #track(held: Held): void {
    this.#checkpointer.track(held);
    // Earlier tenures of this record ended without progress: it may be what ended them (seam rule 8).
    if ((held.delivery.attempt ?? 1) > 1) this.#careful = true;
    else if (this.#careful && this.#checkpointer.size === 1) this.#careful = false;
  }

  #unwait(held: Held): void {
    held.wait?.[Symbol.dispose]();
    held.wait = undefined;
  }

  #releaseBehind(held: Held): void {
    if (held.lane === undefined) return;
    for (const later of this.#lanes.cutBehind(held.lane, held)) this.release(later, "order");
  }

  #releaseUnstarted(): void {
    const now = this.runtime.monotonic();
    for (const held of [...this.#held]) {
      if (!this.#held.has(held)) continue;
      if (held.state === "waiting" && this.canReturn(held, held.dueAt - now))
        this.giveBack(held, held.dueAt - now, held.attempt - 1);
      else if (held.state === "waiting" || held.state === "ready") this.release(held, "stop");
    }
  }

  /** Forgotten here: it is unsettled, and will come again. */
  #drop(held: Held): void {
    this.#unwait(held);
    if (held.state !== "running") held.state = "lost";
    if (held.failures > 0) this.#remember(held, held.attempt - 1);
    this.#leave(held);
  }

  #lose(held: Held, cause?: unknown): void {
    if (held.state === "settling" || held.state === "done" || held.state === "lost") return;
    this.host.context.emit({
      type: "lost",
      level: "warn",
      during: "handling",
      id: held.opened?.id ?? held.delivery.id,
      error: this.#readable(cause, "extend"),
      lease: this.lease.id,
    });
    this.#releaseBehind(held);
    held.abort(new Error(HOLD_LOST));
    const running = held.state === "running";
    held.state = "lost";
    // A handler that still runs keeps its place: nothing of its key may start beside it.
    if (!running) this.#drop(held);
  }
}
