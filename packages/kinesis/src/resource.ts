/** A stream as Kinesis has it: its settings and its shards. */
import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { streamRef } from "./names.ts";
import type { Call, ShardInfo, StreamRef, StreamSummary } from "./sdk.ts";
import { DEFAULT_RECORD_KIB } from "./limits.ts";

export interface Stream {
  readonly ref: StreamRef;
  readonly name: string;
  readonly arn: string;
  /** Distinguishes this stream from a later one of the same name. */
  readonly identity: string;
  readonly status: string;
  readonly mode: "ON_DEMAND" | "PROVISIONED";
  readonly openShards: number;
  readonly maxRecordBytes: number;
  readonly retentionMs: number;
  /** Undefined: not encrypted. */
  readonly kmsKey: string | undefined;
  /** Partition keys are ignored. */
  readonly spreads: boolean;
}

const HOUR = 3_600_000;

/** What a call is about, for errors: `stream "clicks"`. */
export function streamWords(input: {
  readonly StreamName?: string;
  readonly StreamARN?: string;
  readonly ConsumerARN?: string;
}): string | undefined {
  const name = input.StreamName ?? (input.StreamARN ?? input.ConsumerARN)?.split("/")[1];
  return name === undefined ? undefined : `stream "${name}"`;
}

export async function describeStream(ref: StreamRef, call: Call, signal: AbortSignal): Promise<Stream> {
  const { StreamDescriptionSummary: summary = {} } = await call("DescribeStreamSummary", ref, signal);
  return {
    ref,
    name: summary.StreamName ?? "",
    arn: summary.StreamARN ?? "",
    identity: `${summary.StreamARN ?? summary.StreamName}@${summary.StreamCreationTimestamp?.getTime() ?? 0}`,
    status: summary.StreamStatus ?? "",
    mode: summary.StreamModeDetails?.StreamMode === "ON_DEMAND" ? "ON_DEMAND" : "PROVISIONED",
    openShards: summary.OpenShardCount ?? 0,
    maxRecordBytes: (summary.MaxRecordSizeInKiB ?? DEFAULT_RECORD_KIB) * 1_024,
    retentionMs: (summary.RetentionPeriodHours ?? 24) * HOUR,
    kmsKey: summary.EncryptionType === "KMS" ? (summary.KeyId ?? "") : undefined,
    spreads: spreads(summary),
  };
}

function spreads({ RecordDistributionStrategy: strategy }: StreamSummary): boolean {
  return (typeof strategy === "object" ? strategy.StrategyType : strategy) === "AUTO";
}

/** Checks that the stream exists and keeps the required order. Rejects with Kinesis's own error if it does not exist. */
export async function openStream(of: Destination, call: Call, signal: AbortSignal): Promise<Stream> {
  const stream = await describeStream(streamRef(of), call, signal);
  refuseSpreading(of, stream);
  if (stream.status === "DELETING")
    throw new MessagingError("stream-not-found", `the stream "${stream.name}" is being deleted`, { kind: "config" });
  return stream;
}

export function refuseSpreading(of: Destination, stream: Stream): void {
  if (!of.ordered || !stream.spreads) return;
  throw new MessagingError(
    "order-not-kept",
    `the stream "${stream.name}" distributes records by itself (RecordDistributionStrategy AUTO) and ignores partition keys: the channel's orderingKey cannot be kept; set USER_PARTITION_KEY, or declare no orderingKey`,
    { kind: "config" },
  );
}

/** All shards that can still be read, closed ones included. */
export async function listShards(ref: StreamRef, call: Call, signal: AbortSignal): Promise<readonly ShardInfo[]> {
  const shards: ShardInfo[] = [];
  let next: string | undefined;
  do {
    const { Shards = [], NextToken } = await call("ListShards", next === undefined ? ref : { NextToken: next }, signal);
    shards.push(...Shards);
    next = NextToken || undefined;
  } while (next !== undefined);
  return shards;
}
