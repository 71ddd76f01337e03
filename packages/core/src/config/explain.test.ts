import { describe, expect, it } from "vitest";
import { explainRetry } from "./resolve/explain.ts";
import type { Destination } from "../driver/index.ts";
import { adapters, aws, base, everything, resolve } from "../fixtures/adapters.ts";

describe("the explanation", () => {
  it("says what the transport says of a group's settings", async () => {
    const telling = { ...aws, explain: (of: Destination) => [`settings of ${of.name}`] };
    const { explanation } = await resolve(base(), { adapters: [telling, ...adapters.filter((one) => one !== aws)] });
    expect(explanation.channels["orders"]!.groups["billing"]!.notes).toEqual(["settings of dev_orders_billing"]);
  });

  it("is made when it is first asked for, once", async () => {
    let asked = 0;
    const explain = () => {
      asked++;
      return ["a note"];
    };
    const adapter = { ...aws, explain };
    const plan = await resolve(base(), { adapters: [adapter, ...adapters.filter((one) => one !== aws)] });
    expect(asked).toBe(0);
    const { explanation } = plan;
    const times = asked;
    expect(times).toBeGreaterThan(0);
    expect(plan.explanation).toBe(explanation);
    expect(asked).toBe(times);
  });

  it("says per channel what was chosen, under which names, and what is not portable", async () => {
    const channels = {
      orders: {
        ...base().channels.orders,
        native: { kmsKeyId: "k" },
        groups: { billing: { concurrency: 20, native: { kmsKeyId: "g" } } },
      },
      "video-uploads": { ...base().channels["video-uploads"], policy: "patient" },
    };
    const policies = { patient: { retry: { backoff: "constant", first: "5m", attempts: 3 }, deadLetter: "skip" } };
    const { explanation } = await resolve({ ...base(), channels, policies, profiles: { p: {} } }, { profile: "p" });
    expect(explanation).toEqual({
      service: "test",
      profile: "p",
      sources: ["configuration", "profile p"],
      prefix: "dev",
      connections: { aws: { use: "aws", provision: "off", place: "eu-west-1" } },
      channels: {
        orders: {
          model: "pubsub",
          transport: "aws",
          connection: "aws",
          form: "fifo",
          address: "dev_orders.fifo",
          needs: ["ordering"],
          groups: {
            billing: {
              address: "dev_orders_billing.fifo",
              deadLetter: "dev_orders_billing_dead.fifo",
              concurrency: 20,
              maxInFlight: 40,
              hold: "1m",
              retry: "5 attempts, exponential from 1s to at most 5m, jitter adds up to 50%",
              exhausted: "deadLetter",
              editDeadLetters: false,
              nativeRedrive: false,
            },
          },
          capabilities: { ...everything, delayedPublishMs: 0, filter: "broker", fairness: false },
          content: [],
          notPortable: ["native.kmsKeyId", "groups.billing.native.kmsKeyId"],
        },
        "video-uploads": {
          model: "queue",
          transport: "aws",
          connection: "aws",
          form: "standard",
          address: "dev_video-uploads_encoder",
          needs: ["delay 15m"],
          groups: {
            encoder: {
              address: "dev_video-uploads_encoder",
              deadLetter: null,
              concurrency: 10,
              maxInFlight: 20,
              hold: "1m",
              retry: "3 attempts, 5m apart",
              exhausted: "skip",
              editDeadLetters: false,
              nativeRedrive: false,
            },
          },
          capabilities: { ...everything, ordering: "none" },
          content: [],
          notPortable: [],
        },
      },
    });
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  it("reads a single attempt as one", () => {
    expect(explainRetry({ attempts: 1, backoff: "linear", firstMs: 1, maxMs: 1 })).toBe("1 attempt");
  });
});
