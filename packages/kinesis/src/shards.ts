import type { Position, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Checkpoint, Shard, ShardSource } from "@switchyard/leases";
import type { Call, ChildShard, IteratorType, ShardInfo } from "./sdk.ts";
import { isNamed } from "./errors.ts";
import { READ_MS } from "./limits.ts";
import { parsePosition } from "./positions.ts";
import type { Batch } from "./shard-reader.ts";
import { listShards, type Stream } from "./resource.ts";

/** The most empty replies before one record is found. */
const MOST_TURNS = 100;

/** Lists the shards of one stream for the lease engine, and keeps the last listing for the readers. */
export class Shards implements ShardSource {
  readonly #stream: Stream;
  readonly #call: Call;
  readonly #runtime: Runtime;
  readonly #listed: (signal: AbortSignal) => Promise<void>;
  #closed = new Set<string>();

  /** `listed` is called with each listing. If it rejects, so does the listing. */
  constructor(stream: Stream, call: Call, runtime: Runtime, listed: (signal: AbortSignal) => Promise<void>) {
    this.#stream = stream;
    this.#call = call;
    this.#runtime = runtime;
    this.#listed = listed;
  }

  async list(_since: Checkpoint, signal: AbortSignal): Promise<readonly Shard[]> {
    const infos = await this.#infos(signal);
    await this.#listed(signal);
    return infos.map(toShard);
  }

  async resolve(start: Position, signal: AbortSignal): Promise<Checkpoint> {
    if (start === "earliest") return "TRIM_HORIZON";
    if (start === "latest") return { time: this.#runtime.now() };
    if ("time" in start) return { time: start.time };
    return { time: await this.timeOf(start.at, signal) };
  }

  /** When the record at a position was accepted. In the other shards the position means this time. */
  async timeOf(position: string, signal: AbortSignal): Promise<number> {
    const { shard, sequence } = parsePosition(position);
    const { ref } = this.#stream;
    const at: IteratorType = { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: sequence };
    const { ShardIterator = "" } = await this.#call(
      "GetShardIterator",
      { ...ref, ShardId: shard, ...at },
      signal,
    ).catch((cause: unknown) => {
      throw isPositionFault(cause) ? this.#invalid(shard, at, cause) : cause;
    });
    // A reply can be empty although the record exists, because Kinesis has more to search.
    for (let token = ShardIterator, turn = 0; turn < MOST_TURNS && !signal.aborted; turn++) {
      const got = await this.#call("GetRecords", { ShardIterator: token, Limit: 1 }, signal);
      const time = got.Records?.[0]?.ApproximateArrivalTimestamp?.getTime();
      if (time !== undefined) return time;
      if (!got.NextShardIterator || !got.MillisBehindLatest) break;
      token = got.NextShardIterator;
      await this.#runtime.sleep(READ_MS, signal);
    }
    throw this.#invalid(shard, at, undefined);
  }

  /** Whether the last listing shows the shard as closed. */
  isClosed(shard: string): boolean {
    return this.#closed.has(shard);
  }

  /**
   * Call it when Kinesis does not know the shard or the position in it. A shard past retention has ended, which is reported. A position
   * that the shard never had comes from a wrong table, which is an error.
   */
  async unknown(
    shard: string,
    cause: unknown,
    at: IteratorType,
    positionLost: (cause: MessagingError) => void,
    signal: AbortSignal,
  ): Promise<Batch> {
    const infos = await this.#infos(signal);
    if (infos.some(({ ShardId }) => ShardId === shard)) throw this.#invalid(shard, at, cause);
    positionLost(
      new MessagingError(
        "position-trimmed",
        `${shard} is past retention, including records that this group had not read; reading continues in the shards that follow it`,
        { kind: "permanent", cause },
      ),
    );
    const children = infos.filter((info) => parentsOf(info).includes(shard));
    return {
      records: [],
      lagMs: undefined,
      end: true,
      gone: true,
      children: children.map((info) => ({ ...info, ParentShards: parentsOf(info) })),
    };
  }

  async #infos(signal: AbortSignal): Promise<readonly ShardInfo[]> {
    const infos = await listShards(this.#stream.ref, this.#call, signal);
    this.#closed = new Set(infos.filter(isClosed).map(({ ShardId = "" }) => ShardId));
    return infos;
  }

  #invalid(shard: string, at: IteratorType, cause: unknown): MessagingError {
    const position = "StartingSequenceNumber" in at ? at.StartingSequenceNumber : at.ShardIteratorType;
    return new MessagingError(
      "position-invalid",
      `${shard} of "${this.#stream.name}" has no position ${position}: it is beyond the newest record, or belongs to another stream; move the group with replay()`,
      { kind: "config", cause },
    );
  }
}

const isPositionFault = (cause: unknown): boolean =>
  isNamed(cause, "ResourceNotFoundException") || isNamed(cause, "InvalidArgumentException");

export const isClosed = ({ SequenceNumberRange }: ShardInfo): boolean =>
  SequenceNumberRange?.EndingSequenceNumber !== undefined;

export function parentsOf({ ParentShardId, AdjacentParentShardId }: ShardInfo): string[] {
  return [ParentShardId, AdjacentParentShardId].filter(
    (each): each is string => typeof each === "string" && each !== "",
  );
}

function toShard(info: ShardInfo): Shard {
  return { id: info.ShardId ?? "", parents: parentsOf(info), ...hashRange(info.HashKeyRange) };
}

/** A child shard, as the end of its parent names it. */
export function childShard(child: ChildShard): Shard {
  return { id: child.ShardId ?? "", parents: child.ParentShards ?? [], ...hashRange(child.HashKeyRange) };
}

function hashRange(range: ShardInfo["HashKeyRange"]): Pick<Shard, "hashRange"> {
  const [from, to] = [range?.StartingHashKey, range?.EndingHashKey];
  return from === undefined || to === undefined ? {} : { hashRange: { from, to } };
}
