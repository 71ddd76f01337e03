import type { Position, Runtime } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";
import type { HeldShard } from "./held-shard.ts";
import type { ShardSource } from "./source.ts";
import type { Checkpoint, LeaseStore } from "./store.ts";
import type { Timing } from "./timing.ts";

export interface LeaseEngineOptions {
  readonly store: LeaseStore;
  readonly source: ShardSource;
  /** The consumer group, as the store is to remember it. */
  readonly group: string;
  /** What names the log for good: an ARN with its creation time, a name. A table made for another is refused. */
  readonly stream: string;
  /** Where the group starts, the first time ever. */
  readonly start: Position;
  readonly runtime: Runtime;
  /** Unique in the group and new for every process. Default: a UUID. */
  readonly worker?: string;
  readonly timing?: Timing;
  readonly report?: (event: LeaseEvent) => void;
}

/** One shard as the table had it at the last look. */
export interface ShardStatus {
  readonly shard: string;
  readonly owner?: string;
  /** The owner has asked for it and this worker still has it. */
  readonly handoverFrom?: string;
  readonly checkpoint: Checkpoint;
  readonly tenures: number;
  /** Not before its parents have ended. */
  readonly eligible: boolean;
  /** Held by this engine. */
  readonly here: boolean;
}

/**
 * Takes, keeps and gives up one group's leases for one worker. A stream driver's `leases()` is a loop over {@link shards}.
 *
 * ```ts
 * const engine = new LeaseEngine({ store, source, group: "billing", stream: arn, start: "latest", runtime });
 * await engine.open(signal);                          // refuses a missing, foreign or live table
 * for await (const shard of engine.shards(signal)) read(shard);
 * await engine.close();
 * ```
 */
export class LeaseEngine {
  /** Unique in the group. */
  readonly worker: string;
  constructor(_options: LeaseEngineOptions) {
    throw new Error("being written");
  }
  /** Checks the table, and stores the group's start if there is none. Rejects with a MessagingError. */
  open(_signal: AbortSignal): Promise<void> {
    throw new Error("being written");
  }
  /**
   * Yields each shard as it is taken; once per engine. Ends when `signal` aborts: from then on nothing is taken, the others are told,
   * and what was yielded stays held until it is released. Rejects only with what no retry mends (`auth`, `config`).
   */
  shards(_signal: AbortSignal): AsyncIterable<HeldShard> {
    throw new Error("being written");
  }
  /** What the table said at the last look, this worker's own shards up to date. */
  status(): readonly ShardStatus[] {
    throw new Error("being written");
  }
  /** Releases what is still held and leaves the group. Idempotent; never rejects. Does not close the store. */
  close(): Promise<void> {
    throw new Error("being written");
  }
}
