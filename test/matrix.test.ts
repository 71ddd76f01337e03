/** One application on everything there is, with nothing but the profile different; and its results, which must be the same. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { app, type Run } from "./matrix/app.ts";
import { expected } from "./matrix/story.ts";
import { startAws } from "./support/aws-emulator.ts";
import { startKinesis } from "./support/kinesis-emulator.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

/** Each profile, and what carries the two channels then. */
const WITHOUT_RABBIT = [
  ["memory-queue", { orders: "queue memory ordered", notices: "queue memory standard" }],
  ["memory-pubsub", { orders: "pubsub memory ordered", notices: "pubsub memory standard" }],
  ["memory-stream", { orders: "stream memory ordered", notices: "stream memory standard" }],
  ["sqs-standard", { orders: "queue memory ordered", notices: "queue sqs standard" }],
  ["sqs-fifo", { orders: "queue sqs fifo", notices: "queue memory standard" }],
  ["sns-standard", { orders: "queue memory ordered", notices: "pubsub sns standard" }],
  ["sns-fifo", { orders: "pubsub sns fifo", notices: "queue memory standard" }],
  ["kinesis", { orders: "stream kinesis ordered", notices: "stream kinesis standard" }],
] as const;
const RABBIT = [
  ["rabbit-queue", { orders: "queue amqp ordered", notices: "queue amqp standard" }],
  ["rabbit-pubsub", { orders: "pubsub amqp ordered", notices: "pubsub amqp standard" }],
  ["rabbit-stream", { orders: "stream amqp ordered", notices: "stream amqp standard" }],
] as const;

const runs = new Map<string, Run>();
const closing: (() => Promise<void>)[] = [];
let rabbit: Promise<{ readonly url: string }> | undefined;
let stages = 0;

beforeAll(async () => {
  if (!skipped) rabbit = sharedRabbit(); // while others run
  rabbit?.catch(() => {});
  const [queues, kinesis] = await Promise.all([startAws(), startKinesis()]);
  closing.push(queues.close, kinesis.close);
  const { AWS_ENDPOINT_URL: at, ...rest } = queues.env;
  const env = { ...rest, ...kinesis.env, ...(kinesis.real ? {} : { POLL: "50ms" }) };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  if (at !== undefined) for (const name of ["SQS", "SNS"]) vi.stubEnv(`AWS_ENDPOINT_URL_${name}`, at);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closing.map((close) => close()));
});

async function run(profile: string, carried: object): Promise<void> {
  const url = profile.startsWith("rabbit") ? { AMQP_URL: (await rabbit!).url } : {};
  const done = await app(profile, { ...process.env, ...url, STAGE: `matrix${process.pid}-${++stages}` });
  runs.set(profile, done);
  expect(done.apart.carried).toEqual(carried);
  expect(done.report).toEqual(expected());
}

describe.concurrent("the results are those of one process without a broker", () => {
  test.each(WITHOUT_RABBIT)("on %s", run, 120_000);
  test.skipIf(skipped).each(RABBIT)("on %s, unless SWITCHYARD_SKIP says rabbit", run, 120_000);
});

test("all profiles give the same report; how often a message came is the only thing that may differ", () => {
  const [first, ...others] = [...runs.values()];
  expect(others).toHaveLength(skipped ? 7 : 10);
  for (const { report } of others) expect(report).toEqual(first!.report);
  const published = Object.keys(first!.report.handled).length + first!.report.stillDead.length;
  for (const { apart } of runs.values()) expect(apart.deliveries - apart.duplicates).toBeGreaterThanOrEqual(published);
});
