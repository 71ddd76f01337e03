/**
 * Publisher and consumer in two processes, OpenTelemetry's SDK and an OTLP receiver: one story through retry, dead letter and redrive. Set
 * SWITCHYARD_PLOT to a file to have the last story drawn: docs/guides/tracing.svg.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { type Kinesis, startKinesis } from "./support/kinesis-emulator.ts";
import { type OtlpReceiver, type OtlpSpan, startOtlp } from "./support/otlp-receiver.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
import { traceOf } from "./support/trace-plot.ts";

let aws: Aws;
let kinesis: Kinesis;
beforeAll(async () => {
  [aws, kinesis] = await Promise.all([startAws(), startKinesis()]);
});
afterAll(async () => {
  await aws?.close();
  await kinesis?.close();
});

const at = (file: string) => new URL(file, import.meta.url).pathname;
const SDK_3 = at("support/otel-sdk.mjs");
const SDK_2 = at("../test-otel-2/sdk.mjs");
let stages = 0;

interface Place {
  readonly model: string;
  readonly connection: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly sdk?: string;
}

async function run({ model, connection, env = {}, sdk = SDK_3 }: Place, receiver: OtlpReceiver): Promise<void> {
  const stage = `otel${process.pid}-${++stages}`;
  const start = (role: "publish" | "consume") =>
    spawn(process.execPath, ["--conditions=@switchyard/source", at("support/otel-service.mjs")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        ...aws.env,
        ...env,
        ROLE: role,
        SDK: sdk,
        OTLP: receiver.urlOf(role),
        MODEL: model,
        CONNECTION: JSON.stringify(connection),
        STAGE: stage,
      },
    });
  const consuming = start("consume");
  const ended = once(consuming, "exit");
  await Promise.race([once(consuming.stdout, "data"), ended]);
  const publishing = start("publish");
  expect(await once(publishing, "exit")).toEqual([0, null]);
  expect(await ended).toEqual([0, null]);
}

/** The spans of a message: those of its trace, and those of traces with a span that is linked to its creation. */
function storyOf(spans: readonly OtlpSpan[], root: string): readonly OtlpSpan[] {
  const { traceId } = spans.find(({ name }) => name === root)!;
  const create = spans.find((span) => span.traceId === traceId && span.name === "create jobs")!;
  const linked = spans.filter(
    ({ name, links }) => name === "process jobs" && links.some(({ spanId }) => spanId === create.spanId),
  );
  const traces = new Set([traceId, ...linked.map((span) => span.traceId)]);
  return spans.filter((span) => traces.has(span.traceId));
}

/** What a span says, without what differs from run to run. */
const facts = (span: OtlpSpan, create: OtlpSpan) => ({
  name: span.name,
  kind: span.kind,
  tied:
    span.parentSpanId === create.spanId
      ? "child"
      : span.links.some(({ spanId }) => spanId === create.spanId)
        ? "link"
        : undefined,
  outcome: span.attributes["switchyard.outcome"],
  attempt: span.attributes["switchyard.attempt"],
  failed: span.status === 2,
});

const processed = (attempt: number, tied: string, outcome: string) => ({
  name: "process jobs",
  kind: 5,
  tied,
  outcome,
  attempt,
  failed: outcome === "failed",
});
const sent = { name: "send jobs", kind: 3, tied: "child", outcome: undefined, attempt: undefined, failed: false };

