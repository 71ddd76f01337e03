import { reconnectMs } from "../backoff.ts";
import type { Delivery, Fault } from "../driver.ts";
import { fromFault } from "../errors.ts";
import type { LeaseRunner } from "./lease-runner.ts";

/** An empty answer sooner than this did not wait as it was asked to. */
const HASTY_MS = 20;

/**
 * The receive loops of one lease: one, and another while polls come back full and the driver can take it; one that comes
 * back empty ends, but for the first. Room in the budget is reserved before each call (contract C12).
 */
export class Poller {
  readonly #lease: LeaseRunner;
  readonly #stop = new AbortController();
  #loops = 0;
  #idle: (() => void)[] = [];
  #wakeWindow: (() => void) | undefined;

  constructor(lease: LeaseRunner) {
    this.#lease = lease;
  }

  start(): void {
    this.#spawn(true);
  }

  /** No new receive; those under way end without loss. */
  stop(): void {
    this.#stop.abort();
    this.windowMoved();
  }

  /** Resolves when no receive is under way. */
  async stopped(): Promise<void> {
    if (this.#loops > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  windowMoved(): void {
    this.#wakeWindow?.();
    this.#wakeWindow = undefined;
  }

  #spawn(first: boolean): void {
    this.#loops++;
    void this.#loop(first).finally(() => {
      this.#loops--;
      if (this.#loops === 0) for (const wake of this.#idle.splice(0)) wake();
    });
  }

  async #loop(first: boolean): Promise<void> {
    const { context } = this.#lease.host;
    const { signal } = this.#stop;
    let failures = 0;
    let hasty = 0;
    while (!signal.aborted) {
      const reserved = await this.#reserve(first);
      if (reserved === 0) {
        if (first && !signal.aborted && !this.#lease.host.stopping) continue;
        return;
      }
      const began = context.runtime.monotonic();
      let got: readonly Delivery[] | null;
      try {
        if (signal.aborted) throw STOPPED;
        got = await this.#lease.lease.receive(reserved, this.#lease.host.waitMs(), signal);
        failures = 0;
      } catch (cause) {
        context.budget.unreserve(reserved);
        if (cause === STOPPED || signal.aborted) return;
        if (!first) return;
        if (!(await this.#failed(cause, ++failures))) return;
        continue;
      }
      if (got === null) {
        context.budget.unreserve(reserved);
        this.#lease.ended();
        return;
      }
      if (got.length < reserved) context.budget.unreserve(reserved - got.length);
      if (got.length > 0) {
        hasty = 0;
        this.#lease.arrive(got);
        if (got.length >= reserved && this.#loops < this.#lease.host.capabilities.concurrency.receive)
          this.#spawn(false);
      } else {
        if (!first) return;
        hasty = context.runtime.monotonic() - began < HASTY_MS ? hasty + 1 : 0;
        if (hasty > 3) await context.runtime.sleep(Math.min(10 * 2 ** (hasty - 3), 1_000), signal);
      }
    }
  }

  async #reserve(first: boolean): Promise<number> {
    const { host } = this.#lease;
    const { budget } = host.context;
    for (let room = this.#lease.windowRoom(); room <= 0; room = this.#lease.windowRoom()) {
      if (this.#stop.signal.aborted || !first) return 0;
      await new Promise<void>((resolve) => {
        this.#wakeWindow = resolve;
      });
    }
    const most = Math.max(Math.min(host.share(), host.capabilities.maxBatch.count, this.#lease.windowRoom()), 1);
    // A call that brings one message costs what a call for ten does: while handlers are busy, places are left to gather.
    const least = Math.max(Math.min(most, host.context.plan.maxInFlight >> 1), 1);
    const taken = budget.tryTake(most, least);
    if (taken > 0 || !first) return taken;
    host.full();
    return budget.take(most, least);
  }

  /** True: try again. A fault that will not pass by itself ends the lease instead (seam rule 7). */
  async #failed(cause: unknown, failures: number): Promise<boolean> {
    const { context } = this.#lease.host;
    const fault: Fault = context.connection.classify(cause, "receive");
    if ((fault.kind !== "retryable" && fault.kind !== "throttled") || this.#lease.lease.lost.aborted) {
      this.#lease.broken(cause, fault);
      return false;
    }
    const retryInMs = Math.max(reconnectMs(failures, context.runtime.random), fault.retryAfterMs ?? 0);
    const error = fromFault(fault, `receive from "${context.plan.from.name}"`, cause, {
      channel: context.channel.channel,
      group: context.plan.group,
    });
    context.emit({ type: "receive-failed", level: "warn", error, retryInMs, lease: this.#lease.lease.id });
    await context.runtime.sleep(retryInMs, this.#stop.signal);
    return true;
  }
}

const STOPPED = Symbol("stopped");
