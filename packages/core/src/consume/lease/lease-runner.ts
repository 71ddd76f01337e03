import type { Delivery, Fault, Lease, Phase, Runtime } from "../../driver/index.ts";
import type { Checkpointer } from "./checkpoint.ts";
import { Heartbeat } from "./extend.ts";
import { HeldMessage, PostponedMessage } from "./held-message.ts";
import { HeldMessages, type MessageParts } from "./held-messages.ts";
import type { Lanes } from "./lanes.ts";
import { cleared } from "./lease-troubles.ts";
import type { LeaseHost } from "./lease-work.ts";
import type { Receiving } from "./receive-loop.ts";
import { ReceiveLoops } from "./receive-loops.ts";
import { Settler } from "./settle.ts";
import type { Window } from "./window.ts";

/** On a log: how many records past the low-water mark may be read, per message in flight. Bounds what one stuck record holds back. */
const WINDOW = 10;

/** What only some leases need, loaded by their group. */
export interface LeaseParts {
  /** Only of a log. */
  readonly Checkpointer?: typeof Checkpointer;
  /** Only of an ordered channel. */
  readonly Lanes?: typeof Lanes;
}

/**
 * Runs one lease. It owns the parts of the lease and takes in what is received; {@link HeldMessages} then owns each message's state.
 */
export class LeaseRunner implements Receiving, MessageParts {
  readonly lease: Lease;
  readonly host: LeaseHost;
  /** True for a log, which is settled by checkpoint. Nothing can be returned to it. */
  readonly log: boolean;
  /** Resolves once the lease has ended, was lost or has failed, and dispatches nothing more. With the fault, if there was one. */
  readonly over: Promise<{ readonly cause: unknown; readonly fault: Fault } | undefined>;
  readonly messages: HeldMessages = new HeldMessages(this);
  readonly heartbeat: Heartbeat;
  readonly settler: Settler;
  readonly checkpointer: Checkpointer | undefined;
  readonly Lanes: typeof Lanes | undefined;
  readonly window: Window | undefined;
  readonly #receives: ReceiveLoops;
  #quiesced = false;
  /**
   * Reads one record at a time, and checkpoints each before the next. A log starts so, until its first record is not one that
   * ended earlier tenures.
   */
  #careful: boolean;
  #end!: (why?: { readonly cause: unknown; readonly fault: Fault }) => void;

  constructor(lease: Lease, host: LeaseHost, { Checkpointer, Lanes }: LeaseParts) {
    this.lease = lease;
    this.host = host;
    this.Lanes = Lanes;
    this.log = host.capabilities.settleResult === "checkpoint";
    this.#careful = this.log;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#receives = new ReceiveLoops(this);
    this.settler = new Settler(this, this.messages);
    this.checkpointer = this.log ? new Checkpointer!(this, this.messages) : undefined;
    this.heartbeat = new Heartbeat(this, this.messages);
    this.window = lease.limit === undefined ? undefined : host.window;
    lease.lost.addEventListener("abort", () => this.forget(), { once: true });
  }

  get runtime(): Runtime {
    return this.host.context.runtime;
  }

  /** The driver's largest batch, in messages. */
  get batch(): number {
    return this.host.capabilities.maxBatch.count;
  }

  classify(cause: unknown, during: Phase): Fault {
    return this.host.context.connection.classify(cause, during);
  }

  start(): void {
    this.#receives.start();
  }

  /** True while the lease is being given up: failures are not retried here any more. */
  get ending(): boolean {
    return this.#quiesced || this.host.stopping;
  }

  /** Places in the budget taken by held messages and reserved by receives in flight. */
  get placesTaken(): number {
    return this.messages.size + this.#receives.reserved;
  }

