/** Positions in a shard, in three forms: for people and handlers, for the lease table, and for Kinesis. */
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Checkpoint } from "@switchyard/leases";
import type { IteratorType } from "./sdk.ts";

/** The position of one message: a record, or the `sub`th message inside an aggregated record. */
export interface RecordPosition {
  readonly sequence: string;
  readonly sub: number;
}

/** `shard:sequence`, with `:sub` inside an aggregated record. */
export function toPosition(shard: string, { sequence }: RecordPosition, sub: number | undefined): string {
  return sub === undefined ? `${shard}:${sequence}` : `${shard}:${sequence}:${sub}`;
}

export interface Position {
  readonly shard: string;
  readonly sequence: string;
  readonly sub: number;
}

const POSITION = /^(shardId-\d+):(\d{1,128})(?::(\d{1,9}))?$/;

export function parsePosition(text: string): Position {
  const found = POSITION.exec(text);
  if (found !== null) return { shard: found[1]!, sequence: found[2]!, sub: Number(found[3] ?? 0) };
  throw new MessagingError(
    "bad-position",
    `${JSON.stringify(text)} is not a position on Kinesis; use a value of delivery.position: shardId-000000000000:SEQUENCE`,
    { kind: "config" },
  );
}

/** The checkpoint from which this message is read again, and all after it. */
export const justBefore = ({ sequence, sub }: RecordPosition): Checkpoint => ({ sequence, sub: sub - 1 });

/** Where reading starts. The checkpoint's own record is read again and skipped, which shows whether it still exists. */
export function iteratorAt(from: Checkpoint): IteratorType {
  if (typeof from === "object" && "sequence" in from)
    return { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: from.sequence };
  if (typeof from === "object") return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(from.time) };
  return { ShardIteratorType: "TRIM_HORIZON" };
}

/** Compares sequence numbers, which are decimal numbers of any length. */
export function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
