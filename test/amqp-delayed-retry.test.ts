/** Retries that RabbitMQ 4.3 holds back by itself, and what becomes of the wish on a broker that cannot. */
import { adapter } from "@switchyard/amqp";
import { systemRuntime } from "@switchyard/core";
import type { Connection, Delivery, Destination, Lease, Topology } from "@switchyard/core/driver";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

const never = new AbortController().signal;
const DELAYS = "native-test";
let serial = 0;
let able: boolean;
let connection: Connection;
let topology: Topology;
let raw: Awaited<ReturnType<typeof amqplib>>;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  if (skipped) return;
  const { url } = await sharedRabbit();
  const options: any = await adapter.options["~standard"].validate({ url, delays: DELAYS });
  connection = await adapter.open(options.value, systemRuntime, () => {});
  topology = await adapter.topology!(options.value, systemRuntime);
  raw = await amqplib(url, { noDelay: true });
  const [major = 0, minor = 0] = String(raw.connection.serverProperties.version).split(".").map(Number);
  able = major > 4 || (major === 4 && minor >= 3);
}, 120_000);
afterAll(async () => {
  for (const one of opened.reverse()) await one.close();
  await connection?.close();
  await topology?.close();
  await raw?.close();
});

function queueOf(native: Record<string, unknown>): Destination {
  const base = `nativetest_c${++serial}x${process.pid}`;
  return { channel: "c", base, name: `${base}_main`, model: "queue", ordered: false, group: "main", native };
}

const planned = async (of: Destination) =>
  (await topology.plan([of], never)).changes.filter(({ name }) => name.startsWith(of.name));
const provide = async (of: Destination) => topology.apply(await topology.plan([of], never), never);

async function send(of: Destination): Promise<void> {
  const sender = await connection.sender(of, never);
  opened.push(sender);
  await sender.send([{ body: "1", headers: {} }], never);
}

async function leaseOf(of: Destination): Promise<Lease> {
  const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
  opened.push(receiver);
  for await (const lease of receiver.leases(never)) return lease;
  throw new Error("no lease");
}

async function next(lease: Lease): Promise<Delivery> {
  for (;;) for (const delivery of (await lease.receive(1, 5_000, never))!) return delivery;
}

/** How long it is away, and whether the broker or a copy brought it back. */
async function retried(lease: Lease, delivery: Delivery, delayMs: number) {
  const since = performance.now();
  const { receipt, attempt } = delivery;
  const done = await lease.settle([{ receipt, action: "retry", delayMs, attempt: attempt! }], never);
  expect(done).toEqual([undefined]);
  const back = await next(lease);
  const { headers } = (back.raw as { properties: { headers: Record<string, unknown> } }).properties;
  expect(back.attempt).toBe(attempt! + 1);
  return { back, ms: performance.now() - since, byBroker: headers["x-delivery-count"] !== undefined };
}

describe.skipIf(skipped)("retries delayed by the broker", () => {
  test("where it can, a wait that fits is the broker's and grows with the failures; others go through the delay queues", async () => {
    const of = queueOf({ delayedRetry: "400ms", delayedRetryMax: "700ms" });
    await provide(of);
    expect((await planned(of)).filter(({ action }) => action !== "drift")).toEqual([]);
    await send(of);
    const lease = await leaseOf(of);
    const first = await retried(lease, await next(lease), 400);
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
    const of = queueOf({ delayedRetry: "400ms" });
    const changes = await planned(of);
    const made = changes.find(
      ({ name, resource, action }) => name === of.name && resource === "queue" && action === "create",
    );
    if (able) expect(made!.summary).toContain("delayed-retry-min 400");
    else expect(changes.map(({ summary }) => summary).join()).toMatch(/delays no retries by itself.*delay queues/);

    const { delayedRetry: _, ...without } = of.native;
    await provide({ ...of, native: without });
    const later = await planned(of);
    expect(later.map(({ action }) => action)).toEqual(["drift"]);
    expect(later[0]!.summary).toMatch(/through the delay queues/);
    await provide(of);
    await send(of);
    const lease = await leaseOf(of);
    const { ms, byBroker, back } = await retried(lease, await next(lease), 400);
    expect([ms >= 400, byBroker]).toEqual([true, false]);
    await lease.settle([{ receipt: back.receipt, action: "ack" }], never);
  });
});