async function story(place: Place, system: { readonly send: string; readonly consume?: string }): Promise<void> {
  await using receiver = await startOtlp();
  await run(place, receiver);
  const { spans, metrics, logs } = receiver;
  for (const n of [1, 2]) {
    const checkout = spans.find(({ name }) => name === `checkout ${n}`)!;
    const create = spans.find(({ name, parentSpanId }) => name === "create jobs" && parentSpanId === checkout.spanId)!;
    expect([create.kind, create.from, create.traceId]).toEqual([4, "publish", checkout.traceId]);
    const tied = spans
      .filter((span) => ["send jobs", "process jobs"].includes(span.name))
      .filter((span) => facts(span, create).tied !== undefined)
      .sort((one, other) => one.startMs - other.startMs);
    const by = (from: string, name: string) =>
      tied.filter((span) => span.from === from && span.name === name).map((span) => facts(span, create));
    expect(by("publish", "send jobs")).toEqual([sent]);
    // The first delivery continues the trace of the publisher, in the other process.
    const first = tied.find(({ name, parentSpanId }) => name === "process jobs" && parentSpanId === create.spanId);
    expect(first?.traceId).toBe(checkout.traceId);
    if (n === 1) {
      expect(by("consume", "process jobs")).toEqual([processed(1, "child", "failed"), processed(2, "link", "handled")]);
      expect(by("consume", "send jobs")).toEqual([]);
    } else {
      expect(by("consume", "process jobs")).toEqual([
        processed(1, "child", "failed"),
        processed(2, "link", "failed"),
        processed(1, "link", "handled"),
      ]);
      // The copy of the dead letter, and what was redriven.
      expect(by("consume", "send jobs")).toEqual([sent, sent]);
      const copies = tied.filter((span) => span.from === "consume" && span.name === "send jobs");
      expect(copies.map((span) => span.attributes["switchyard.dead_letter"])).toEqual([true, undefined]);
    }
    for (const span of spans.filter(({ name }) => /^(send|receive|settle) jobs$/.test(name)))
      expect(span.attributes).toMatchObject({ "server.address": "127.0.0.1", "server.port": expect.any(Number) });
    for (const span of tied) {
      const consumes = span.name === "process jobs";
      expect(span.attributes).toMatchObject({
        "messaging.system.name":
          consumes || span.attributes["messaging.consumer.group.name"] !== undefined
            ? expect.stringMatching(new RegExp(`^(${system.send}|${system.consume ?? system.send})$`))
            : system.send,
        "messaging.destination.template": "jobs",
        "messaging.operation.name": consumes ? "process" : "send",
      });
    }
  }
  // What a handler threw is a record in its span: the class and the place, and nothing of the text.
  const failed = spans.filter(({ attributes }) => attributes["switchyard.outcome"] === "failed");
  const places = (all: readonly { readonly traceId: string; readonly spanId: string }[]) =>
    all.map(({ traceId, spanId }) => `${traceId}-${spanId}`).sort();
  expect(places(logs)).toEqual(places(failed));
  for (const log of logs) {
    expect(log).toMatchObject({
      eventName: "messaging.process.exception",
      severity: 17,
      attributes: { "exception.type": "Error", "error.type": "_OTHER" },
      from: "consume",
    });
    expect(log.attributes["exception.stacktrace"]).toContain("otel-service.mjs");
    expect(log.text).not.toContain("not yet");
  }
  const plot = process.env["SWITCHYARD_PLOT"];
  if (plot !== undefined) writeFileSync(plot, traceOf(storyOf(spans, "checkout 2")));
  expect(spans.some(({ name }) => name === "settle jobs")).toBe(true);
  // Empty polls have no span, and a broker that pushes is not polled.
  for (const span of spans.filter(({ name }) => name === "receive jobs"))
    expect(span.attributes["messaging.batch.message_count"]).toBeGreaterThan(0);
  expect([...metrics]).toEqual(
    expect.arrayContaining([
      "messaging.client.sent.messages",
      "messaging.client.consumed.messages",
      "messaging.client.operation.duration",
      "messaging.process.duration",
      "switchyard.retries",
      "switchyard.dead_letters",
      "switchyard.client.calls",
      "switchyard.lease.moves",
    ]),
  );
}

describe("one story through two processes", () => {
  test.each([
    ["SQS", { model: "queue", connection: { use: "sqs" } }, { send: "aws.sqs" }],
    ["SQS, with the SDK's 2.x", { model: "queue", connection: { use: "sqs" }, sdk: SDK_2 }, { send: "aws.sqs" }],
    ["SNS", { model: "pubsub", connection: { use: "aws" } }, { send: "aws.sns", consume: "aws.sqs" }],
  ])(
    "on %s",
    async (_name, place, system) => {
      await expect(story(place, system)).resolves.toBeUndefined();
    },
    60_000,
  );

  test("on Kinesis", async () => {
    const { AWS_ENDPOINT_URL: queues = "", ...rest } = aws.env;
    const leases = { store: "memory", duration: "9s", handover: "3s", discover: "2s" };
    const connection = { use: "aws", kinesis: { poll: { every: "50ms", idle: "500ms" }, leases } };
    const env = { ...rest, ...kinesis.env, AWS_ENDPOINT_URL_SQS: queues };
    const told = story({ model: "stream", connection, env }, { send: "aws.kinesis", consume: "aws.sqs" });
    await expect(told).resolves.toBeUndefined();
  }, 90_000);

  test.skipIf(skipped).each(["queue", "pubsub"])(
    "on RabbitMQ, %s, unless SWITCHYARD_SKIP says rabbit",
    async (model) => {
      const { url } = await sharedRabbit();
      const told = story({ model, connection: { use: "amqp", url } }, { send: "rabbitmq" });
      await expect(told).resolves.toBeUndefined();
    },
    120_000,
  );
});
