/** Finds the shard of a partition key: its MD5, as a 128-bit number, falls into the shard's range. */
import type { ShardInfo } from "./sdk.ts";
import type { Md5 } from "./md5.ts";

interface Range {
  readonly id: string;
  readonly from: bigint;
  readonly to: bigint;
}

export class ShardMap {
  readonly #ranges: readonly Range[];
  readonly #md5: Md5;

  constructor(shards: readonly ShardInfo[], md5: Md5) {
    this.#md5 = md5;
    const closed = (shard: ShardInfo): boolean => shard.SequenceNumberRange?.EndingSequenceNumber !== undefined;
    this.#ranges = shards
      .filter((shard) => !closed(shard) && shard.HashKeyRange !== undefined)
      .map(({ ShardId = "", HashKeyRange }) => ({
        id: ShardId,
        from: BigInt(HashKeyRange?.StartingHashKey ?? "0"),
        to: BigInt(HashKeyRange?.EndingHashKey ?? "0"),
      }))
      .sort((a, b) => (a.from < b.from ? -1 : 1));
  }

  /** Undefined: no shard is known for the key, or this machine has no MD5. */
  shardOf(key: string): string | undefined {
    if (this.#ranges.length === 0) return undefined;
    const digest = this.#md5(key);
    if (digest === undefined) return undefined;
    const hash = BigInt(`0x${digest.toString("hex")}`);
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle]!;
      if (hash < range.from) high = middle - 1;
      else if (hash > range.to) low = middle + 1;
      else return range.id;
    }
    return undefined;
  }
}
