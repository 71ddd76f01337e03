import type { Position } from "@switchyard/core/driver";
import type { Checkpoint } from "./store.ts";

/** A partition of a log, as the broker lists it. */
export interface Shard {
  readonly id: string;
  /** Its parent shards: one after a split, two after a merge. They may be gone (past retention). */
  readonly parents: readonly string[];
  /** The range of key hashes in it, if the broker says. */
  readonly hashRange?: { readonly from: string; readonly to: string };
}

/** The log, as the engine needs it. */
export interface ShardSource {
  /**
   * Every shard that can still be read, closed ones included. `since`: shards closed before that start may be left out
   * (Kinesis: ShardFilter). Rejects with the broker's own error; the engine asks again.
   */
  list(since: Checkpoint, signal: AbortSignal): Promise<readonly Shard[]>;
  /**
   * The position from which a group that starts now at `start` reads every shard. Called once for each group, and stored before any
   * lease is made. If absent, `latest` is the runtime's clock and `at` a sequence. Provide it if the broker's clock can be read.
   */
  resolve?(start: Position, signal: AbortSignal): Promise<Checkpoint>;
}
