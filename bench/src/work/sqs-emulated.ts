/** SQS's work against the emulator, which counts nothing. Each process has queues of its own: others' consumers would take its messages. */
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { connect, consumer, type Telemetry } from "@switchyard/core";
import { sqs } from "@switchyard/sqs";
import { timed, type Work, type WorkOptions } from "../measured.ts";
import type { ByHand } from "./by-hand.ts";
import { jobs, message, silent } from "./messages.ts";
import { allDone, atOnce, sends } from "./server.ts";
import { client, createQueue } from "./sqs-server.ts";

const COUNT = 1_000;
const urlOf = ({ servers }: WorkOptions): string => servers["emulator-sqs"] as string;

async function connected(options: WorkOptions, who: string, telemetry?: Telemetry) {
  const prefix = `${who}-${process.pid}`;
  const endpoint = urlOf(options);
  await createQueue(endpoint, `${prefix}_jobs_work`);
  return connect({
    channels: [jobs],
    service: "bench",
    config: {
      prefix,
      connections: { sqs: sqs({ region: "us-east-1", endpoint }) },
      policies: { default: { deadLetter: false } },
      channels: { jobs: { model: "queue", on: "sqs", groups: { work: { concurrency: 100 } } } },
    } as never,
    observe: silent,
    ...(telemetry && { telemetry }),
  });
}

/** Batches of ten, twenty calls at once. */
async function sender(options: WorkOptions, name: string, hand?: ByHand) {
  const QueueUrl = await createQueue(urlOf(options), `${name}-${process.pid}`);
  const own = client(urlOf(options));
  const send = (count: number) =>
    atOnce(20, count / 10, async (batch) => {
      const begun = hand && Array.from({ length: 10 }, (_, i) => hand.publish(batch * 10 + i));
      const Entries = Array.from({ length: 10 }, (_, i) => ({
        Id: String(i),
        MessageBody: JSON.stringify(message(batch * 10 + i)),
        ...(begun && {
          MessageAttributes: { traceparent: { DataType: "String", StringValue: begun[i]!.headers["traceparent"] } },
        }),
      }));
      allDone(await own.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
      for (const { confirmed } of begun ?? []) confirmed();
    });
  return { own, QueueUrl, send };
}

export const ours: Work = async (options) => {
  const messaging = await connected(options, "publish");
  const run = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => messaging.publish(jobs, "job", message(i))));
  return sends(COUNT, run, () => messaging.stop());
};

export const rawBatches: Work = async (options) => {
  const { own, send } = await sender(options, "raw-publish");
  return sends(COUNT, send, () => own.destroy());
};

const handledAll = (fill: (count: number) => Promise<unknown>, handled: () => number, close: () => unknown) => ({
  round: () =>
    timed(COUNT, async () => {
      const goal = handled() + COUNT;
      await fill(COUNT);
      while (handled() < goal) await new Promise((resolve) => setTimeout(resolve, 1));
    }),
  close: async () => void (await close()),
});

export const oursAll: Work = (options) => oursWith(undefined)(options);

export const oursWith =
  (telemetry: Telemetry | undefined): Work =>
  async (options) => {
    const messaging = await connected(options, telemetry === undefined ? "consume" : "traced", telemetry);
    let handled = 0;
    messaging.consume(consumer(jobs, "work", { job: () => void handled++ }));
    await messaging.start();
    const fill = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => messaging.publish(jobs, "job", message(i))));
    return handledAll(
      fill,
      () => handled,
      () => messaging.stop({ deadline: "1s" }),
    );
  };

export const rawAll: Work = (options) => rawBy(undefined)(options);

/** `hand`: what it makes of each message travels as message attributes, as the official instrumentation's header does. */
export const rawBy =
  (hand: ByHand | undefined): Work =>
  async (options) => {
    const { own, QueueUrl, send } = await sender(options, "raw-consume", hand);
    let handled = 0;
    const stop = new AbortController();
    const loop = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const command = new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 20,
          ...(hand && { MessageAttributeNames: ["traceparent"] }),
        });
        const { Messages = [] } = await own.send(command, { abortSignal: stop.signal });
        for (const { Body, MessageAttributes } of Messages) {
          JSON.parse(Body as string);
          if (hand === undefined) handled++;
          else hand.handle({ traceparent: MessageAttributes?.["traceparent"]?.StringValue }, () => void handled++);
        }
        const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
        if (Entries.length > 0)
          void own.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })).then(allDone).catch(silent);
      }
    };
    for (let i = 0; i < 10; i++) loop().catch(silent);
    return handledAll(
      send,
      () => handled,
      () => stop.abort(),
    );
  };
