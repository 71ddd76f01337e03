/** OpenTelemetry's own instrumentation of the AWS SDK and of amqplib beside us: each message carries its own publisher's trace. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

let aws: Aws;
let kinesis: Kinesis;
beforeAll(async () => {
  [aws, kinesis] = await Promise.all([startAws(), startKinesis()]);
});
afterAll(async () => {
  await aws?.close();
  await kinesis?.close();
});

const program = new URL("support/traced-program.mjs", import.meta.url).pathname;
/** Both worlds of OpenTelemetry's JavaScript SDK, each with the instrumentations that belong to it. */
const WORLD_3 = new URL("support/otel-instrumented.mjs", import.meta.url).pathname;
const WORLD_2 = { WORLD: new URL("../test-otel-2/instrumented.mjs", import.meta.url).pathname };
const WORLDS = [
  ["", {}],
  [", with spans of our own", { TELEMETRY: "1" }],
  [", with the SDK's 2.x", WORLD_2],
] as const;
let stages = 0;

type Places = Readonly<Record<string, { readonly model: string; readonly connection: object }>>;

/** What arrived in each place, and what ought to have: each message, its handler and what that publishes in the trace of its publisher. */
async function traced(places: Places, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["--conditions=@switchyard/source", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ...aws.env,
      WORLD: WORLD_3,
      ...env,
      PLACES: JSON.stringify(places),
      STAGE: `traced${process.pid}-${++stages}`,
    },
  });
  const [printed] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const { beside, stories } = JSON.parse(printed);
  const names = Object.keys(places);
  const seen = names.map((name) => {
    const { expected: _, ...story } = stories[name];
    return [name, story];
  });
  const right = names.map((name) => {
    const { expected } = stories[name];
    return [name, { carried: expected, active: expected, replies: expected }];
  });
  // No span of a client's instrumentation for our calls to send: it would name one publisher for a whole batch.
  return { seen: { beside, seen }, right: { beside: 0, seen: right } };
}

describe("three publishers in one tick keep their traces", () => {
  test.each(WORLDS)("on SQS, SNS and Kinesis%s", { timeout: 90_000 }, async (_with, more) => {
    const { AWS_ENDPOINT_URL: queues = "", ...rest } = aws.env;
    const leases = { store: "memory", duration: "9s", handover: "3s", discover: "2s" };
    const places = {
      sqs: { model: "queue", connection: { use: "sqs" } },
      sns: { model: "pubsub", connection: { use: "aws" } },
      kinesis: {
        model: "stream",
        connection: { use: "aws", kinesis: { poll: { every: "50ms", idle: "500ms" }, leases } },
      },
    };
    // Kinesis's emulator is one of its own.
    const env = { ...rest, ...kinesis.env, AWS_ENDPOINT_URL_SQS: queues, AWS_ENDPOINT_URL_SNS: queues, ...more };
    const { seen, right } = await traced(places, env);
    expect(seen).toEqual(right);
  });

  test.skipIf(skipped).each(WORLDS)(
    "on RabbitMQ, queue and topic%s, unless SWITCHYARD_SKIP says rabbit",
    { timeout: 120_000 },
    async (_with, more) => {
      const { url } = await sharedRabbit();
      const connection = { use: "amqp", url };
      const places = { queue: { model: "queue", connection }, topic: { model: "pubsub", connection } };
      const { seen, right } = await traced(places, { CONTROL: "amqp", ...more });
      expect(seen).toEqual(right);
    },
  );
});
