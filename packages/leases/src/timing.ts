import type { Runtime } from "@switchyard/core/driver";

/** All in milliseconds, on the monotonic clock. */
export interface Timing {
  /**
   * D: a lease not renewed for this long is free to any worker. A larger value means fewer writes, but a crashed worker's shards are
   * read again later. Default 30 seconds, longer than KCL's 10: a Node process that stalls for longer, in garbage collection
   * or in a handler that blocks the event loop, loses its leases.
   */
  readonly leaseMs?: number;
  /** How long a holder that was asked for its lease may take before the lease is handed over anyway. Default 30 seconds, like KCL's. */
  readonly handoverMs?: number;
  /** How often the shards are listed; ends of shards are acted on at once. Default 90 seconds, give or take a third. */
  readonly discoverMs?: number;
  /** The longest a call to the store or to the source may take before it counts as failed. Default a sixth of `leaseMs`. */
  readonly callMs?: number;
}

export interface Times {
  readonly leaseMs: number;
  /** R: a third of a lease, plus up to a fifth so that workers drift apart. There are at most three renewals per lease duration. */
  readonly renewMs: number;
  /** Margin before the end of a tenure, for work that continues after the abort and for late timers. */
  readonly marginMs: number;
  /** Between looks while a change is in progress, and between tries. */
  readonly quickMs: number;
  readonly handoverMs: number;
  readonly discoverMs: number;
  readonly callMs: number;
}

export function timesOf(timing: Timing = {}): Times {
  const leaseMs = timing.leaseMs ?? 30_000;
  return {
    leaseMs,
    renewMs: leaseMs / 3,
    marginMs: leaseMs / 10,
    quickMs: leaseMs / 15,
    handoverMs: timing.handoverMs ?? 30_000,
    discoverMs: timing.discoverMs ?? 90_000,
    callMs: timing.callMs ?? leaseMs / 6,
  };
}

/** Plus or minus a tenth, so that workers drift apart. */
export const jittered = (ms: number, runtime: Pick<Runtime, "random">): number => ms * (0.9 + runtime.random() / 5);
