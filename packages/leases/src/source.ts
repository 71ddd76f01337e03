import type { Position } from "@switchyard/core/driver";
import type { Checkpoint } from "./store.ts";

/** A partition of a log, as the broker lists it. */
export interface Shard {
  readonly id: string;
  /** Shards it continues: one after a split, two after a merge. They may be gone (past retention). */
  readonly parents: readonly string[];
  /** Which keys fall in it, where the broker says. */
  readonly hashRange?: { readonly from: string; readonly to: string };
}

/** What the engine asks of the log. */
export interface ShardSource {
  /**
   * Every shard that can still be read, closed ones included. `since`: shards closed before that start may be left out
   * (Kinesis: ShardFilter). Rejects with the broker's own error; the engine asks again.
   */
  list(since: Checkpoint, signal: AbortSignal): Promise<readonly Shard[]>;
  /**
   * Where a group that starts now at `start` begins, in all shards. Asked once in a group's life; the answer is stored before
   * any lease is made. Absent: `latest` is the runtime's clock, `at` a sequence. Give it where the broker's clock can be asked.
   */
  resolve?(start: Position, signal: AbortSignal): Promise<Checkpoint>;
}
