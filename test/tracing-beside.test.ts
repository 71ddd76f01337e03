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
let stages = 0;

/** What arrived, and what ought to have: each message, its handler and what that publishes in the trace of its publisher. */
async function traced(model: string, connection: object, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ["--conditions=@switchyard/source", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ...aws.env,
      WORLD: WORLD_3,
      ...env,
      MODEL: model,
      CONNECTION: JSON.stringify(connection),
      STAGE: `traced${process.pid}-${++stages}`,
    },
  });
  const [printed] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const { expected, ...seen } = JSON.parse(printed);
  // No span of a client's instrumentation for our calls to send: it would name one publisher for a whole batch.
  return { seen, right: { carried: expected, active: expected, replies: expected, beside: 0 } };
}

describe("three publishers in one tick keep their traces", () => {
  test("on SQS", async () => {
    const { seen, right } = await traced("queue", { use: "sqs" });
    expect(seen).toEqual(right);
  }, 60_000);

  test("on SQS, with spans of our own", async () => {
    const { seen, right } = await traced("queue", { use: "sqs" }, { TELEMETRY: "1" });
    expect(seen).toEqual(right);
  }, 60_000);

  test("on SQS, with the SDK's 2.x", async () => {
    const { seen, right } = await traced("queue", { use: "sqs" }, WORLD_2);
    expect(seen).toEqual(right);
  }, 60_000);

  test("on SNS", async () => {
    const { seen, right } = await traced("pubsub", { use: "aws" });
    expect(seen).toEqual(right);
  }, 60_000);

  test("on Kinesis", async () => {
    const { AWS_ENDPOINT_URL: queues = "", ...rest } = aws.env;
    const leases = { store: "memory", duration: "9s", handover: "3s", discover: "2s" };
    const connection = { use: "aws", kinesis: { poll: { every: "50ms", idle: "500ms" }, leases } };
    const env = { ...rest, ...kinesis.env, AWS_ENDPOINT_URL_SQS: queues };
    const { seen, right } = await traced("stream", connection, env);
    expect(seen).toEqual(right);
  }, 60_000);

  test.skipIf(skipped).each([
    ["queue", "", {}],
    ["queue", ", with spans of our own", { TELEMETRY: "1" }],
    ["queue", ", with the SDK's 2.x", WORLD_2],
    ["pubsub", "", {}],
  ])(
    "on RabbitMQ, %s%s, unless SWITCHYARD_SKIP says rabbit",
    async (model, _with, env) => {
      const { url } = await sharedRabbit();
      const { seen, right } = await traced(model, { use: "amqp", url }, { CONTROL: "amqp", ...env });
      expect(seen).toEqual(right);
    },
    120_000,
  );
});
