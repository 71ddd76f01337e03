/** What is emitted for KEDA, HPA, ECS and Lambda, from the configuration of each transport. */
import { channel, connect, type Explanation } from "@switchyard/core";
import {
  ecsTargetTracking,
  horizontalPodAutoscaler,
  kedaScaledObject,
  lambdaConcurrency,
  scaleOf,
} from "@switchyard/otel/scaling";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const schema = z.object({ k: z.string() });
const videos = channel("videos", { messages: { uploaded: schema } });
const keyed = channel("videos", { messages: { uploaded: schema }, orderingKey: "k" });

async function explained(model: string, connection: object, ordered = false, more: object = {}): Promise<Explanation> {
  await using messaging = await connect({
    channels: [ordered ? keyed : videos],
    service: "site",
    env: { AWS_REGION: "eu-west-1" },
    observe: () => {},
    config: {
      prefix: "prod",
      connections: { it: connection },
      channels: { videos: { model, on: "it", groups: { encode: { concurrency: 4 } }, ...more } },
    } as never,
  });
  return messaging.explain();
}

const base = { channel: "videos", group: "encode", name: "encoder", handler: "2s", latency: "1m", max: 50 } as const;

describe("a queue on SQS", () => {
  test("KEDA, HPA, ECS and Lambda", async () => {
    const scale = scaleOf(await explained("queue", { use: "sqs" }), base);
    // One replica runs 4 handlers of 2 s: 120 messages a minute.
    expect(scale).toMatchObject({ perReplica: 120, min: 1, max: 50, address: "prod_videos_encode" });
    const sqs = { queueURL: "https://sqs.eu-west-1.amazonaws.com/1/videos_encode", awsRegion: "eu-west-1" };
    expect(kedaScaledObject(scale, { sqs })).toMatchObject({
      kind: "ScaledObject",
      spec: {
        scaleTargetRef: { name: "encoder" },
        minReplicaCount: 1,
        maxReplicaCount: 50,
        triggers: [{ type: "aws-sqs-queue", metadata: { ...sqs, queueLength: "120", scaleOnInFlight: "true" } }],
      },
    });
    expect(horizontalPodAutoscaler(scale)).toMatchObject({
      spec: {
        maxReplicas: 50,
        metrics: [
          {
            external: {
              metric: {
                name: "switchyard_backlog",
                selector: {
                  matchLabels: {
                    messaging_destination_template: "videos",
                    messaging_consumer_group_name: "encode",
                    switchyard_state: "ready",
                  },
                },
              },
              target: { type: "AverageValue", averageValue: "120" },
            },
          },
        ],
      },
    });
    const { target, policy } = ecsTargetTracking(scale, { cluster: "main" });
    expect(target).toMatchObject({ ResourceId: "service/main/encoder", MinCapacity: 1, MaxCapacity: 50 });
    expect(policy).toMatchObject({ TargetTrackingScalingPolicyConfiguration: { TargetValue: 120 } });
    expect(JSON.stringify(policy)).toContain('"QueueName"');
    expect(lambdaConcurrency(scale)).toEqual({ ScalingConfig: { MaximumConcurrency: 50 } });
  });

  test("FIFO: no more replicas than keys keep busy, and the number of keys must be said", async () => {
    const explanation = await explained("queue", { use: "sqs" }, true);
    expect(() => scaleOf(explanation, base)).toThrow("scaleOf({ parallel }): say how many partitions or ordering keys");
    const scale = scaleOf(explanation, { ...base, parallel: 10 });
    expect(scale).toMatchObject({ max: 3, capped: "10 partitions or keys keep 3 replicas busy; more would idle" });
    expect(lambdaConcurrency(scale)).toEqual({ ScalingConfig: { MaximumConcurrency: 3 } });
  });
});

test("a queue on RabbitMQ: KEDA's own scaler; an ordered one: Prometheus", async () => {
  const url = "amqp://127.0.0.1:1";
  const scale = scaleOf(await explained("queue", { use: "amqp", url }), { ...base, min: 0 });
  expect(kedaScaledObject(scale, {})).toMatchObject({
    spec: {
      minReplicaCount: 0,
      triggers: [
        {
          type: "rabbitmq",
          metadata: { mode: "QueueLength", value: "120", queueName: scale.address, hostFromEnv: "AMQP_URL" },
        },
      ],
    },
  });
  const ordered = scaleOf(await explained("queue", { use: "amqp", url }, true, { partitions: 8 }), base);
  expect(ordered.max).toBe(2);
  expect(kedaScaledObject(ordered, { prometheus: "http://prom:9090" })).toMatchObject({
    spec: {
      triggers: [
        {
          type: "prometheus",
          metadata: {
            serverAddress: "http://prom:9090",
            query:
              'max(switchyard_backlog{messaging_destination_template="videos",messaging_consumer_group_name="encode",switchyard_state="ready"} unless ignoring(switchyard_state) switchyard_backlog_unknown{messaging_destination_template="videos",messaging_consumer_group_name="encode",switchyard_state="ready"} == 1)',
            threshold: "120",
            ignoreNullValues: "false",
          },
        },
      ],
    },
  });
  expect(() => ecsTargetTracking(scale, { cluster: "main" })).toThrow("CloudWatch counts the queues of SQS only");
});

test("a stream on Kinesis: by age, and no more replicas than shards", async () => {
  const explanation = await explained("stream", { use: "aws", kinesis: { leases: { store: "memory" } } }, true, {
    partitions: 6,
  });
  const scale = scaleOf(explanation, base);
  expect(scale).toMatchObject({ transport: "kinesis", max: 6, perReplica: 30 });
  expect(kedaScaledObject(scale, {})).toMatchObject({
    spec: {
      maxReplicaCount: 6,
      triggers: [
        { type: "prometheus", metadata: { query: expect.stringContaining("switchyard_backlog_age"), threshold: "60" } },
      ],
    },
  });
  expect(() => kedaScaledObject(scale, { flavour: "otlp" as never })).toThrow('flavour: pass "js" or "collector"');
  // The collector writes the unit into the name.
  expect(JSON.stringify(kedaScaledObject(scale, { flavour: "collector" }))).toContain(
    "max(switchyard_backlog_age_seconds{",
  );
  expect(horizontalPodAutoscaler(scale, { flavour: "collector" })).toMatchObject({
    spec: { metrics: [{ external: { metric: { name: "switchyard_backlog_age_seconds" } } }] },
  });
  expect(lambdaConcurrency(scaleOf(explanation, { ...base, parallel: 6 }))).toEqual({ ParallelizationFactor: 9 });
});

test.each([
  [{ channel: "x" }, 'there is no channel "x"'],
  [{ group: "x" }, '"videos" has no group "x"'],
  [{ handler: "fast" }, "scaleOf({ handler }): pass a duration"],
  [{ max: 0 }, "scaleOf({ max }): pass a whole number from 1"],
  [{ min: -1 }, "scaleOf({ min }): pass a whole number from 0"],
  [{ min: 51 }, "scaleOf({ min }): pass at most max, which is 50"],
])("%o is refused with what to change", async (over, text) => {
  const explanation = await explained("queue", { use: "sqs" });
  expect(() => scaleOf(explanation, { ...base, ...over } as never)).toThrow(text);
});