  /** True if its receives in flight reserve more than `share`, or wait longer than `waitMs`. */
  holdsRoom(share: number, waitMs: number): boolean {
    const { reserved } = this.#receives;
    return reserved > 0 && (reserved + this.messages.size > share || this.#receives.waitMs > waitMs);
  }

  /** For how many milliseconds longer than it may, a receive has had no answer. */
  overdueMs(now: number): number {
    return this.#receives.overdueMs(now);
  }

  /** Ends its receives in flight early; they begin again with its share. */
  interrupt(): void {
    this.#receives.interrupt();
  }

  windowRoom(): number {
    if (this.checkpointer === undefined) return Number.POSITIVE_INFINITY;
    if (this.#careful) return this.messages.size === 0 && this.checkpointer.clear ? 1 : 0;
    return Math.max(this.host.context.plan.maxInFlight * WINDOW, 1) - this.checkpointer.size;
  }

  arrive(deliveries: readonly Delivery[]): void {
    const { context, capabilities } = this.host;
    const keyed = context.plan.from.ordered && capabilities.ordering !== "none";
    const unwanted = this.ending || this.lease.lost.aborted;
    // What is pushed is held until its event is answered, which is not timed here.
    const pushed = capabilities.delivery === "pushed";
    const tooLate = this.lease.extend === undefined && !this.log && !pushed ? this.heartbeat.measure(deliveries) : 0;
    // Allocated at its final length (docs/v8.md#outgrown-arrays).
    const arrived = new Array<HeldMessage>(deliveries.length);
    const startable: HeldMessage[] = keyed ? [] : arrived;
    const behind: HeldMessage[] = [];
    for (let i = 0; i < deliveries.length; i++) {
      const delivery = deliveries[i] as Delivery;
      const known = this.messages.known(delivery);
      let message: HeldMessage;
      try {
        const lane = !keyed ? undefined : capabilities.ordering === "partition" ? "" : delivery.message.key;
        message =
          known?.waits === undefined
            ? new HeldMessage(delivery, this.messages, lane, known === undefined ? 0 : known.attempts)
            : new PostponedMessage(delivery, this.messages, lane, known.attempts, known.waits);
      } catch (cause) {
        context.budget.unreserve(deliveries.length - i);
        throw cause;
      }
      if (known !== undefined) {
        message.firstFailedAt = known.firstAt;
        message.attempted = known.attempted === true;
      }
      this.messages.add(message);
      if (this.checkpointer !== undefined) this.#track(this.checkpointer, message);
      arrived[i] = message;
      if (unwanted) continue;
      if (message.deadline !== undefined && message.deadline <= tooLate) {
        this.messages.release(message, "hold");
        continue;
      }
      if (!keyed) continue;
      // What comes after one that goes back goes back too, even if the broker has had it: its hold may have ended with theirs.
      const follows = behind.length > 0 && goesBack(behind, message);
      if (follows || this.messages.followsReturned(message)) behind.push(message);
      else if (this.messages.lineUp(message)) startable.push(message);
    }
    if (this.window !== undefined) this.window.arrived(arrived.length, bytesOf(arrived), this.heartbeat.fixedMs);
    if (unwanted) return this.messages.refuse(arrived);
    for (const message of behind) this.messages.release(message, "order");
    // Started only after all were added: a synchronous handler would otherwise empty and refill the lease message by message.
    for (const message of startable) if (message.state === "ready") this.host.enqueue(message);
    if (keyed && startable.length + behind.length < deliveries.length) this.host.gathered();
    // Messages that are handled already need no timer.
    if (!pushed && this.messages.size > 0) this.heartbeat.watch(arrived);
    // It may be in the old generation (docs/v8.md#old-objects).
    arrived.length = 0;
  }

  overrun(): void {
    this.window?.overrun();
  }

  /** On a log: call this when the window may have room again. */
  windowMoved(): void {
    this.#receives.windowMoved();
  }

  /** Stops receiving and returns unstarted messages to the broker. Resolves when the receives in flight have ended. */
  async quiesce(): Promise<void> {
    this.#quiesced = true;
    this.#receives.stop();
    this.settler.lingerNoMore();
    this.messages.releaseUnstarted();
    await this.#receives.stopped();
    this.messages.releaseUnstarted();
    this.#end();
  }

  /** True if every message handed out is settled. */
  get settledAll(): boolean {
    return this.messages.size === 0 && (this.checkpointer?.size ?? 0) === 0;
  }

  async flush(): Promise<void> {
    await (this.checkpointer ?? this.settler).flush();
  }

  /** Aborts the running handlers and returns their number. */
  abandon(reason: Error): number {
    return this.messages.abandon(reason);
  }

  async close(reason: "drained" | "stopping", signal: AbortSignal): Promise<void> {
    this.forget();
    if (!this.lease.lost.aborted) await this.lease.release(reason, signal);
  }

  /** Call this when the right to read has ended. Held messages are settled, then the lease is released. */
  ended(): void {
    this.#receives.stop();
    this.#end();
  }

  broken(cause: unknown, fault: Fault): void {
    this.#receives.stop();
    this.#end({ cause, fault });
  }

  /** Drops everything held, since nothing can be settled any more. The next holder of the lease gets it again. */
  forget(): void {
    this.#receives.stop();
    this.messages.loseAll();
    this.settler.abandon();
    this.heartbeat.close();
    cleared(this, "receive");
    this.checkpointer?.close();
    this.#end();
  }

  #track(checkpointer: Checkpointer, message: HeldMessage): void {
    checkpointer.track(message);
    // Earlier tenures ended without getting past this record, so it may have ended them (driver rule 8).
    if ((message.delivery.attempt ?? 1) > 1) this.#careful = true;
    else if (this.#careful && checkpointer.size === 1) this.#careful = false;
  }
}

/** True if one of its key goes back. */
const goesBack = (behind: readonly HeldMessage[], { lane }: HeldMessage): boolean =>
  behind.some((other) => other.lane === lane);

function bytesOf(arrived: readonly HeldMessage[]): number {
  let bytes = 0;
  for (const message of arrived) bytes += message.bytes;
  return bytes;
}
