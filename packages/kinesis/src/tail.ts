/**
 * Watching a stream: every shard by GetRecords, without a lease. A shard allows 5 reads and 2 MB a second, which its groups share; a tail
 * takes one read a second, of at most {@link READ_AT_ONCE} records.
 */
import type { Destination, Runtime, TailDriver, TailRecord, TailStart } from "@switchyard/core/driver";
import { isNamed } from "./errors.ts";
import { SECOND } from "./limits.ts";
import type { Md5 } from "./md5.ts";
import { fromData, type ShardMessage, unpack } from "./message.ts";
import { compareDigits, iteratorAt, type Position, parsePosition, toPosition } from "./positions.ts";
import { Polling } from "./polling.ts";
import { listShards, type Stream } from "./resource.ts";
import type { Call, IteratorType } from "./sdk.ts";
import { isClosed, parentsOf, Shards } from "./shards.ts";
import type { Batch } from "./shard-reader.ts";

/** The most records of one read. */
const READ_AT_ONCE = 100;

export interface TailSetting {
  readonly of: Destination;
  readonly stream: Stream;
  readonly call: Call;
  readonly runtime: Runtime;
  readonly md5: Md5;
}

export async function openTail(setting: TailSetting, start: TailStart, signal: AbortSignal): Promise<TailDriver> {
  const tail = new Tail(setting);
  await tail.open(start, signal);
  return tail;
}

interface Watched {
  readonly shard: string;
  readonly feed: Polling;
}

class Tail implements TailDriver {
  readonly #setting: TailSetting;
  readonly #watched = new Map<string, Watched>();
  /** Shards that were watched once. A child has two parents after a merge, and is read once. */
  readonly #known = new Set<string>();
  readonly #cut = new AbortController();
  /** The record that a position names: what is before it in its shard is not shown. */
  #after: Position | undefined;

  constructor(setting: TailSetting) {
    this.#setting = setting;
  }

  async open({ start }: TailStart, signal: AbortSignal): Promise<void> {
    const { stream, call, runtime } = this.#setting;
    const shards = new Shards(stream, call, runtime, async () => {});
    const from = start === "latest" ? undefined : await shards.resolve(start, signal);
    if (typeof start === "object" && "at" in start) this.#after = parsePosition(start.at);
    const infos = await listShards(stream.ref, call, signal);
    const here = new Set(infos.map(({ ShardId = "" }) => ShardId));
    for (const info of infos) {
      const { ShardId = "" } = info;
      // The others follow when their parents have been read to the end.
      if (start === "latest" ? !isClosed(info) : !parentsOf(info).some((parent) => here.has(parent)))
        this.#watch(ShardId, from === undefined ? { ShardIteratorType: "LATEST" } : iteratorAt(from));
    }
    // With its iterator a shard is watched: what comes from now on is read.
    if (start === "latest") await Promise.all([...this.#watched.values()].map(({ feed }) => feed.begin(signal)));
  }

  async read(signal: AbortSignal): Promise<readonly TailRecord[]> {
    const { runtime } = this.#setting;
    const over = AbortSignal.any([signal, this.#cut.signal]);
    if (over.aborted) return [];
    if (this.#watched.size === 0) {
      await runtime.sleep(SECOND, over);
      return [];
    }
    const until = runtime.monotonic() + SECOND;
    const batches = [...this.#watched.values()].map(async (one) => {
      const batch = await one.feed.read(READ_AT_ONCE, until, over);
      return batch === undefined ? [] : this.#records(one, batch);
    });
    const settled = await Promise.allSettled(batches);
    const found = settled.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    const failed = settled.find((each) => each.status === "rejected");
    if (failed !== undefined && found.length === 0) throw failed.reason;
    return found;
  }

  async close(): Promise<void> {
    this.#cut.abort();
    for (const { feed } of this.#watched.values()) feed.close();
    this.#watched.clear();
  }

  #watch(shard: string, at: IteratorType): void {
    if (this.#known.has(shard)) return;
    this.#known.add(shard);
    const { stream, call, runtime } = this.#setting;
    const feed = new Polling({
      ref: stream.ref,
      shard,
      at,
      call,
      runtime,
      most: READ_AT_ONCE,
      pace: { everyMs: SECOND, idleMs: SECOND },
      // The shard is past retention: nothing of it is left to show.
      unknown: async (cause, where) => {
        if (where.ShardIteratorType === "AT_SEQUENCE_NUMBER" || !isNamed(cause, "ResourceNotFoundException"))
          throw cause;
        return { records: [], lagMs: undefined, end: true };
      },
    });
    this.#watched.set(shard, { shard, feed });
  }

  #records({ shard, feed }: Watched, { records, end, children = [] }: Batch): readonly TailRecord[] {
    const items: ShardMessage[] = [];
    for (const record of records) unpack(record, (item) => items.push(item), this.#setting.md5);
    if (end === true) {
      feed.close();
      this.#watched.delete(shard);
      for (const { ShardId = "" } of children) this.#watch(ShardId, { ShardIteratorType: "TRIM_HORIZON" });
    }
    return items.filter((item) => this.#wanted(shard, item)).map((item) => this.#record(shard, item));
  }

  #wanted(shard: string, { sequence, sub }: ShardMessage): boolean {
    const from = this.#after;
    if (from === undefined || from.shard !== shard) return true;
    const order = compareDigits(sequence, from.sequence);
    return order > 0 || (order === 0 && sub >= from.sub);
  }

  #record(shard: string, item: ShardMessage): TailRecord {
    const { of } = this.#setting;
    const position = toPosition(shard, item, item.packed ? item.sub : undefined);
    return {
      id: position,
      message: fromData(item.data, of.ordered ? item.key : undefined),
      raw: item.record,
      ...(item.at === undefined ? {} : { enqueuedAt: item.at }),
      partition: shard,
      position,
    };
  }
}
