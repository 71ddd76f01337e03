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
