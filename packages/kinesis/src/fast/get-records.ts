/** A record as GetRecords gives it: the SDK looks at each as its schema has it, and at every character of its base64. */
import type { KinesisRecord } from "../sdk.ts";

const MEMBERS = 4;

/** Of the members every record has, and the one that encrypted ones have; none is known beside them. Else undefined. */
export function recordOf(given: unknown): KinesisRecord | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  const { SequenceNumber, ApproximateArrivalTimestamp, Data, PartitionKey, EncryptionType } = given as Record<
    string,
    unknown
  >;
  if (typeof SequenceNumber !== "string" || typeof PartitionKey !== "string") return undefined;
  if (typeof Data !== "string" || typeof ApproximateArrivalTimestamp !== "number") return undefined;
  if (EncryptionType !== undefined && typeof EncryptionType !== "string") return undefined;
  let members = EncryptionType === undefined ? MEMBERS : MEMBERS + 1;
  for (const _ in given) members--;
  const bytes = members === 0 ? fromBase64(Data) : undefined;
  if (bytes === undefined) return undefined;
  const at = new Date(Math.round(ApproximateArrivalTimestamp * 1_000));
  const record = { SequenceNumber, ApproximateArrivalTimestamp: at, Data: bytes, PartitionKey };
  return EncryptionType === undefined ? record : { ...record, EncryptionType };
}

/** Undefined where characters had to be passed over, or padding is missing. */
function fromBase64(text: string): Uint8Array | undefined {
  const { length } = text;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(text, "base64");
  if (length % 4 !== 0 || bytes.length !== (length / 4) * 3 - padding) return undefined;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
