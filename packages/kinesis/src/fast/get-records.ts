/** Reads a record of a GetRecords response. The SDK would interpret a schema for each record, and decode base64 character by character. */
import type { KinesisRecord } from "../sdk.ts";

const MEMBERS = 4;

/** Undefined if the record lacks a member that every record has, or has any other than the one of encrypted records. */
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

/** Undefined if the text has characters that are not base64, or its padding is missing. */
function fromBase64(text: string): Uint8Array | undefined {
  const { length } = text;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(text, "base64");
  if (length % 4 !== 0 || bytes.length !== (length / 4) * 3 - padding) return undefined;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
