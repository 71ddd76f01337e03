import {
  type KinesisClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { connect, consumer } from "@switchyard/core";
import { timed, type Work, type WorkOptions } from "../measured.ts";
import { client, connection, type Kinesis, onEmulator, onNull, type Where } from "./kinesis-server.ts";
import { jobs, message, silent } from "./messages.ts";
import { perThousand } from "./server.ts";

interface Consumes {
  readonly stream: string;
  stop(): unknown;
  /** Puts messages there; only where no null server gives them. */
  fill?(count: number): Promise<unknown>;
}
type Start = (at: Kinesis, handle: () => void, options: WorkOptions) => Promise<Consumes>;

const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Handlers that do nothing: as many messages as there are, until the last is handled. Reads that brought nothing are not counted. */
const all =
  (where: Where, start: Start, count: number): Work =>
  async (options) => {
    const at = where(options);
    let handled = 0;
    const consumes = await start(at, () => void handled++, options);
    return {
      round: async () => {
        await at.server?.counts();
        const goal = handled + count;
        const sample = await timed(count, async () => {
          await (at.server?.give(consumes.stream, count) ?? consumes.fill?.(count));
          await until(() => handled >= goal);
        });
        if (at.server === undefined) return sample;
        const { GetRecords = 0, "GetRecords, empty": empty = 0 } = await at.server.counts();
        return { ...sample, ...perThousand(GetRecords - empty, count) };
      },
      close: async () => void (await consumes.stop()),
    };
  };

const ours: Start = async (at, handle) => {
  const stream = await at.stream(`${at.prefix}_jobs`);
  const messaging = await connect({
    channels: [jobs],
    service: "bench",
    config: {
      prefix: at.prefix,
      connections: { kinesis: connection(at.url) },
      policies: { default: { deadLetter: "block" } },
      channels: { jobs: { model: "stream", on: "kinesis", groups: { work: { concurrency: 100 } } } },
    } as never,
    observe: silent,
  });
  const publish = (i: number) => messaging.publish(jobs, "job", message(i));
  // The null server gives out copies of the last message put: this one, envelope and all.
  await publish(0);
  messaging.consume(consumer(jobs, "work", { job: handle }));
  await messaging.start();
  return {
    stream,
    stop: () => messaging.stop({ deadline: "1s" }),
    fill: (count) => Promise.all(Array.from({ length: count }, (_, i) => publish(i))),
  };
};

const records = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ Data: Buffer.from(JSON.stringify(message(i))), PartitionKey: String(i) }));

async function fill(own: KinesisClient, StreamName: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 500)
    await own.send(new PutRecordsCommand({ StreamName, Records: records(Math.min(left, 500)) }));
}

/** One loop a shard, of calls that bring at most `Limit`; handled as they come, parsed as ours are. */
const rawLoops =
  (Limit: number): Start =>
  async (at, handle) => {
    const stream = await at.stream(`raw-${Limit}`);
    const own = client(at.url);
    await fill(own, stream, 1);
    const { Shards = [] } = await own.send(new ListShardsCommand({ StreamName: stream }));
    const stop = new AbortController();
    const loop = async (ShardId: string | undefined): Promise<void> => {
      const from = { StreamName: stream, ShardId, ShardIteratorType: "TRIM_HORIZON" } as const;
      let { ShardIterator } = await own.send(new GetShardIteratorCommand(from));
      while (!stop.signal.aborted) {
        const got = await own.send(new GetRecordsCommand({ ShardIterator, Limit }), { abortSignal: stop.signal });
        ShardIterator = got.NextShardIterator;
        for (const { Data } of got.Records ?? []) {
          JSON.parse(Buffer.from(Data as Uint8Array).toString());
          handle();
        }
        if (got.Records?.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    for (const { ShardId } of Shards) loop(ShardId).catch(silent);
    return { stream, stop: () => stop.abort(), fill: (count) => fill(own, stream, count) };
  };

const lifionConsumer: Start = async (at, handle, options) => {
  const { lifionClient } = await import("./lifion.ts");
  const stream = await at.stream("lifion-consume");
  const own = await lifionClient(options, stream);
  const failed = new Promise<never>((_, reject) => own.on("error", reject));
  own.on("data", ({ records: got }: { records: readonly object[] }) => got.forEach(handle));
  await Promise.race([own.putRecords({ records: [{ data: message(0), partitionKey: "0" }] }), failed]);
  await Promise.race([own.startConsumer(), failed]);
  return { stream, stop: () => own.stopConsumer() };
};

export const oursAll = all(onNull, ours, 10_000);
export const rawThousands = all(onNull, rawLoops(1_000), 10_000);
export const rawMost = all(onNull, rawLoops(10_000), 10_000);
export const lifion = all(onNull, lifionConsumer, 10_000);

export const oursEmulated = all(onEmulator, ours, 1_000);
export const rawEmulated = all(onEmulator, rawLoops(1_000), 1_000);
