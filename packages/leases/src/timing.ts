import type { Runtime } from "@switchyard/core/driver";

/** All in milliseconds, on the monotonic clock. */
export interface Timing {
  /**
   * D: a lease not renewed for so long is anybody's. Longer: fewer writes, and longer until a crashed worker's shards are
   * read again. Default 30 seconds: longer than KCL's 10, because a Node process may stall in garbage collection or in a
   * handler that blocks the event loop, and loses its leases if it does so for longer.
   */
  readonly leaseMs?: number;
  /** How long an asked holder may take to finish before the lease is handed over all the same. Default 30 seconds, as KCL's. */
  readonly handoverMs?: number;
  /** How often the shards are listed, but for shard ends, which are acted on at once. Default 90 seconds, a third either way. */
  readonly discoverMs?: number;
  /** The longest a call to the store or to the source may take before it counts as failed. Default a sixth of `leaseMs`. */
  readonly callMs?: number;
}

export interface Times {
  readonly leaseMs: number;
  /** R: a third of a lease, stretched by up to a fifth so that workers drift apart: never more than three renewals a lease duration. */
  readonly renewMs: number;
  /** Safety before the end of a tenure: for what runs on after the abort, and for timers that come late. */
  readonly marginMs: number;
  /** Between looks while something is under way, and between tries. */
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

/** A tenth either way, so that workers drift apart. */
export const jittered = (ms: number, runtime: Pick<Runtime, "random">): number => ms * (0.9 + runtime.random() / 5);
