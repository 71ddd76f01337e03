import type { Runtime } from "@switchyard/core/driver";

/** For how long a reading of SQS's clock is preferred to a worse one: machines' clocks drift and are set, in milliseconds. */
const VALID_MS = 600_000;

/**
 * SQS's time as far as this process knows it. A message that is received for the first time carries that time by SQS's clock. It is
 * never later than the time of the reply, so a reading can make messages late and never early. Before the first reading it is this
 * machine's own time.
 */
export class SqsClock {
  readonly #runtime: Runtime;
  /** How far SQS's clock is ahead of this process's monotonic clock, at least. */
  #offset: number | undefined;
  #readAt = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Takes a reading from a reply that came just now: the time of a first receive, in epoch milliseconds. */
  read(firstReceivedAt: number): void {
    const now = this.#runtime.monotonic();
    const offset = firstReceivedAt - now;
    if (this.#offset !== undefined && offset < this.#offset && now - this.#readAt < VALID_MS) return;
    this.#offset = offset;
    this.#readAt = now;
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#offset === undefined ? this.#runtime.now() : this.#offset + this.#runtime.monotonic();
  }
}
