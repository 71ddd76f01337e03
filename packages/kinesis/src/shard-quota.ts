import type { Runtime } from "@switchyard/core/driver";
import { MAX_THROTTLED_MS, THROTTLED_MS } from "./limits.ts";

/** Which shards are over their quota. Each backs off separately, and records of the others are still sent. */
export class ShardQuota {
  readonly #runtime: Runtime;
  readonly #shards = new Map<string, { streak: number; until: number }>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Milliseconds until the shard may be tried again; 0: now. */
  waitFor(shard: string): number {
    const at = this.#shards.get(shard)?.until;
    return at === undefined ? 0 : Math.max(at - this.#runtime.monotonic(), 0);
  }

  /** Full jitter below a bound that doubles. Several refusals of one call count once. */
  refused(shard: string): number {
    const known = this.#shards.get(shard) ?? { streak: 0, until: 0 };
    if (this.waitFor(shard) > 0) return this.waitFor(shard);
    known.streak = Math.min(known.streak + 1, 16);
    const bound = Math.min(THROTTLED_MS * 2 ** (known.streak - 1), MAX_THROTTLED_MS);
    known.until = this.#runtime.monotonic() + bound / 2 + (this.#runtime.random() * bound) / 2;
    this.#shards.set(shard, known);
    return this.waitFor(shard);
  }

  accepted(shard: string): void {
    const known = this.#shards.get(shard);
    // A shard that stored some records and refused others in one call is still over its quota.
    if (known !== undefined && this.waitFor(shard) === 0) this.#shards.delete(shard);
  }
}
