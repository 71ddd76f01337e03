import type { Delivery, Fault, Lease, Phase, Runtime } from "../../driver/index.ts";
import { Checkpointer } from "./checkpoint.ts";
import { refuse, release, releaseUnstarted } from "./give-back.ts";
import type { LeaseHost } from "./ports.ts";
import { Heartbeat } from "./extend.ts";
import { Held } from "./held-message.ts";
import { Holdings } from "./held-messages.ts";
import { loseAll, mended } from "./losses.ts";
import { Poller } from "./receive-loops.ts";
import { Settler } from "./settle.ts";
import type { Window } from "./window.ts";

/** On a log: records from the low-water mark on that may be held, per message in flight. Bounds what one stuck record can pin. */
const WINDOW = 10;

/** A class: the engine learns where literals are made, and puts those that lived long once where they are collected late. */
class Ack {
  readonly receipt: unknown;
  readonly action = "ack";

  constructor(receipt: unknown) {
    this.receipt = receipt;
  }
}

/** Everything held under one lease: receives it, keeps it in order, keeps its holds, settles it. */
export class LeaseRunner {
  readonly lease: Lease;
  readonly host: LeaseHost;
  /** Settled by checkpoint: a log. Nothing can be given back to it. */
  readonly log: boolean;
  /** Resolves once no receive is under way and nothing new will be dispatched: at the end, at a loss, at a fault. */
  readonly over: Promise<{ readonly cause: unknown; readonly fault: Fault } | undefined>;
  readonly holdings = new Holdings(this);
  readonly heartbeat: Heartbeat;
  readonly settler: Settler;
  readonly #poller: Poller;
  readonly #checkpointer: Checkpointer | undefined;
  /** Absent unless the broker pushes: nothing is measured then. */
  readonly #window: Window | undefined;
  #quiesced = false;
  /** One record at a time, each checkpointed before the next is read: on a log until its first record shows that no holder died of it. */
  #careful: boolean;
  #end!: (why?: { readonly cause: unknown; readonly fault: Fault }) => void;

  constructor(lease: Lease, host: LeaseHost) {
    this.lease = lease;
    this.host = host;
    this.log = host.capabilities.settleResult === "checkpoint";
    this.#careful = this.log;
    this.#window = lease.limit === undefined ? undefined : host.window;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#poller = new Poller(this);
    this.settler = new Settler(this);
    this.#checkpointer = this.log ? new Checkpointer(this) : undefined;
    this.heartbeat = new Heartbeat(this);
    lease.lost.addEventListener("abort", () => this.forget(), { once: true });
  }

  get runtime(): Runtime {
    return this.host.context.runtime;
  }

  get fencingToken(): number | undefined {
    return this.lease.fencingToken;
  }

  /** The most one call of its driver may carry. */
  get batch(): number {
    return this.host.capabilities.maxBatch.count;
  }

  /** More settlements may come soon: handlers run. */
  get expecting(): boolean {
    return this.holdings.running > 0;
  }

  classify(cause: unknown, during: Phase): Fault {
    return this.host.context.connection.classify(cause, during);
  }

  start(): void {
    this.#poller.start();
  }

  /** What fails now is not tried again here. */
  get ending(): boolean {
    return this.#quiesced || this.host.stopping;
  }

  /** Places in the budget: of what is held, and reserved by the receives under way. */
  get placesTaken(): number {
    return this.holdings.size + this.#poller.reserved;
  }

