import type { Depth } from "@switchyard/core/driver";
import type { Checkpoint, LeaseStore } from "@switchyard/leases";
import type { Call } from "./sdk.ts";
import { isNamed } from "./errors.ts";
import { iteratorAt } from "./positions.ts";
import { listShards, type Stream } from "./resource.ts";
import { type ShardMessage, unpack } from "./message.ts";

/** How many shards are queried at once. Each takes two calls, one of which counts against the shard's read quota. */
const AT_ONCE = 10;

/**
 * How far a group is behind in each shard that it has not finished, and which worker has the shard. For shards that this process holds this
 * is known (`here`). For each other shard, one record at the checkpoint is read.
 */
export async function groupDepth(
  stream: Stream,
  store: LeaseStore,
  here: ReadonlyMap<string, Depth>,
  now: number,
  call: Call,
  signal: AbortSignal,
): Promise<readonly Depth[]> {
  const { leases, group } = await store.load(signal);
  const known = new Map(leases.map((row) => [row.key, row]));
  const todo = (await listShards(stream.ref, call, signal)).flatMap(({ ShardId = "" }) => {
    const row = known.get(ShardId);
    return row?.checkpoint === "SHARD_END" ? [] : [{ shard: ShardId, row }];
  });
  const depths: Depth[] = [];
  for (let at = 0; at < todo.length; at += AT_ONCE) {
    const part = todo.slice(at, at + AT_ONCE).map(async ({ shard, row }): Promise<Depth> => {
      const own = here.get(shard);
      if (own?.oldestMs !== undefined) return own;
      const from = row?.checkpoint ?? group?.start ?? "TRIM_HORIZON";
      const lag = await lagAt(stream, shard, from, now, call, signal);
      const holder = row?.handoverFrom ?? row?.owner;
      return {
        lease: shard,
        ...(holder === undefined ? {} : { holder }),
        ...lag,
        ...own,
      };
    });
    depths.push(...(await Promise.all(part)));
  }
  return depths;
}

function isSettled(item: ShardMessage, from: Checkpoint): boolean {
  if (typeof from !== "object" || !("sequence" in from)) return false;
  return item.sequence === from.sequence && item.sub <= (from.sub ?? Number.POSITIVE_INFINITY);
}

async function lagAt(
  stream: Stream,
  shard: string,
  from: Checkpoint,
  now: number,
  call: Call,
  signal: AbortSignal,
): Promise<{ readonly oldestMs?: number; readonly ready?: number }> {
  try {
    const at = iteratorAt(from);
    const { ShardIterator = "" } = await call("GetShardIterator", { ...stream.ref, ShardId: shard, ...at }, signal);
    const { Records = [], MillisBehindLatest: behind } = await call("GetRecords", { ShardIterator, Limit: 1 }, signal);
    if (behind === undefined) return {};
    const items: ShardMessage[] = [];
    for (const record of Records) unpack(record, (item) => items.push(item));
    const first = items.find((item) => !isSettled(item, from));
    const age = first?.at === undefined ? 0 : Math.max(now - first.at, 0);
    return { oldestMs: Math.max(behind, age), ...(behind === 0 ? { ready: first === undefined ? 0 : 1 } : {}) };
  } catch (cause) {
    // The shard is over its quota, or the position is past retention. The depth of the other shards is still returned.
    if (
      ["ProvisionedThroughputExceededException", "ResourceNotFoundException", "InvalidArgumentException"].some((name) =>
        isNamed(cause, name),
      )
    )
      return {};
    throw cause;
  }
}
