import { systemRuntime } from "@switchyard/core";
import { intercept } from "./intercept.ts";
import type { Harness } from "./harness.ts";
import { SHORT_HOLD_MS } from "./harness.ts";
import { isVirtual } from "./pump.ts";

const TICK_MS = 100;

/**
 * Watches one run of a case for stalls of the machine: a late event loop or a slow broker. During a stall holds and leases end and
 * messages rightly come again, so a failure of such a run says nothing about the driver. Only stalls that neither the driver nor core
 * can cause count; a `lost` event alone does not. Virtual time never stalls, so nothing is watched there.
 */
export class Stalls implements Disposable {
  /** The harness to run the case on. */
  readonly harness: Harness;
  readonly #limitMs: number;
  readonly #waiting = new Set<{ readonly call: string; readonly since: number }>();
  #tick: Disposable | undefined;
  #loopMs = 0;
  #answer = { call: "", ms: 0 };

  constructor(harness: Harness) {
    this.#limitMs = (harness.limits?.holdMs ?? SHORT_HOLD_MS) / 4;
    if (isVirtual(harness.runtime())) {
      this.harness = harness;
      return;
    }
    const adapter = intercept(harness.adapter, {
      send: (batch, call) => this.#timed("send", () => call(batch)),
      settle: (batch, call) => this.#timed("settle", () => call(batch)),
      extend: (receipts, call) => this.#timed("extend", () => call(receipts)),
    });
    this.harness = { ...harness, adapter };
    this.#watchLoop();
  }

  /** What stalled and for how long. Undefined if nothing did, so that a failure counts. */
  get found(): string | undefined {
    const now = systemRuntime.monotonic();
    for (const { call, since } of this.#waiting) this.#answered(call, now - since);
    const found: string[] = [];
    if (this.#loopMs >= this.#limitMs) found.push(`the process stalled for ${Math.round(this.#loopMs)} ms`);
    const { call, ms } = this.#answer;
    if (ms >= this.#limitMs) found.push(`the broker took ${Math.round(ms)} ms for a ${call}`);
    return found.length === 0 ? undefined : found.join(", ");
  }

  [Symbol.dispose](): void {
    this.#tick?.[Symbol.dispose]();
  }

  #watchLoop(): void {
    const due = systemRuntime.monotonic() + TICK_MS;
    this.#tick = systemRuntime.timer(TICK_MS, () => {
      this.#loopMs = Math.max(this.#loopMs, systemRuntime.monotonic() - due);
      this.#watchLoop();
    });
  }

  async #timed<R>(call: string, make: () => Promise<R>): Promise<R> {
    const waiting = { call, since: systemRuntime.monotonic() };
    this.#waiting.add(waiting);
    try {
      return await make();
    } finally {
      this.#waiting.delete(waiting);
      this.#answered(call, systemRuntime.monotonic() - waiting.since);
    }
  }

  #answered(call: string, ms: number): void {
    if (ms > this.#answer.ms) this.#answer = { call, ms };
  }
}
