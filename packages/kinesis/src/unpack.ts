import { deaggregate } from "./aggregation.ts";
import type { KinesisRecord } from "./client.ts";
import type { Md5 } from "./md5.ts";
import type { Place } from "./positions.ts";

/** One message of a shard. */
export interface Item extends Place {
  readonly data: Uint8Array;
  readonly key: string;
  /** When Kinesis accepted the record (epoch milliseconds). */
  readonly at: number | undefined;
  /** Inside an aggregated record. */
  readonly packed: boolean;
  /** The record's last: with it the record is settled whole. */
  readonly last: boolean;
  readonly record: KinesisRecord;
}

/**
 * A record's messages, in order: more than one where it is aggregated. All of what is inside is given, also keys that hash into
 * another shard: leaving them out would lose them.
 */
export function unpack(record: KinesisRecord, each: (item: Item) => void, md5?: Md5): void {
  const sequence = record.SequenceNumber ?? "";
  const at = record.ApproximateArrivalTimestamp?.getTime();
  const data = record.Data ?? new Uint8Array();
  const inside = deaggregate(data, md5);
  if (inside === undefined)
    return each({ sequence, sub: 0, data, key: record.PartitionKey ?? "", at, packed: false, last: true, record });
  for (const [sub, { data: own, key }] of inside.entries())
    each({ sequence, sub, data: own, key, at, packed: true, last: sub === inside.length - 1, record });
}
