import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { orders, resolve, uploads } from "../fixtures/adapters.ts";

/** The sample every reader meets first, word for word. */
const SAMPLE = `
# switchyard.config.yaml: connections, channels, policies; profiles overlay them
prefix: "\${STAGE:-dev}"                          # dev_orders_billing, dev_orders_billing_dead
connections:
  aws:    { use: aws, region: eu-west-1 }        # queue: SQS, pubsub: SNS to SQS, stream: Kinesis
  rabbit: { use: amqp, url: "\${AMQP_URL}" }      # anything from \${...} is redacted everywhere
channels:
  orders:        { model: pubsub, on: aws, groups: { billing: { concurrency: 20 }, analytics: {} } }
  video-uploads: { model: queue,  on: aws, groups: { encoder: {} } }
policies:
  default: { retry: { attempts: 5, backoff: exponential, first: 1s, max: 5m }, deadLetter: true }
profiles:
  test:   { channels: { "*": { on: memory } } }          # memory is always there
  onprem: { channels: { orders: { on: rabbit } } }
  replay: { channels: { orders: { model: stream } } }    # another decoupling model, same code
`;
const sample = () => parse(SAMPLE) as object;

describe("the sample configuration", () => {
  it("resolves as it stands, with no variable set", async () => {
    const plan = await resolve(sample());
    const { orders: o, "video-uploads": v } = plan.channels;
    expect(plan).toMatchObject({ service: "test", profile: undefined, prefix: "dev", drainMs: 25_000 });
    expect(o).toMatchObject({
      model: "pubsub",
      on: "aws",
      ordered: true,
      to: { name: "dev_orders", base: "dev_orders" },
    });
    expect(o?.to.group).toBeUndefined();
    expect(o?.groups["billing"]).toMatchObject({
      concurrency: 20,
      maxInFlight: 40,
      maxInFlightBytes: 67_108_864,
      holdMs: 60_000,
      start: "earliest",
      batch: { size: 10, waitMs: 0 },
      from: { name: "dev_orders_billing", base: "dev_orders", group: "billing", nativeAttempts: 10 },
      deadLetter: { name: "dev_orders_billing_dead", model: "queue", dead: true, ordered: true },
      deadLetterOn: "aws",
      policy: {
        retry: { attempts: 5, backoff: "exponential", firstMs: 1000, maxMs: 300_000 },
        exhausted: "deadLetter",
      },
    });
    expect(o?.groups["analytics"]?.concurrency).toBe(10);
    expect(v?.to).toBe(v?.groups["encoder"]?.from);
    expect(v?.to.name).toBe("dev_video-uploads_encoder");
    expect(v?.publish).toEqual({
      timeoutMs: 30_000,
      maxPending: 10_000,
      maxPendingBytes: 67_108_864,
      whenFull: "wait",
    });
    expect(Object.keys(plan.connections)).toEqual(["aws"]);
    expect(plan.connections["aws"]?.provision).toBe("off");
  });

  it("takes the stage from the environment", async () => {
    const plan = await resolve(sample(), { env: { STAGE: "prod" } });
    expect(plan.channels["video-uploads"]?.to.name).toBe("prod_video-uploads_encoder");
  });

  it("runs on memory in its test profile, where nothing else is loaded and topology is made", async () => {
    const plan = await resolve(sample(), { profile: "test" });
    expect(Object.keys(plan.connections)).toEqual(["memory"]);
    expect(plan.connections["memory"]?.provision).toBe("auto");
    expect(plan.channels["orders"]).toMatchObject({ model: "pubsub", on: "memory" });
  });

  it("moves one channel in its onprem profile", async () => {
    const plan = await resolve(sample(), { profile: "onprem", env: { AMQP_URL: "amqp://user:hunter22@rabbit" } });
    expect([plan.channels["orders"]?.on, plan.channels["video-uploads"]?.on]).toEqual(["rabbit", "aws"]);
    expect(JSON.stringify(plan.explanation)).not.toContain("hunter22");
  });

  it("changes the model in its replay profile: dead letters are parked", async () => {
    const plan = await resolve(sample(), { env: { SWITCHYARD_PROFILE: "replay" } });
    const channel = plan.channels["orders"]!;
    expect(channel).toMatchObject({ model: "stream", to: { name: "dev_orders" } });
    expect(channel.groups["billing"]).toMatchObject({
      policy: { exhausted: "park" },
      deadLetter: { model: "queue", ordered: false },
    });
    expect(plan.profile).toBe("replay");
  });

  it("needs only the channels a service uses", async () => {
    const plan = await resolve(sample(), { channels: [uploads] });
    expect(Object.keys(plan.channels)).toEqual(["video-uploads"]);
    expect(Object.keys((await resolve(sample(), { channels: [orders] })).channels)).toEqual(["orders"]);
  });
});
