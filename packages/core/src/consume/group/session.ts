import type { Capabilities, Fault, Lease, ReceiverDriver } from "../../driver/index.ts";
import type { HandlerPool } from "./handler-pool.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { LeaseHost, LeaseRoom } from "../lease/lease-work.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { LeaseRunner } from "../lease/lease-runner.ts";
import type { Window } from "../lease/window.ts";
import { within } from "../../runtime/within.ts";

/** The longest a receive waits; the longest SQS allows [AWS API reference, ReceiveMessage]. */
const LONGEST_POLL_MS = 20_000;
/** With more leases than places in the budget, they take turns: an idle one must not hold its place longer than this. */
const CROWDED_POLL_MS = 250;
/** And every lease has its turn within this. */
const CROWDED_ROUND_MS = 500;
/** Shorter polls are taken for a driver that does not wait. */
const SHORTEST_POLL_MS = 25;

/** Giving a lease up is a courtesy to the next holder; it would expire anyway. */
const RELEASE_MS = 5_000;

/** Why a session ended; undefined: it was asked to. */
export type Failure = { readonly cause: unknown; readonly fault: Fault } | undefined;

/** One opened receiver and the leases it gives, until it fails or is stopped. */
export class Session implements LeaseHost {
  readonly context: GroupContext;
  readonly capabilities: Capabilities;
  readonly window: Window;
  readonly #receiver: ReceiverDriver;
  readonly #pool: HandlerPool;
  readonly #drainMs: number;
  readonly #runners = new Set<LeaseRunner>();
  readonly #leases = new AbortController();
  /** Made when first awaited. */
  #forgotten: AbortController | undefined;
  #failure: Failure;

  constructor(context: GroupContext, receiver: ReceiverDriver, pool: HandlerPool, drainMs: number, window: Window) {
    this.context = context;
    this.capabilities = receiver.capabilities;
    this.#receiver = receiver;
    this.#pool = pool;
    this.#drainMs = drainMs;
    this.window = window;
    window.onChange = (most, late) => this.#limit(most, late);
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
    // Rounded down: were the shares together more than there is, the last lease would have none.
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

  makeRoom(of: LeaseRoom): void {
    if (this.#runners.size < 2 || this.context.budget.full) return;
    const share = this.share();
    if (of.placesTaken >= share) return;
    const waitMs = this.waitMs();
    for (const runner of this.#runners) if (runner !== of && runner.holdsRoom(share, waitMs)) runner.interrupt();
  }

  full(): void {
    // Places held by messages that only wait for their next attempt, while handlers are idle: the longest wait goes back.
    if (!this.#pool.starved) return;
    const now = this.context.runtime.monotonic();
    let longest: HeldMessage | undefined;
    for (const runner of this.#runners) {
      for (const message of runner.messages) {
        if (message.dueAt <= now) continue; // its turn has come
        if (message.state !== "waiting" || (longest !== undefined && message.dueAt <= longest.dueAt)) continue;
        if (runner.messages.canReturn(message, message.dueAt - now)) longest = message;
      }
    }
    if (longest !== undefined) longest.lease.giveBack(longest, longest.dueAt - now, longest.attempt - 1);
  }

  #limit(most: number, late: boolean): void {
    const each = Math.max(1, Math.floor(most / Math.max(this.#runners.size, 1)));
    for (const runner of this.#runners) {
      runner.lease.limit?.(each);
      if (late) runner.messages.shed(each);
    }
  }

  /** Resolves when the receiver has no more leases to give and every lease is over. */
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

  /** No new lease, no new receive; what is unstarted goes back. */
  async quiesce(): Promise<void> {
    this.#leases.abort();
    await Promise.all([...this.#runners].map((runner) => runner.quiesce()));
  }

  /** The only thing that cuts a running receive. */
  async cut(): Promise<void> {
    this.#leases.abort();
    await this.#receiver.close();
  }

  abandon(reason: Error): number {
    let count = 0;
    for (const runner of this.#runners) count += runner.abandon(reason);
    return count;
  }

  /** What is settled leaves, and checkpoints with it. */
  async flush(): Promise<void> {
    await Promise.all([...this.#runners].map((runner) => runner.flush()));
  }

  /** Whatever has not ended by now is left to itself: no timer of it remains. */
  forget(): void {
    this.#forgotten?.abort();
    for (const runner of this.#runners) runner.forget();
  }

  async #runLease(lease: Lease): Promise<void> {
    const { runtime } = this.context;
    const runner = new LeaseRunner(lease, this);
    this.#runners.add(runner);
    // A lease that comes after stop was asked for is given up unread.
    if (this.stopping) void runner.quiesce();
    else runner.start();
    const failure = await runner.over;
    if (failure !== undefined) this.#fail(failure);
    // The end of a shard, or another worker asked for it: what is held is handled first. After a fault the old handlers may
    // run on, but not keep the receiver from being opened again.
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
  }

  /** Waits for what is left of a lease that failed, but no longer than a drain. */
  async #giveTime(work: Promise<void>): Promise<void> {
    await within(this.context.runtime, this.#drainMs, work, (this.#forgotten ??= new AbortController()).signal);
  }

  #fail(failure: NonNullable<Failure>): void {
    if (this.#failure !== undefined || this.#leases.signal.aborted) return;
    this.#failure = failure;
    this.#leases.abort();
    for (const runner of this.#runners) void runner.quiesce();
  }
}
