import { PublishBatchCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { connect } from "@switchyard/core";
import { sns } from "@switchyard/sns";
import type { Work, WorkOptions } from "../measured.ts";
import { jobs, message, silent } from "./messages.ts";
import { allDone, atOnce, NullServer, sends } from "./server.ts";

/** Asked for at once. */
const COUNT = 10_000;
const ACCOUNT = "000000000000";
const topic = (name: string): string => `arn:aws:sns:us-east-1:${ACCOUNT}:${name}`;
const urlOf = ({ servers }: WorkOptions): string => servers["null-sns"] as string;

export const ours: Work = async (options) => {
  const endpoint = urlOf(options);
  const messaging = await connect({
    channels: [jobs],
    service: "bench",
    config: {
      prefix: "bench",
      connections: { sns: sns({ region: "us-east-1", endpoint, accountId: ACCOUNT }) },
      channels: { jobs: { model: "pubsub", on: "sns", groups: { work: {} } } },
    } as never,
    observe: silent,
  });
  const run = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => messaging.publish(jobs, "job", message(i))));
  return sends(COUNT, run, () => messaging.stop(), new NullServer(endpoint));
};

export function client(endpoint: string): SNSClient {
  return new SNSClient({
    endpoint,
    region: "us-east-1",
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: 200 } },
  });
}

type Send = (own: SNSClient, count: number) => Promise<unknown>;

const raw =
  (send: Send, count: number): Work =>
  async (options) => {
    const own = client(urlOf(options));
    return sends(
      count,
      (messages) => send(own, messages),
      () => own.destroy(),
      new NullServer(urlOf(options)),
    );
  };

const text = (i: number): string => JSON.stringify(message(i));

/** Batches of ten, twenty calls at once: more were slower here. */
export const rawBatches = raw(
  (own, count) =>
    atOnce(20, count / 10, (batch) =>
      own
        .send(
          new PublishBatchCommand({
            TopicArn: topic("raw"),
            PublishBatchRequestEntries: Array.from({ length: 10 }, (_, i) => ({
              Id: String(i),
              Message: text(batch * 10 + i),
            })),
          }),
        )
        .then(allDone),
    ),
  COUNT,
);

export const rawOneByOne = raw(
  (own, count) => atOnce(50, count, (i) => own.send(new PublishCommand({ TopicArn: topic("raw"), Message: text(i) }))),
  2_000,
);

export const toolkit: Work = async (options) => {
  const { snsPublisher } = await import("./toolkit-sns.ts");
  const own = client(urlOf(options));
  const publishes = await snsPublisher(own, topic("toolkit"));
  return sends(
    2_000,
    (count) => atOnce(50, count, publishes),
    () => own.destroy(),
    new NullServer(urlOf(options)),
  );
};
