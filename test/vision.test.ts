/** The samples of the README's long form, in vision/: they compile, and they do what they say. */
import { strict as assert } from "node:assert";
import { fileURLToPath } from "node:url";
import { connect, defineConfig, isMessagingError } from "@switchyard/core";
import { deliver, testbed } from "@switchyard/memory/testing";
import { describe, expect, test } from "vitest";
import { analytics } from "./vision/analytics.ts";
import { BankClosed, CardDeclined, flakyBank, type Warehouse } from "./vision/bank.ts";
import { billing } from "./vision/billing.ts";
import { orders, uploads } from "./vision/channels.ts";
import { service } from "./vision/service.ts";

const config = fileURLToPath(new URL("./vision/switchyard.config.yaml", import.meta.url));
const order = { orderId: "o-1", customerId: "c-9", cents: 4200, placedAt: new Date(0).toISOString() };

describe("a tester", () => {
  test("a handler is a function", async () => {
    const result = await deliver(billing(flakyBank(1)), "order.placed", order, { attempt: 3 });
    assert.equal(result.verdict, "retry");
  });

  test("what a handler throws is its verdict", async () => {
    const declined = await deliver(billing(flakyBank(1, new CardDeclined())), "order.placed", order);
    const closed = await deliver(billing(flakyBank(1, new BankClosed())), "order.placed", order);
    const charged = await deliver(billing(flakyBank(0)), "order.placed", order);
    expect([declined.verdict, closed.verdict, charged.verdict]).toEqual(["deadLetter", "retry", "ack"]);
  });

  test("ten minutes of retries take no time", async () => {
    await using bed = await testbed({
      channels: [orders],
      policy: { retry: { attempts: 5, backoff: "constant", first: "5m" } },
    });
    const bank = flakyBank(2); // fails twice
    bed.messaging.consume(billing(bank));
    await bed.messaging.start();
    const { id } = await bed.messaging.publish(orders, "order.placed", order);
    await bed.settled();
    assert.deepEqual(bank.charges, []);
    await bed.clock.advance("10m");
    assert.deepEqual(bank.charges, [id]);
    assert.deepEqual(bed.dead(orders, "billing"), []);
  });

  test("batches have a verdict per item; the schema's output is what handlers get", async () => {
    await using bed = await testbed({ channels: [orders], policy: { retry: { attempts: 1 } } });
    const rows: { readonly id: string; readonly at: Date }[] = [];
    const warehouse: Warehouse = {
      async insert(placed) {
        rows.push(...placed);
        return placed.flatMap((each, row) => (each.at.getTime() === 1 ? [{ row, error: new Error("too old") }] : []));
      },
    };
    bed.messaging.consume(analytics(warehouse));
    await bed.messaging.start();
    const at = (customerId: string, ms: number) =>
      ({ type: "order.placed", data: { ...order, customerId, placedAt: new Date(ms).toISOString() } }) as const;
    const results = await bed.messaging.publishMany(orders, [at("a", 0), at("b", 1), at("c", 2)]);
    await bed.clock.advance("10s");
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(rows.map((row) => row.at.getTime()).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(bed.dead(orders, "analytics").map((dead) => dead.id)).toEqual([results[1]?.id]);
  });
});

describe.each(["queue", "pubsub", "stream"] as const)("the same handler on a %s", (model) => {
  test("a bank that is closed is asked again after an hour, not before", async () => {
    await using bed = await testbed({ channels: [orders], model });
    const bank = flakyBank(1, new BankClosed());
    bed.messaging.consume(billing(bank));
    await bed.messaging.start();
    const { id } = await bed.messaging.publish(orders, "order.placed", order);
    await bed.clock.advance("59m");
    expect(bank.charges).toEqual([]);
    await bed.clock.advance("2m");
    expect(bank.charges).toEqual([id]);
  });

  test("a declined card is a dead letter at once, with its reason; the customer's next order goes on", async () => {
    await using bed = await testbed({ channels: [orders], model });
    const bank = flakyBank(1, new CardDeclined());
    bed.messaging.consume(billing(bank));
    await bed.messaging.start();
    const { id } = await bed.messaging.publish(orders, "order.placed", order);
    const next = await bed.messaging.publish(orders, "order.placed", { ...order, orderId: "o-2" });
    await bed.settled();
    expect(bed.dead(orders, "billing")).toMatchObject([
      { id, reason: expect.stringContaining("card declined"), attempts: 1 },
    ]);
    expect(bank.charges).toEqual([next.id]);
  });
});

describe("a service", () => {
  test.each(["test", "replay-test"])("runs on the configuration's profile %s, with the same code", async (profile) => {
    const stop = new AbortController();
    const bank = flakyBank(0);
    let charged: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      charged = resolve;
    });
    const started = await service(
      {
        ...bank,
        async charge(...all) {
          await bank.charge(...all);
          charged();
        },
      },
      { config, profile, env: {}, signal: stop.signal },
    );
    const running = started.run();
    const { id } = await started.messaging.publish(orders, "order.placed", order);
    await done;
    stop.abort();
    const report = await running;
    expect(report.abandoned).toBe(0);
    expect(bank.charges).toEqual([id]);
  });

  test("explain() says what is where", async () => {
    await using messaging = await connect({
      channels: [orders, uploads],
      service: "billing",
      config,
      profile: "test",
      env: { STAGE: "ci" },
    });
    const { channels, profile } = messaging.explain();
    expect(profile).toBe("test");
    expect(channels["orders"]).toMatchObject({ model: "pubsub", connection: "memory", needs: ["ordering"] });
    expect(channels["orders"]?.groups["billing"]).toMatchObject({
      address: "ci_orders_billing",
      deadLetter: "ci_orders_billing_dead",
      concurrency: 20,
    });
    expect(channels["video-uploads"]).toMatchObject({ model: "queue", connection: "memory" });
  });

  test("an unknown profile is refused, NODE_ENV is not one", async () => {
    const refused = await connect({
      channels: [orders],
      service: "billing",
      config,
      profile: "tset",
      env: { NODE_ENV: "test" },
    }).catch((error: unknown) => error);
    expect(isMessagingError(refused, "invalid-config")).toBe(true);
    expect(refused).toMatchObject({ message: expect.stringContaining("test") });
  });

  test("a wrong message is refused at the publisher, with the field", async () => {
    const typed = defineConfig([uploads], {
      prefix: "dev",
      channels: { "video-uploads": { model: "queue", on: "memory", groups: { encoder: {} } } },
    });
    await using messaging = await connect({ channels: [uploads], service: "encoder", config: typed, env: {} });
    await expect(
      messaging.publish(uploads, "video.uploaded", { videoId: "v-1", url: "not a url" }),
    ).rejects.toMatchObject({
      kind: "permanent",
      problems: [{ path: "url" }],
    });
  });
});
