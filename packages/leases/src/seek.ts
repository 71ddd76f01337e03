import type { Position, Runtime } from "@switchyard/core/driver";
import type { ShardSource } from "./source.ts";
import type { Checkpoint, GroupIdentity, LeaseStore } from "./store.ts";

export interface SeekOptions extends GroupIdentity {
  readonly store: LeaseStore;
  readonly source: ShardSource;
  readonly runtime: Runtime;
  /** Everywhere; or shard by shard, undefined leaving a shard where it is. */
  readonly to: Position | ((shard: string) => Checkpoint | undefined);
}

/**
 * Moves a group: every lease is taken from its holder, given the position, and free. Parents are read again before their
 * children. Idempotent: call it again if it rejects half-way.
 */
export function seek(_options: SeekOptions, _signal: AbortSignal): Promise<void> {
  throw new Error("being written");
}
