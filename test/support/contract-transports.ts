/**
 * The transports of `npm run contract`. Each broker is started when the first transport that needs it runs, and stopped at the end.
 *
 * SQS, SNS and Kinesis are emulators in this process, or what the AWS SDK's own environment names: `AWS_ENDPOINT_URL` (or one for a
 * service), or `SWITCHYARD_AWS=real` for an account; both need credentials. RabbitMQ is a node of its own, or that of `AMQP_URL`.
 */
import type { Harness, HarnessSource } from "@switchyard/contract";
import { startAws } from "./aws-emulator.ts";
import { memoryHarness, memoryVarieties, sqsHarness } from "./contract-harnesses.ts";
import { startKinesis } from "./kinesis-emulator.ts";
import { kinesisHarness } from "./kinesis-harness.ts";
import { lambdaOnKinesis, lambdaOnSns, lambdaOnSqs } from "./lambda-harnesses.ts";
import { rabbitHarness, rabbitVarieties } from "./rabbit-harness.ts";
import { skipped, startRabbit } from "./rabbit.ts";
import { snsHarness } from "./sns-harnesses.ts";

interface Closing {
  close(): Promise<void>;
}

const started: Promise<Closing>[] = [];

/** Started once, when it is first asked for. */
function shared<T extends Closing>(start: () => Promise<T>): () => Promise<T> {
  let once: Promise<T> | undefined;
  return () => {
    if (once === undefined) started.push((once = start()));
    return once;
  };
}

const aws = shared(startAws);
const kinesis = shared(startKinesis);
const rabbit = shared(startRabbit);

async function close(): Promise<void> {
  const ended = await Promise.allSettled(
    started.splice(0).map(async (one) => (await one.catch(() => undefined))?.close()),
  );
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

const source = (name: string, open: () => Promise<Harness>): HarnessSource => ({ name, open, close });

const onKinesis = async (fanOut: boolean) => kinesisHarness({ sqs: await aws(), kinesis: await kinesis() }, fanOut);

const sources: readonly HarnessSource[] = [
  ...memoryVarieties.map((variety) => source(variety.name, async () => memoryHarness(variety))),
  source("SQS standard", async () => sqsHarness(await aws(), false)),
  source("SQS FIFO", async () => sqsHarness(await aws(), true)),
  source("SNS standard", async () => snsHarness(await aws(), false)),
  source("SNS FIFO", async () => snsHarness(await aws(), true)),
  ...(skipped ? [] : rabbitVarieties).map((variety) =>
    source(variety.name, async () => {
      const { url, what } = await rabbit();
      return { ...rabbitHarness(variety, url), about: what };
    }),
  ),
  source("Kinesis, polling", () => onKinesis(false)),
  source("Kinesis, fan-out", () => onKinesis(true)),
  source("Lambda on SQS standard", async () => lambdaOnSqs(await aws(), false)),
  source("Lambda on SQS FIFO", async () => lambdaOnSqs(await aws(), true)),
  source("Lambda on SNS", async () => lambdaOnSns(await aws())),
  source("Lambda on Kinesis", async () => lambdaOnKinesis({ sqs: await aws(), kinesis: await kinesis() })),
];

export default sources;
