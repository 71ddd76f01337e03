/**
 * Records of a shard that are pushed instead of read: AWS Lambda's events for Kinesis. For `@switchyard/lambda` and others that receive
 * such events. A record that the Kinesis Producer Library has aggregated comes whole, and is taken apart.
 */
import type { Delivery, Destination } from "@switchyard/core/driver";
import { type ShardMessage, fromData, unpack } from "./message.ts";
export { attemptStore } from "./attempt-store.ts";
export type { AttemptRow, AttemptStore } from "@switchyard/leases";
import { consumerName, streamName, streamRef } from "./names.ts";
import { toPosition } from "./positions.ts";
import type { KinesisOptions } from "./options.ts";
import { fansOut } from "./native.ts";

/** One record of an event for Kinesis, as far as it is read [AWS developer guide, "Using Lambda with Amazon Kinesis"]. */
export interface KinesisEventRecord {
  /** `shardId-000000000006:SEQUENCE`. */
  readonly eventID?: string;
  readonly eventSource?: string;
  /** Of the stream, or of the registered consumer. */
  readonly eventSourceARN?: string;
  readonly kinesis?: {
    readonly partitionKey?: string;
    readonly sequenceNumber?: string;
    /** Base64. */
    readonly data?: string;
    /** Seconds since the epoch, with a fraction. */
    readonly approximateArrivalTimestamp?: number;
  };
}

/** Names one message of a shard: a record, or a message inside an aggregated one. */
export interface PushedReceipt {
  readonly sequence: string;
  readonly sub: number;
}

export function shardOf({ eventID = "" }: KinesisEventRecord): string {
  return eventID.slice(0, eventID.indexOf(":"));
}

/** The messages of a record, in order. `keyed`: the group keeps the order of keys. Never throws. */
export function fromEventRecord(record: KinesisEventRecord, keyed: boolean): readonly Delivery<PushedReceipt>[] {
  const { partitionKey, sequenceNumber, data = "", approximateArrivalTimestamp: seconds } = record.kinesis ?? {};
  const deliveries: Delivery<PushedReceipt>[] = [];
  const each = (item: ShardMessage): void => {
    const position = toPosition(shardOf(record), item, item.packed ? item.sub : undefined);
    deliveries.push({
      id: position,
      message: fromData(item.data, keyed ? item.key : undefined),
      receipt: { sequence: item.sequence, sub: item.sub },
      raw: record,
      position,
      ...(item.at === undefined ? {} : { enqueuedAt: item.at }),
    });
  };
  const as = {
    PartitionKey: partitionKey,
    SequenceNumber: sequenceNumber,
    Data: Buffer.from(data, "base64"),
    ApproximateArrivalTimestamp: seconds === undefined ? undefined : new Date(seconds * 1_000),
  };
  unpack(as, each);
  return deliveries;
}

const ARN =
  /^(arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream\/([a-zA-Z0-9_.-]{1,128}))(?:\/consumer\/([a-zA-Z0-9_.-]{1,128}):\d+)?$/;

/** True if the ARN is that of the destination's stream, or of its registered consumer if the group uses enhanced fan-out. */
export function isStreamOf(of: Destination, options: KinesisOptions, arn: string): boolean {
  const found = ARN.exec(arn);
  if (found === null || found[3] !== streamName(of)) return false;
  const { StreamARN } = streamRef(of) as { readonly StreamARN?: string };
  if (StreamARN !== undefined && StreamARN !== found[1]) return false;
  if (options.region !== undefined && options.region !== found[2]) return false;
  return found[4] === (fansOut(of, options.fanOut) ? consumerName(of) : undefined);
}
