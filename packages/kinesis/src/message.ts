/**
 * A message on Kinesis: bytes and a partition key. There are no headers: core has put the whole envelope into the body, as
 * structured CloudEvents JSON.
 */
import type { WireMessage } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { deaggregate } from "./aggregation.ts";
import { MAX_KEY } from "./limits.ts";
import type { Md5 } from "./md5.ts";
import type { RecordPosition } from "./positions.ts";
import type { KinesisRecord } from "./sdk.ts";

/** A message without a key gets a number of at most ten digits as its partition key. */
const COUNTED_KEYS = 2 ** 30;
const COUNTED_KEY = 10;

/** Bytes as Kinesis counts them against a record's limit and a request's: the data and the partition key. */
export function sizeOf({ body, key }: WireMessage): number {
  const data = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  return data + (key === undefined ? COUNTED_KEY : Buffer.byteLength(key));
}

/** Why Kinesis would refuse the message. Checked before any call, because one bad record fails the whole request. */
export function refusal(message: WireMessage, limit: number): Error | undefined {
  const { key, headers, delayMs = 0 } = message;
  if (key !== undefined && (key.length > MAX_KEY || key.length === 0)) {
    return refuse(
      "bad-key",
      `an ordering key of ${key.length} characters; a partition key of Kinesis has 1 to ${MAX_KEY}: shorten it, or hash it`,
    );
  }
  if (key !== undefined && !key.isWellFormed())
    return refuse("bad-key", "the ordering key holds half of a surrogate pair, which UTF-8 cannot carry");
  if (delayMs > 0) return refuse("delay-unsupported", "Kinesis cannot delay a record");
  for (const name in headers) return refuse("header-unsupported", `header "${name}": a record has no headers`);
  // No text has more bytes than three per character, so most messages need no counting.
  if ((message.body.length + MAX_KEY) * 3 <= limit) return undefined;
  const size = sizeOf(message);
  if (size > limit)
    return refuse(
      "too-large",
      `a record of ${size} bytes with its key; the stream takes ${limit} (native.maxRecordKiB raises it to 10240)`,
    );
  return undefined;
}

function refuse(code: string, message: string): MessagingError {
  return new MessagingError(code, message, { kind: "permanent" });
}

/** Keys for messages without one: numbers counted up from a random start. Kinesis hashes keys with MD5, which spreads numbers evenly over the shards. */
export function countedKeys(random: number): () => string {
  let last = Math.floor(random * COUNTED_KEYS);
  return () => String((last = (last + 1) % COUNTED_KEYS));
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Never throws. Valid UTF-8 becomes text, anything else stays bytes. `key` is given only if the stream keeps the order of keys. */
export function fromData(data: Uint8Array, key: string | undefined): WireMessage {
  return { body: text(data), headers: NO_HEADERS, ...(key === undefined ? {} : { key }) };
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

function text(data: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(data);
  } catch {
    return data;
  }
}

/** One message of a shard. */
export interface ShardMessage extends RecordPosition {
  readonly data: Uint8Array;
  readonly key: string;
  /** When Kinesis accepted the record (epoch milliseconds). */
  readonly at: number | undefined;
  /** True if the message was inside an aggregated record. */
  readonly packed: boolean;
  /** True for the last message of its record. Settling it settles the whole record. */
  readonly last: boolean;
  readonly record: KinesisRecord;
}

/**
 * The messages of a record, in order. An aggregated record has several. Messages whose keys belong to another shard are included, because
 * they would otherwise be lost.
 */
export function unpack(record: KinesisRecord, each: (item: ShardMessage) => void, md5?: Md5): void {
  const sequence = record.SequenceNumber ?? "";
  const at = record.ApproximateArrivalTimestamp?.getTime();
  const data = record.Data ?? new Uint8Array();
  const inside = deaggregate(data, md5);
  if (inside === undefined)
    return each({ sequence, sub: 0, data, key: record.PartitionKey ?? "", at, packed: false, last: true, record });
  for (const [sub, { data: own, key }] of inside.entries())
    each({ sequence, sub, data: own, key, at, packed: true, last: sub === inside.length - 1, record });
}
