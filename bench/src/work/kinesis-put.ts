import { type KinesisClient, PutRecordCommand, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { connect } from "@switchyard/core";
import type { Work } from "../measured.ts";
import { connection, client, onEmulator, onNull, type Where } from "./kinesis-server.ts";
import { jobs, message, silent } from "./messages.ts";
import { atOnce, sends } from "./server.ts";

/** Asked for at once. */
const COUNT = 10_000;
const BATCH = 500;

const publishes =
  (where: Where, count: number): Work =>
  async (options) => {
    const at = where(options);
    await at.stream(`${at.prefix}_jobs`);
    const messaging = await connect({
      channels: [jobs],
      service: "bench",
      config: {
        prefix: at.prefix,
        connections: { kinesis: connection(at.url) },
        policies: { default: { deadLetter: "block" } },
        channels: { jobs: { model: "stream", on: "kinesis", groups: { work: {} } } },
      } as never,
      observe: silent,
    });
    const run = (messages: number) =>
      Promise.all(Array.from({ length: messages }, (_, i) => messaging.publish(jobs, "job", message(i))));
    return sends(count, run, () => messaging.stop(), at.server);
  };

type Send = (own: KinesisClient, StreamName: string, count: number) => Promise<unknown>;

const raw =
  (where: Where, send: Send, count: number): Work =>
  async (options) => {
    const at = where(options);
    const stream = await at.stream("raw");
    const own = client(at.url);
    return sends(
      count,
      (messages) => send(own, stream, messages),
      () => own.destroy(),
      at.server,
    );
  };

const record = (i: number) => ({ Data: Buffer.from(JSON.stringify(message(i))), PartitionKey: String(i) });

/** Ten calls at once, as ours; more were no faster here. */
const batches: Send = (own, StreamName, count) =>
  atOnce(10, count / BATCH, async (batch) => {
    const Records = Array.from({ length: BATCH }, (_, i) => record(batch * BATCH + i));
    const { FailedRecordCount } = await own.send(new PutRecordsCommand({ StreamName, Records }));
    if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records were refused`);
  });

const single: Send = (own, StreamName, count) =>
  atOnce(50, count, (i) => own.send(new PutRecordCommand({ StreamName, ...record(i) })));

export const ours = publishes(onNull, COUNT);
export const rawBatches = raw(onNull, batches, COUNT);
export const rawOneByOne = raw(onNull, single, 2_000);
export const lifion: Work = async (options) => {
  const { lifionClient } = await import("./lifion.ts");
  const at = onNull(options);
  const own = await lifionClient(options, "lifion-put");
  const run = (count: number) =>
    atOnce(10, count / BATCH, (batch) =>
      own.putRecords({
        records: Array.from({ length: BATCH }, (_, i) => ({
          data: message(batch * BATCH + i),
          partitionKey: String(i),
        })),
      }),
    );
  return sends(COUNT, run, silent, at.server);
};

export const oursEmulated = publishes(onEmulator, 2_000);
export const rawBatchesEmulated = raw(onEmulator, batches, 2_000);
