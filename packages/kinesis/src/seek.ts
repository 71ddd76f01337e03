import type { Moved, Position, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type Checkpoint, type LeaseStore, type Shard, seek } from "@switchyard/leases";
import { justBefore, parsePosition } from "./positions.ts";
import type { Shards } from "./shards.ts";
import type { Stream } from "./resource.ts";

/** Moves a group. A position is exact in its own shard. Shards that follow it are read from their beginning, all others from the time the record was accepted. */
export async function seekGroup(
  stream: Stream,
  group: string,
  store: LeaseStore,
  shards: Shards,
  to: Position,
  runtime: Runtime,
  signal: AbortSignal,
  moved?: Moved,
): Promise<void> {
  if (typeof to === "object" && "time" in to && to.time > runtime.now())
    throw new MessagingError("bad-position", "the time to replay from is in the future", { kind: "config" });
  const where = typeof to === "object" && "at" in to ? await exactly(to.at, shards, signal) : to;
  await seek({ store, source: shards, runtime, group, stream: stream.identity, to: where, moved }, signal);
}

async function exactly(
  position: string,
  shards: Shards,
  signal: AbortSignal,
): Promise<(shard: string) => Checkpoint | undefined> {
  const { shard, sequence, sub } = parsePosition(position);
  const time = await shards.timeOf(position, signal);
  const all = await shards.list("TRIM_HORIZON", signal);
  const after = related(shard, all, (each) => all.filter(({ parents }) => parents.includes(each)).map(({ id }) => id));
  const before = related(shard, all, (each) => all.find(({ id }) => id === each)?.parents ?? []);
  return (each) => {
    if (each === shard) return justBefore({ sequence, sub });
    if (before.has(each)) return "SHARD_END";
    return after.has(each) ? "TRIM_HORIZON" : { time };
  };
}

function related(from: string, all: readonly Shard[], next: (shard: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const todo = [...next(from)];
  for (let shard = todo.pop(); shard !== undefined && found.size <= all.length; shard = todo.pop()) {
    if (found.has(shard)) continue;
    found.add(shard);
    todo.push(...next(shard));
  }
  return found;
}
