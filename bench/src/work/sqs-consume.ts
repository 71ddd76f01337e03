import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { connect, consumer } from "@switchyard/core";
import { sqs } from "@switchyard/sqs";
import { Consumer, type ConsumerOptions } from "sqs-consumer";
import { counted, type Session, timed, type Work, type WorkOptions } from "../measured.ts";
import { jobs, message, ordered, silent } from "./messages.ts";
import { allDone } from "./server.ts";
import { client, NullSqs, total } from "./sqs-server.ts";

type Handle = () => unknown;
interface Consumes {
  /** Handled so far. */
  readonly queue: string;
  stop(): unknown;
}
type Start = (server: NullSqs, handle: Handle) => Promise<Consumes>;

/** Handlers that do nothing: as many messages as there are, until the last is handled and deleted. */
function all(start: Start, full: number): Work {
  return async (options: WorkOptions): Promise<Session> => {
    const count = options.quick ? full / 2 : full;
    const server = new NullSqs(options);
    let handled = 0;
    const consumes = await start(server, () => void handled++);
    return {
      round: async () => {
        await server.counts();
        const goal = handled + count;
        let deleted: Record<string, number> = {};
        const sample = await timed(count, async () => {
          await server.give(consumes.queue, count);
          while (handled < goal) await new Promise((resolve) => setTimeout(resolve, 1));
        });
        await new Promise((resolve) => setTimeout(resolve, 300));
        deleted = await server.counts();
        return { ...sample, requests: (total(deleted) / count) * 1_000 };
      },
      close: async () => void (await consumes.stop()),
    };
  };
}

/** Handlers that take their time: how many end in a few seconds. */
function paced(start: Start, ms: () => number): Work {
  return async (options: WorkOptions): Promise<Session> => {
    const server = new NullSqs(options);
    let handled = 0;
    const handle = () =>
      new Promise<void>((resolve) =>
        setTimeout(() => {
          handled++;
          resolve();
        }, ms()),
      );
    const consumes = await start(server, handle);
    await server.give(consumes.queue, 1_000_000);
    return {
      round: () => counted(options.quick ? 2_000 : 6_000, () => handled),
      close: async () => {
        await server.clear(consumes.queue);
        await consumes.stop();
      },
    };
  };
}

const MIXED = [5, 500, 20, 100, 50, 250, 10, 200];
let turn = 0;
const mixed = () => MIXED[turn++ % MIXED.length] as number;

const ours =
  (concurrency: number, fifo = false): Start =>
  async (server, handle) => {
    const name = fifo ? "ordered" : "jobs";
    const of = fifo ? ordered : jobs;
    const messaging = await connect({
      channels: [of],
      service: "bench",
      config: {
        prefix: "bench",
        connections: { sqs: sqs({ region: "us-east-1", endpoint: server.url }) },
        channels: { [name]: { model: "queue", on: "sqs", groups: { work: { concurrency } } } },
      } as never,
      observe: silent,
    });
    // The null server gives out copies of the last message sent: this one, envelope and all.
    await messaging.publish(of as typeof jobs, "job", message(0));
    messaging.consume(consumer(of as typeof jobs, "work", { job: handle }));
    await messaging.start();
    return {
      queue: fifo ? "bench_ordered_work.fifo" : "bench_jobs_work",
      stop: () => messaging.stop({ deadline: "1s" }),
    };
  };

const rawLoops =
  (loops: number): Start =>
  async (server, handle) => {
    const queue = "raw-consume";
    const QueueUrl = server.queue(queue);
    const own = client(server.url);
    await own.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message(0)) }));
    const stop = new AbortController();
    const loop = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 });
        const { Messages = [] } = await own.send(command, { abortSignal: stop.signal });
        for (const { Body } of Messages) {
          JSON.parse(Body as string);
          await handle();
        }
        const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
        // The deletion need not hold up the next receive.
        if (Entries.length > 0)
          void own.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })).then(allDone).catch(silent);
      }
    };
    for (let i = 0; i < loops; i++) loop().catch(silent);
    return { queue, stop: () => stop.abort() };
  };

const sqsConsumer =
  (extra: (handle: Handle) => Partial<ConsumerOptions>, queue: string): Start =>
  async (server, handle) => {
    const own = client(server.url);
    const queueUrl = server.queue(queue);
    await own.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message(0)) }));
    const made = Consumer.create({ queueUrl, sqs: own as never, ...extra(handle) } as ConsumerOptions);
    made.on("error", silent);
    made.start();
    return { queue, stop: () => made.stop({ abort: true }) };
  };

/** An async handler, which `sqs-consumer` asks for; parsed, as ours is. */
const one = (handle: Handle) => async (received: { Body?: string | undefined }) => {
  JSON.parse(received.Body as string);
  await handle();
  return received as never;
};

export const oursAll = all(ours(100), 10_000);
export const rawAll = all(rawLoops(10), 10_000);
export const consumerOneByOne = all(
  sqsConsumer((handle) => ({ handleMessage: one(handle) as never }), "one-by-one"),
  500,
);
const tens = (handle: Handle) => ({ batchSize: 10, handleMessage: one(handle) as never });
export const consumerTens = all(sqsConsumer(tens, "tens"), 2_000);
export const consumerBatches = all(
  sqsConsumer(
    (handle) => ({
      batchSize: 10,
      handleMessageBatch: async (batch: { Body?: string | undefined }[]) => {
        for (const each of batch) await one(handle)(each);
        return batch as never;
      },
    }),
    "batches",
  ),
  2_000,
);
export const toolkitAll: Work = (options) =>
  all(async (server, handle) => {
    const { consume } = await import("./toolkit.ts");
    const own = client(server.url);
    const queue = "toolkit";
    await own.send(
      new SendMessageCommand({
        QueueUrl: server.queue(queue),
        MessageBody: JSON.stringify({ ...message(0), ...(await import("./toolkit.ts")).FIELDS }),
      }),
    );
    const stop = await consume(own, server.queue(queue), handle);
    return { queue, stop };
  }, 500)(options);

export const oursMixed = paced(ours(50), mixed);
export const consumerMixed = paced(sqsConsumer(tens, "mixed"), mixed);

/** Five milliseconds each, in order within each of 100 groups. */
export const oursFifo = paced(ours(100, true), () => 5);
/** `sqs-consumer` runs the messages of a batch side by side: one at a time is its only way to keep their order. */
export const consumerFifo = paced(
  sqsConsumer((handle) => ({ batchSize: 1, handleMessage: one(handle) as never }), "sqs-consumer.fifo"),
  () => 5,
);
