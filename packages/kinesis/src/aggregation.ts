/**
 * Records that the Kinesis Producer Library (KPL) has packed into one: a magic number, a protobuf message, and its MD5. Switchyard
 * reads them and never makes them.
 */
import { md5 as systemMd5, type Md5 } from "./md5.ts";

/** `0xF3899AC2`, KPL's aggregation-format.md. */
const MAGIC = [0xf3, 0x89, 0x9a, 0xc2] as const;
const MD5_BYTES = 16;

export interface UserRecord {
  readonly key: string;
  readonly data: Uint8Array;
}

/**
 * The records inside, in order. Undefined if the record is not aggregated, or has a wrong magic number, a wrong MD5 or a malformed protobuf.
 * It is then delivered as it is. Never throws and copies no data, so its memory is bounded by the size of the record. On a machine without
 * MD5 only the checksum is not verified.
 */
export function deaggregate(data: Uint8Array, md5: Md5 = systemMd5): readonly UserRecord[] | undefined {
  if (data.length < MAGIC.length + MD5_BYTES || MAGIC.some((byte, index) => data[index] !== byte)) return undefined;
  const body = data.subarray(MAGIC.length, data.length - MD5_BYTES);
  const digest = md5(body);
  if (digest !== undefined && digest.compare(data, data.length - MD5_BYTES) !== 0) return undefined;
  try {
    const records = aggregated(body);
    // A record with nothing inside would disappear, so it is delivered as it is.
    return records.length === 0 ? undefined : records;
  } catch {
    return undefined;
  }
}

/** `AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2; repeated Record records = 3; }` */
function aggregated(body: Uint8Array): readonly UserRecord[] {
  const keys: string[] = [];
  const inner: Uint8Array[] = [];
  for (const { field, bytes } of fields(body)) {
    if (field === 1) keys.push(utf8.decode(needed(bytes)));
    else if (field === 3) inner.push(needed(bytes));
  }
  return inner.map((record) => one(record, keys));
}

/** `Record { uint64 partition_key_index = 1; uint64 explicit_hash_key_index = 2; bytes data = 3; repeated Tag tags = 4; }` */
function one(record: Uint8Array, keys: readonly string[]): UserRecord {
  let key: string | undefined;
  let data: Uint8Array | undefined;
  for (const { field, bytes, number } of fields(record)) {
    if (field === 1) key = keys[number ?? -1];
    else if (field === 3) data = needed(bytes);
  }
  if (key === undefined || data === undefined) throw new RangeError("a record without its key or its data");
  return { key, data };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function needed(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new RangeError("bytes expected");
  return bytes;
}

interface Field {
  readonly field: number;
  readonly number?: number;
  readonly bytes?: Uint8Array;
}

/** The fields of one protobuf message. Unknown fields are skipped. Throws where the message is cut short. */
function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    // Ten bytes carry 64 bits. No index and no length beyond 2^53 can occur here.
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number cut short");
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new RangeError("a field cut short");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    if (field === 0) throw new RangeError("field 0");
    switch (tag % 8) {
      case 0:
        yield { field, number: varint() };
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield { field, bytes: take(varint()) };
        break;
      case 5:
        take(4);
        break;
      default:
        throw new RangeError("an unknown wire type");
    }
  }
}
