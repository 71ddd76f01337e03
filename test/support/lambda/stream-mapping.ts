/**
 * An event source mapping of a stream, as AWS documents it: reads each shard in order, one invocation at a time, from a checkpoint that it
 * keeps itself.
 *
 * Documented [AWS developer guide, "Using Lambda with Amazon Kinesis"]: a batch that fails comes again, whole, until it succeeds, `retries`
 * are used up or its records expire. With `ReportBatchItemFailures` it comes again from the lowest number that the answer names. With
 * `bisect` a batch that fails whole is split in two; splitting uses up no retry. Records that are given up go to a destination.
 */
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type _Record,
} from "@aws-sdk/client-kinesis";
import { systemRuntime } from "@switchyard/core";
import type { Invoke } from "./function.ts";

export interface StreamMappingOptions {
  readonly client: KinesisClient;
  readonly stream: string;
  readonly invoke: Invoke;
  /** `FunctionResponseTypes: [ReportBatchItemFailures]`. */
  readonly report: boolean;
  /** Default 100. */
  readonly batchSize?: number;
  /** `MaximumRetryAttempts`. Default -1: no limit. */
  readonly retries?: number;
  /** `BisectBatchOnFunctionError`. Default false. */
  readonly bisect?: boolean;
  /** Milliseconds between reads of a shard without new records. Default 100. */
  readonly everyMs?: number;
  /** The last record of each shard that is done, for a mapping that is stopped and started again. Default: of this mapping alone. */
  readonly checkpoints?: Map<string, string>;
  /** The ARN of a registered consumer, for enhanced fan-out: it is the event source, and the ARN in the events. Default: the stream. */
  readonly consumer?: string;
}

export class StreamMapping {
  readonly #options: StreamMappingOptions;
  readonly #stop = new AbortController();
  readonly #checkpoints: Map<string, string>;
  readonly #loops = new Map<string, Promise<void>>();
  /** Records that were given up. */
  readonly discarded: _Record[] = [];
  invocations = 0;

  constructor(options: StreamMappingOptions) {
    this.#options = options;
    this.#checkpoints = options.checkpoints ?? new Map();
  }

  async start(): Promise<void> {
    await this.#discover();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops.values());
  }

  /** Starts every shard whose parents have ended. */
  async #discover(ended = new Set<string>()): Promise<void> {
    const { client, stream } = this.#options;
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: stream }));
    const shards = StreamDescription?.Shards ?? [];
    const known = new Set(shards.map(({ ShardId }) => ShardId));
    this.#arn = this.#options.consumer ?? StreamDescription!.StreamARN!;
    for (const { ShardId = "", ParentShardId, AdjacentParentShardId } of shards) {
      const parents = [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined && known.has(id));
      if (this.#loops.has(ShardId) || !parents.every((id) => ended.has(id!) || this.#ended.has(id!))) continue;
      this.#loops.set(ShardId, this.#read(ShardId));
    }
  }

  #arn = "";
  readonly #ended = new Set<string>();

  async #read(shard: string): Promise<void> {
    const { client, stream, batchSize = 100, everyMs = 100 } = this.#options;
    const after = this.#checkpoints.get(shard);
    const first = {
      StreamName: stream,
      ShardId: shard,
      ...(after === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" as const }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER" as const, StartingSequenceNumber: after }),
    };
    let next = (await client.send(new GetShardIteratorCommand(first))).ShardIterator;
    while (!this.#stop.signal.aborted && next !== undefined && next !== null) {
      const got = await client
        .send(new GetRecordsCommand({ ShardIterator: next, Limit: batchSize }))
        .catch(() => undefined);
      if (got === undefined) {
        await systemRuntime.sleep(everyMs, this.#stop.signal);
        continue;
      }
      const { Records = [], NextShardIterator } = got;
      if (Records.length > 0) await this.#deliver(shard, Records);
      else await systemRuntime.sleep(everyMs, this.#stop.signal);
      next = NextShardIterator;
    }
    if (this.#stop.signal.aborted) return;
    this.#ended.add(shard);
    await this.#discover().catch(() => undefined);
  }

  /** Delivers records until they are done or given up. */
  async #deliver(shard: string, records: readonly _Record[]): Promise<void> {
    const { retries = -1, bisect = false, report, invoke } = this.#options;
    let left = [...records];
    let tries = 0;
    while (left.length > 0 && !this.#stop.signal.aborted) {
      this.invocations++;
      const ended = await invoke({ Records: left.map((record) => recordOf(record, shard, this.#arn)) });
      const from = ended.kind === "answered" ? (report ? lowest(ended.answer, left) : undefined) : 0;
      if (from === undefined) {
        this.#checkpoints.set(shard, left.at(-1)!.SequenceNumber!);
        return;
      }
      if (from > 0) {
        this.#checkpoints.set(shard, left[from - 1]!.SequenceNumber!);
        left = left.slice(from);
        tries = 0;
        continue;
      }
      if (ended.kind === "failed" && bisect && left.length > 1) {
        const half = Math.ceil(left.length / 2);
        await this.#deliver(shard, left.slice(0, half));
        left = left.slice(half);
        tries = 0;
        continue;
      }
      if (retries >= 0 && ++tries > retries) {
        this.discarded.push(...left);
        return;
      }
      // Lambda backs off. Tests need not wait long.
      await systemRuntime.sleep(10, this.#stop.signal);
    }
  }
}

/** Where the records that must come again begin. Undefined: all are done. */
function lowest(answer: unknown, records: readonly _Record[]): number | undefined {
  const { batchItemFailures } = (answer ?? {}) as { batchItemFailures?: unknown };
  if (batchItemFailures === undefined || batchItemFailures === null) return undefined;
  if (!Array.isArray(batchItemFailures)) return 0;
  if (batchItemFailures.length === 0) return undefined;
  const at = batchItemFailures.map((item) => {
    const id: unknown = (item as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    return records.findIndex(({ SequenceNumber }) => SequenceNumber === id);
  });
  return Math.max(Math.min(...at), 0);
}

function recordOf(
  { Data, PartitionKey, SequenceNumber, ApproximateArrivalTimestamp }: _Record,
  shard: string,
  arn: string,
) {
  return {
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: PartitionKey,
      sequenceNumber: SequenceNumber,
      data: Buffer.from(Data ?? []).toString("base64"),
      approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shard}:${SequenceNumber}`,
    eventName: "aws:kinesis:record",
    eventSourceARN: arn,
    awsRegion: arn.split(":")[3],
  };
}
