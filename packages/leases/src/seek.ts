import type { Moved, Position, Runtime } from "@switchyard/core/driver";
import { Calls } from "./calls.ts";
import { generations, newLease, resolveStart } from "./discovery.ts";
import type { ShardSource } from "./source.ts";
import type { Checkpoint, GroupIdentity, LeaseRow, LeaseStore, Updated } from "./store.ts";
import { timesOf } from "./timing.ts";

/** How a group is moved to another position. */
export interface SeekOptions extends GroupIdentity {
  readonly store: LeaseStore;
  readonly source: ShardSource;
  readonly runtime: Runtime;
  /** One position for all shards, or one per shard; undefined leaves a shard where it is. */
  readonly to: Position | ((shard: string) => Checkpoint | undefined);
  /** Is told how many shards are at their new position. */
  readonly moved?: Moved | undefined;
}

/**
 * Moves a group to a position. Takes every lease from its holder, sets its position and frees it. Parents are read again before their
 * children. Idempotent: call it again if it rejects half-way.
 */
export async function seek(options: SeekOptions, signal: AbortSignal): Promise<void> {
  const { store, source, runtime, to, group, stream } = options;
  const calls = new Calls(store, runtime, timesOf(), () => {});
  await store.open(signal, runtime);
  const shards = await calls.source("listing the shards", (s) => source.list("TRIM_HORIZON", s), signal);
  const everywhere = typeof to === "function" ? undefined : await resolveStart(to, source, runtime, calls, signal);
  const target = (shard: string): Checkpoint | undefined => (typeof to === "function" ? to(shard) : everywhere);
  const start = everywhere ?? "TRIM_HORIZON";
  await calls.store("storing the start", (s) => store.begin({ group, stream, start, complete: true }, s), signal);
  // Shards that have no row yet would be begun at their oldest record.
  for (const generation of generations(shards)) {
    const rows = generation.flatMap((shard) => {
      const checkpoint = target(shard.id);
      return checkpoint === undefined ? [] : [newLease(shard, checkpoint)];
    });
    await calls.store("making rows", (s) => store.insert(rows, s), signal);
  }
  const { leases } = await calls.store("reading the leases", (s) => store.load(s), signal);
  const listed = new Set(shards.map((shard) => shard.id));
  const order = generations(leases.map((row) => ({ id: row.key, parents: row.parents })));
  const rows = new Map(leases.map((row) => [row.key, row]));
  const todo = order.flat().flatMap(({ id }) => {
    const row = rows.get(id)!;
    const checkpoint = target(id);
    const ended = row.checkpoint === "SHARD_END";
    // What is past retention has nothing to read, and the end of a shard is already past its latest record.
    return checkpoint === undefined || (ended && (!listed.has(id) || to === "latest")) ? [] : [{ row, checkpoint }];
  });
  for (const [at, { row, checkpoint }] of todo.entries()) {
    await reset(row, checkpoint);
    options.moved?.({ done: at + 1, total: todo.length });
  }

  async function reset(row: LeaseRow, checkpoint: Checkpoint): Promise<void> {
    const change = { bump: true, owner: null, handoverFrom: null, token: null, checkpoint, tenures: 0, children: [] };
    for (let seen: LeaseRow | undefined = row; seen !== undefined; ) {
      const { key, counter }: LeaseRow = seen;
      const done: Updated = await calls.store(
        "moving a position",
        (s) => store.update(key, { counter }, change, s),
        signal,
      );
      if (done.applied) return;
      seen = done.row;
    }
  }
}
