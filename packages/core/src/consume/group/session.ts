import { STOPPED } from "../../base/stopped.ts";
import type { Capabilities, Fault, Lease, ReceiverDriver } from "../../driver/index.ts";
import type { HandlerPool } from "./handler-pool.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { LeaseHost, LeaseRoom } from "../lease/lease-work.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { type LeaseParts, LeaseRunner } from "../lease/lease-runner.ts";
import type { Window } from "../lease/window.ts";
import { within } from "../../runtime/within.ts";

/** The longest wait of a receive, in milliseconds: the most SQS allows [AWS API reference, ReceiveMessage]. */
const LONGEST_POLL_MS = 20_000;
/** The longest wait of a receive, in milliseconds, if there are more leases than places in the budget and they take turns. */
const CROWDED_POLL_MS = 250;
/** Milliseconds within which every lease then has its turn. */
const CROWDED_ROUND_MS = 500;
/** The shortest wait of a receive, in milliseconds: a shorter poll looks like a driver that does not wait. */
const SHORTEST_POLL_MS = 25;

/** A receive without an answer this many milliseconds after its wait is over never gets one: clients time out before. */
const STUCK_MS = 120_000;

/** Milliseconds for releasing a lease. The release only speeds up the takeover; the lease would expire anyway. */
const RELEASE_MS = 5_000;

/** Why a session ended; undefined if it was asked to. */
export type Failure = { readonly cause: unknown; readonly fault: Fault } | undefined;

/** One open receiver and its leases, until it fails or is stopped. */
export class Session implements LeaseHost {
  readonly context: GroupContext;
  readonly capabilities: Capabilities;
  readonly window: Window;
  readonly #parts: LeaseParts;
  readonly #receiver: ReceiverDriver;
  readonly #pool: HandlerPool;
  readonly #drainMs: number;
  readonly #runners = new Set<LeaseRunner>();
  readonly #leases = new AbortController();
  /** Made when first awaited. */
  #forgotten: AbortController | undefined;
  #failure: Failure;

  constructor(
    context: GroupContext,
    parts: LeaseParts,
    receiver: ReceiverDriver,
    pool: HandlerPool,
    drainMs: number,
    window: Window,
  ) {
    this.context = context;
    this.#parts = parts;
    this.capabilities = receiver.capabilities;
    this.#receiver = receiver;
    this.#pool = pool;
    this.#drainMs = drainMs;
    this.window = window;
    // In variables first (docs/v8.md#functions-in-properties).
    const limit = (most: number, late: boolean) => this.#limit(most, late);
    window.onChange = limit;
    const opened = () => this.#breakerOpened();
    if (context.gate !== undefined) context.gate.onOpen = opened;
  }

