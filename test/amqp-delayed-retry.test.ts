/** Retries that RabbitMQ 4.3 holds back by itself, and what becomes of the wish on a broker that cannot. */
import type { Delivery, Destination, Lease } from "@switchyard/core/driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipped } from "./support/rabbit.ts";
import { never, openSeam, receive, type Seam } from "./support/rabbit-seam.ts";

let seam: Seam;
let able: boolean;

beforeAll(async () => {
  if (skipped) return;
  seam = await openSeam("native");
  const [major = 0, minor = 0] = String(seam.raw.connection.serverProperties.version).split(".").map(Number);
  able = major > 4 || (major === 4 && minor >= 3);
}, 120_000);
afterAll(() => seam?.close());

const planned = async (of: Destination) =>
  (await seam.topology.plan([of], never)).changes.filter(({ name }) => name.startsWith(of.name));

/** How long it is away, and whether the broker or a copy brought it back. */
async function retried(lease: Lease, delivery: Delivery, delayMs: number) {
  const since = performance.now();
  const { receipt, attempt } = delivery;
  const done = await lease.settle([{ receipt, action: "retry", delayMs, attempt: attempt! }], never);
  expect(done).toEqual([undefined]);
  const [back] = (await receive(lease, 1)) as [Delivery];
  const { headers } = (back.raw as { properties: { headers: Record<string, unknown> } }).properties;
  expect(back.attempt).toBe(attempt! + 1);
  return { back, ms: performance.now() - since, byBroker: headers["x-delivery-count"] !== undefined };
}

describe.skipIf(skipped)("retries delayed by the broker", () => {
  test("where it can, a wait that fits is the broker's and grows with the failures; others go through the delay queues", async () => {
    const of = seam.queue({ native: { delayedRetry: "400ms", delayedRetryMax: "700ms" } });
    await seam.provide(of);
    expect((await planned(of)).filter(({ action }) => action !== "drift")).toEqual([]);
    await seam.send(of, "1");
    const lease = await seam.lease(of);
    const first = await retried(lease, (await receive(lease, 1))[0]!, 400);
    expect(first.ms).toBeGreaterThanOrEqual(400);
    expect(first.byBroker).toBe(able);
    const second = await retried(lease, first.back, 600);
    expect(second.ms).toBeGreaterThanOrEqual(600);
    expect(second.byBroker).toBe(able);
    const longer = await retried(lease, second.back, 900);
    expect(longer.ms).toBeGreaterThanOrEqual(900);
    expect(longer.byBroker).toBe(false);
    expect(await lease.settle([{ receipt: longer.back.receipt, action: "ack" }], never)).toEqual([undefined]);
  });

  test("the plan says what a broker before 4.3 does instead, and what it finds made before", async () => {
    const of = seam.queue({ native: { delayedRetry: "400ms" } });
    const changes = await planned(of);
    const made = changes.find(
      ({ name, resource, action }) => name === of.name && resource === "queue" && action === "create",
    );
    if (able) expect(made!.summary).toContain("delayed-retry-min 400");
    else expect(changes.map(({ summary }) => summary).join()).toMatch(/cannot delay retries itself.*delay queues/);

    const { delayedRetry: _, ...without } = of.native;
    await seam.provide({ ...of, native: without });
    const later = await planned(of);
    expect(later.map(({ action }) => action)).toEqual(["drift"]);
    expect(later[0]!.summary).toMatch(/through the delay queues/);
    await seam.provide(of);
    await seam.send(of, "1");
    const lease = await seam.lease(of);
    const { ms, byBroker, back } = await retried(lease, (await receive(lease, 1))[0]!, 400);
    expect([ms >= 400, byBroker]).toEqual([true, false]);
    await lease.settle([{ receipt: back.receipt, action: "ack" }], never);
  });
});
