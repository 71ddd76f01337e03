import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { connect } from "@switchyard/core";
import { sqs } from "@switchyard/sqs";
import { type Session, timed, type Work, type WorkOptions } from "../measured.ts";
import { jobs, message, silent } from "./messages.ts";
import { allDone } from "./server.ts";
import { client, NullSqs, total } from "./sqs-server.ts";

/** Asked for at once. */
const COUNT = 10_000;

function session(
  options: WorkOptions,
  run: (count: number) => Promise<unknown>,
  close: () => unknown,
  count = COUNT,
): Session {
  const server = new NullSqs(options);
  return {
    round: async () => {
      await server.counts();
      const sample = await timed(count, () => run(count));
      return { ...sample, requests: (total(await server.counts()) / count) * 1_000 };
    },
    close: async () => void (await close()),
  };
}

/** `run` at most `limit` times at once. */
async function atOnce(limit: number, count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: limit }, loop));
}

const bodies = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify(message(from + i)));

export const ours: Work = async (options) => {
  const endpoint = new NullSqs(options).url;
  const messaging = await connect({
    channels: [jobs],
    service: "bench",
    config: {
      prefix: "bench",
      connections: { sqs: sqs({ region: "us-east-1", endpoint }) },
      channels: { jobs: { model: "queue", on: "sqs", groups: { work: {} } } },
    } as never,
    observe: silent,
  });
  const run = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => messaging.publish(jobs, "job", message(i))));
  return session(options, run, () => messaging.stop());
};

const raw =
  (send: (sqs: SQSClient, queue: string, count: number) => Promise<unknown>, count = COUNT): Work =>
  async (options) => {
    const server = new NullSqs(options);
    const queue = server.queue("raw");
    const own = client(server.url);
    return session(
      options,
      (messages) => send(own, queue, messages),
      () => own.destroy(),
      count,
    );
  };

/** Batches of ten, twenty calls at once: more were slower here. */
export const rawBatches = raw((own, QueueUrl, count) =>
  atOnce(20, count / 10, (batch) =>
    own
      .send(
        new SendMessageBatchCommand({
          QueueUrl,
          Entries: bodies(batch * 10, 10).map((MessageBody, i) => ({ Id: String(i), MessageBody })),
        }),
      )
      .then(allDone),
  ),
);

export const rawOneByOne = raw(
  (own, QueueUrl, count) =>
    atOnce(50, count, (i) => own.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message(i)) }))),
  2_000,
);

export const sqsProducer: Work = async (options) => {
  const { Producer } = await import("sqs-producer");
  const server = new NullSqs(options);
  const own = client(server.url);
  const producer = Producer.create({ queueUrl: server.queue("producer"), sqs: own as never, region: "us-east-1" });
  const run = (count: number) => producer.send(bodies(0, count).map((body, i) => ({ id: String(i), body })));
  return session(options, run, () => own.destroy(), 5_000);
};

export const toolkit: Work = async (options) => {
  const { publisher } = await import("./toolkit.ts");
  const server = new NullSqs(options);
  const own = client(server.url);
  const publishes = await publisher(own, server.queue("toolkit"));
  return session(
    options,
    (count) => atOnce(50, count, publishes),
    () => own.destroy(),
    2_000,
  );
};