  /** Ends receives in flight, and gives back what no handler will start for a while, if that costs no attempt. */
  #breakerOpened(): void {
    const gives = this.capabilities.releaseWithoutPenalty && !this.capabilities.groupMembership.startsWith("lease");
    for (const runner of this.#runners) {
      runner.interrupt();
      // A broker that pushes would deliver it here again at once.
      if (gives && runner.window === undefined) runner.messages.releaseIdle();
    }
  }

  get stopping(): boolean {
    return this.#pool.stopping || this.#leases.signal.aborted;
  }

  get leases(): ReadonlySet<LeaseRunner> {
    return this.#runners;
  }

  enqueue(message: HeldMessage): void {
    this.#pool.enqueue(message);
  }

  gathered(): void {
    this.#pool.gathered();
  }

  share(): number {
    // Rounded down, so that the shares never add up to more than the budget.
    return Math.max(Math.floor(this.context.plan.maxInFlight / Math.max(this.#runners.size, 1)), 1);
  }

  gaveBack(): void {
    this.#pool.released++;
  }

  waitMs(): number {
    const { maxInFlight } = this.context.plan;
    const { size } = this.#runners;
    const longest = Math.min(LONGEST_POLL_MS, Math.max(Math.floor(this.#drainMs / 3), 0));
    if (size <= maxInFlight) return longest;
    const turn = Math.floor((CROWDED_ROUND_MS * maxInFlight) / size);
    return Math.min(longest, CROWDED_POLL_MS, Math.max(turn, SHORTEST_POLL_MS));
  }

  /** True if a receive has had no answer for so long that the driver is stuck. */
  stuck(now: number): boolean {
    for (const runner of this.#runners) if (runner.overdueMs(now) > STUCK_MS) return true;
    return false;
  }

  makeRoom(of: LeaseRoom): void {
    if (this.#runners.size < 2 || this.context.budget.full) return;
    const share = this.share();
    if (of.placesTaken >= share) return;
    const waitMs = this.waitMs();
    for (const runner of this.#runners) if (runner !== of && runner.holdsRoom(share, waitMs)) runner.interrupt();
  }

  full(): void {
    // Handlers are idle while messages in retry back-off occupy the budget: return the one with the longest wait to the broker.
    if (!this.#pool.starved) return;
    const now = this.context.runtime.monotonic();
    let longest: HeldMessage | undefined;
    for (const runner of this.#runners) {
      for (const message of runner.messages) {
        if (message.dueAt <= now) continue; // its turn has come
        // Without its keys or its store, no message of the channel can be read: nothing more is to be received.
        if (message.body !== undefined && message.body.tries > 0 && !message.body.own) continue;
        if (message.state !== "waiting" || (longest !== undefined && message.dueAt <= longest.dueAt)) continue;
        if (this.#mayReturn(message) && runner.messages.canReturn(message, message.dueAt - now)) longest = message;
      }
    }
    if (longest !== undefined) longest.lease.postpone(longest, longest.dueAt - now, "room");
  }

  /** Where the broker counts each return, half of its own limit of deliveries is left to attempts and crashes. */
  #mayReturn({ delivery }: HeldMessage): boolean {
    if (this.capabilities.releaseWithoutPenalty) return true;
    const { nativeAttempts = Number.POSITIVE_INFINITY } = this.context.plan.from;
    return (delivery.attempt ?? 1) < nativeAttempts / 2;
  }

  #limit(most: number, late: boolean): void {
    const each = Math.max(1, Math.floor(most / Math.max(this.#runners.size, 1)));
    for (const runner of this.#runners) {
      runner.lease.limit?.(each);
      if (late) runner.messages.shed(each);
    }
  }

  /** Resolves when the receiver offers no more leases and every lease has ended. */
  async run(): Promise<Failure> {
    const over: Promise<void>[] = [];
    try {
      for await (const lease of this.#receiver.leases(this.#leases.signal)) over.push(this.#runLease(lease));
    } catch (cause) {
      if (!this.#leases.signal.aborted)
        this.#fail({ cause, fault: this.context.connection.classify(cause, "receive") });
    }
    await Promise.all(over);
    return this.#failure;
  }

  /** Takes no new lease, receives nothing more and returns unstarted messages to the broker. */
  async quiesce(): Promise<void> {
    this.#leases.abort(STOPPED);
    await Promise.all([...this.#runners].map((runner) => runner.quiesce()));
  }

  /** Closes the receiver, which ends running receives. */
  async cut(): Promise<void> {
    this.#leases.abort(STOPPED);
    await this.#receiver.close();
  }

  abandon(reason: Error): number {
    let count = 0;
    for (const runner of this.#runners) count += runner.abandon(reason);
    return count;
  }

  /** Sends all pending settlements and checkpoints. */
  async flush(): Promise<void> {
    await Promise.all([...this.#runners].map((runner) => runner.flush()));
  }

  /** Abandons all remaining work and ends its timers. */
  forget(): void {
    this.#forgotten?.abort();
    for (const runner of this.#runners) runner.forget();
  }

  async #runLease(lease: Lease): Promise<void> {
    const { runtime } = this.context;
    const runner = new LeaseRunner(lease, this, this.#parts);
    this.#runners.add(runner);
    this.context.probe?.lease("gained");
    // A lease that arrives after the stop is released unread.
    if (this.stopping) void runner.quiesce();
    else runner.start();
    const failure = await runner.over;
    if (failure !== undefined) this.#fail(failure);
    // At the end of a shard, or when another worker asked for it, the held messages are handled first. After a fault the old
    // handlers may run on, but must not delay the reopening of the receiver.
    if (failure === undefined) await (this.stopping ? runner.messages.idle() : runner.messages.finished());
    else await this.#giveTime(runner.messages.idle());
    const flushed = runner.flush().catch(() => undefined);
    await (failure === undefined ? flushed : this.#giveTime(flushed));
    const drained = failure === undefined && runner.settledAll;
    const limit = new AbortController();
    const timer = runtime.timer(RELEASE_MS, () => limit.abort());
    await runner.close(drained ? "drained" : "stopping", limit.signal).catch(() => undefined);
    timer[Symbol.dispose]();
    this.#runners.delete(runner);
    this.context.probe?.lease(lease.lost.aborted ? "lost" : "ended");
  }

  /** Waits for the remaining work of a failed lease, at most as long as a drain. */
  async #giveTime(work: Promise<void>): Promise<void> {
    await within(this.context.runtime, this.#drainMs, work, (this.#forgotten ??= new AbortController()).signal);
  }

  #fail(failure: NonNullable<Failure>): void {
    if (this.#failure !== undefined || this.#leases.signal.aborted) return;
    this.#failure = failure;
    this.#leases.abort(STOPPED);
    for (const runner of this.#runners) void runner.quiesce();
  }
}