  /** Its receives hold room that another lease may want: more than its share, or for longer than they would now. */
  holdsRoom(share: number, waitMs: number): boolean {
    const { reserved } = this.#poller;
    return reserved > 0 && (reserved + this.holdings.size > share || this.#poller.waitMs > waitMs);
  }

  /** Its receives under way end early, and begin again with its share. */
  interrupt(): void {
    this.#poller.interrupt();
  }

  windowRoom(): number {
    if (this.#checkpointer === undefined) return Number.POSITIVE_INFINITY;
    if (this.#careful) return this.holdings.size === 0 && this.#checkpointer.clear ? 1 : 0;
    return Math.max(this.host.context.plan.maxInFlight * WINDOW, 1) - this.#checkpointer.size;
  }

  arrive(deliveries: readonly Delivery[]): void {
    const { context, capabilities } = this.host;
    const keyed = context.plan.from.ordered && capabilities.ordering !== "none";
    const unwanted = this.ending || this.lease.lost.aborted;
    const tooLate = this.lease.extend === undefined && !this.log ? this.heartbeat.measure(deliveries) : 0;
    // Of the right size at once: a list that grows is copied.
    const arrived = new Array<Held>(deliveries.length);
    const startable: Held[] = keyed ? [] : arrived;
    const behind: Held[] = [];
    for (let i = 0; i < deliveries.length; i++) {
      const delivery = deliveries[i] as Delivery;
      const known = delivery.unique === false ? undefined : context.attempts.get(delivery.id);
      let held: Held;
      try {
        const lane = !keyed ? undefined : capabilities.ordering === "partition" ? "" : delivery.message.key;
        held = new Held(delivery, this, lane, known === undefined ? 0 : known.attempts);
      } catch (cause) {
        context.budget.unreserve(deliveries.length - i);
        throw cause;
      }
      if (known !== undefined) held.firstFailedAt = known.firstAt;
      this.holdings.add(held);
      context.budget.fill(held.bytes);
      if (this.#checkpointer !== undefined) this.#track(this.#checkpointer, held);
      arrived[i] = held;
      if (unwanted) continue;
      if (held.deadline !== undefined && held.deadline <= tooLate) {
        release(held, "hold");
        continue;
      }
      if (!keyed) continue;
      if (this.holdings.followsReturned(held)) behind.push(held);
      else if (this.holdings.lineUp(held)) startable.push(held);
    }
    if (this.#window !== undefined) this.#window.arrived(arrived.length, bytesOf(arrived), this.heartbeat.fixedMs);
    if (unwanted) return refuse(arrived);
    for (const held of behind) release(held, "order");
    // Only now: a handler that ends at once would empty the lease and fill it again, message by message.
    for (const held of startable) if (held.state === "ready") this.host.enqueue(held);
    if (keyed && startable.length + behind.length < deliveries.length) this.host.gathered();
    // What is handled by now needs no timer.
    if (this.holdings.size > 0) this.heartbeat.watch(arrived);
    // A list may have been made where it is collected late.
    arrived.length = 0;
  }

  /** A handler, or a batch with this one in it, takes it. */
  begin(held: Held): void {
    held.state = "running";
    this.holdings.begin();
    if (this.#window !== undefined) this.#window.began(held);
  }

  /** Its handler has ended; a verdict follows. */
  end(held: Held): void {
    this.holdings.end();
    if (this.#window !== undefined) this.#window.ended(held);
    if (held.state === "running") held.state = "ready";
  }

  ack(held: Held): void {
    if (held.state === "lost") return this.leave(held);
    if (held.delivery.unique !== false) this.host.context.attempts.forget(held.delivery.id);
    if (this.#checkpointer !== undefined) {
      held.state = "settling";
      this.#checkpointer.ack(held);
      this.#poller.windowMoved();
    } else {
      this.settler.add(held, new Ack(held.delivery.receipt));
    }
    this.leave(held);
  }

  /** Dispatch is over for it: frees its place in the budget and in its lane. A loss may have come before. */
  leave(held: Held): void {
    if (!this.holdings.remove(held)) return;
    this.host.context.budget.leave(held.bytes);
    const head = this.holdings.leaveLane(held);
    if (head?.state === "ready") this.host.enqueue(head);
    this.holdings.wakeIdle();
  }

  /** On a log there may be room again. */
  windowMoved(): void {
    this.#poller.windowMoved();
  }

  /** Of {@link Holdings}. */
  emptied(): void {
    this.#poller.windowMoved();
    this.heartbeat.rest();
  }

  /** Of {@link Holdings}. */
  rested(): void {
    this.settler.hurry();
    this.#checkpointer?.hurry();
  }

  /** A hold has ended before the handler did, or before a handler was free for it. */
  overrun(): void {
    this.#window?.overrun();
  }

  /** Gives back what is held beyond `most` and waits for a handler, newest first: no handler would get to it in time. */
  shed(most: number): void {
    let surplus = this.holdings.size - most;
    for (const held of [...this.holdings].reverse()) {
      if (surplus <= 0) return;
      // Of a key, everything behind it would have to go back as well.
      if (held.state !== "ready" || held.lane !== undefined) continue;
      release(held, "hold");
      surplus--;
    }
  }

  /** No new receive; what is not yet running goes back. Resolves when the receives under way have ended. */
  async quiesce(): Promise<void> {
    this.#quiesced = true;
    this.#poller.stop();
    this.settler.lingerNoMore();
    releaseUnstarted(this);
    await this.#poller.stopped();
    releaseUnstarted(this);
    this.#end();
  }

  /** Nothing that was handed out is left to come again. */
  get settledAll(): boolean {
    return this.holdings.size === 0 && (this.#checkpointer?.size ?? 0) === 0;
  }

  async flush(): Promise<void> {
    await (this.#checkpointer ?? this.settler).flush();
  }

  /** Aborts what still runs; returns how many those are. */
  abandon(reason: Error): number {
    let count = 0;
    for (const held of this.holdings) {
      if (held.state !== "running") continue;
      count++;
      held.state = "lost";
      // No longer kept by heartbeats: its handler may never end, and the message would never come again.
      held.abort(reason);
    }
    // Nothing waits for them any more: what is settled can be stored, and the lease handed over.
    this.holdings.wakeAll();
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
    loseAll(this);
    this.settler.abandon();
    this.heartbeat.close();
    mended(this, "receive");
    this.#checkpointer?.close();
    this.#end();
  }

  #track(checkpointer: Checkpointer, held: Held): void {
    checkpointer.track(held);
    // Earlier tenures of this record ended without progress: it may be what ended them (driver rule 8).
    if ((held.delivery.attempt ?? 1) > 1) this.#careful = true;
    else if (this.#careful && checkpointer.size === 1) this.#careful = false;
  }
}

function bytesOf(arrived: readonly Held[]): number {
  let bytes = 0;
  for (const held of arrived) bytes += held.bytes;
  return bytes;
}
