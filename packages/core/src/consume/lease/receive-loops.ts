import { STOPPED } from "../../base/stopped.ts";
import { type Loops, ReceiveLoop, type Receiving } from "./receive-loop.ts";

/**
 * The receive loops of one lease. There is one at first. Another starts when a receive returns as many messages as it asked for, up
 * to the driver's limit. All but the first end when a receive returns none.
 */
export class ReceiveLoops implements Loops {
  readonly #lease: Receiving;
  readonly #stop = new AbortController();
  /** Ends the receives in flight. Replaced once used. */
  #cut = new AbortController();
  #running = 0;
  #first: ReceiveLoop | undefined;
  reserved = 0;
  waitMs = 0;
  #idle: (() => void)[] | undefined;
  #wakeWindow: (() => void) | undefined;

  constructor(lease: Receiving) {
    this.#lease = lease;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get receiving(): AbortSignal {
    return this.#cut.signal;
  }

  start(): void {
    this.#spawn(true);
  }

  /** Ends the receives in flight early and without loss, which frees what they reserved. They begin again. */
  interrupt(): void {
    const cut = this.#cut;
    this.#cut = new AbortController();
    cut.abort(STOPPED);
  }

  /** Starts no new receive and ends those in flight without loss. */
  stop(): void {
    this.#stop.abort(STOPPED);
    this.#cut.abort(STOPPED);
    this.windowMoved();
  }

  /** Resolves when no receive is in flight. */
  async stopped(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle ??= []).push(resolve));
  }

  windowMoved(): void {
    const wake = this.#wakeWindow;
    this.#wakeWindow = undefined;
    wake?.();
  }

  whenWindowMoves(wake: () => void): void {
    this.#wakeWindow = wake;
  }

  full(): void {
    if (this.#running < this.#lease.host.capabilities.concurrency.receive) this.#spawn(false);
  }

  ended(): void {
    if (--this.#running > 0 || this.#idle === undefined) return;
    for (const wake of this.#idle.splice(0)) wake();
  }

  /** For how many milliseconds longer than it may, the first loop's receive has had no answer. */
  overdueMs(now: number): number {
    return Math.max((this.#first?.waitingMs(now) ?? 0) - this.waitMs, 0);
  }

  #spawn(first: boolean): void {
    this.#running++;
    const loop = new ReceiveLoop(this.#lease, this, first);
    if (first) this.#first = loop;
    loop.next();
  }
}
