/** What a restart of RabbitMQ must leave as it was: the partition of each ordering key, and a service that is ready. */
import { adapter } from "@switchyard/amqp";
import { systemRuntime } from "@switchyard/core";
import type { Connection, Destination, Topology } from "@switchyard/core/driver";
import { type ConsumeMessage, connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { lived, probed } from "./support/probes.ts";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";

const never = new AbortController().signal;
const keys = Array.from({ length: 40 }, (_, n) => `customer ${n}`);

const queue: Destination = {
  channel: "jobs",
  base: "restart_jobs",
  name: "restart_jobs_main",
  model: "queue",
  ordered: true,
  partitions: 8,
  group: "main",
  native: {},
};
const group = (name: string, over: Partial<Destination>): Destination => ({
  channel: "orders",
  base: "restart_orders",
  name: `restart_orders_${name}`,
  model: "pubsub",
  ordered: true,
  group: name,
  native: {},
  ...over,
});
const billing = group("billing", { partitions: 8 });
const shipping = group("shipping", { partitions: 3, types: ["order.paid"] });
const { group: _, ...topic } = group("", { name: "restart_orders" });

describe.skipIf(skipped)("over a restart of RabbitMQ", () => {
  let rabbit: Rabbit;
  let topology: Topology;
  beforeAll(async () => {
    rabbit = await startNode();
    const result: any = await adapter.options["~standard"].validate({ url: rabbit.url });
    topology = await adapter.topology!(result.value, systemRuntime);
    await topology.apply(await topology.plan([queue, topic, billing, shipping], never), never);
  }, 180_000);
  afterAll(async () => {
    await topology?.close();
    await rabbit?.close();
  }, 60_000);

  /** Publishes a message of each key on a connection of its own, and says which queue of each group it came to. */
  async function placesOf(to: Destination, groups: readonly Destination[]): Promise<Record<string, string>> {
    const result: any = await adapter.options["~standard"].validate({ url: rabbit.url });
    const connection: Connection = await adapter.open(result.value, systemRuntime, () => {});
    const sender = await connection.sender(to, never);
    const batch = keys.map((key) => ({ body: key, headers: {}, type: "order.paid", key }));
    const sent = [...(await sender.send(batch.slice(0, 20), never)), ...(await sender.send(batch.slice(20), never))];
    expect(sent.flatMap(({ cause }) => cause ?? [])).toEqual([]);
    await sender.close();
    await connection.close();
    const model = await amqplib(rabbit.url);
    const channel = await model.createChannel();
    const places: Record<string, string> = {};
    for (const { name, partitions = 0 } of groups) {
      for (let n = 0; n < partitions; n++) {
        const arrived = (message: ConsumeMessage | null) => {
          const place = `${name} ${message!.content.toString()}`;
          places[place] = place in places ? "twice" : `p${n}`;
        };
        await channel.consume(`${name}_p${n}`, arrived, { noAck: true });
      }
    }
    await vi.waitUntil(() => Object.keys(places).length === keys.length * groups.length, { timeout: 10_000 });
    await model.close();
    return places;
  }

  const all = async () => ({ ...(await placesOf(queue, [queue])), ...(await placesOf(topic, [billing, shipping])) });

  test("each key stays with its partition, in each group, whatever is restarted", { timeout: 180_000 }, async () => {
    const before = await all();
    expect(new Set(Object.values(before))).toEqual(new Set(["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"]));
    // A service that consumes meanwhile is alive and not ready, and then ready again.
    await using messaging = await probed({ use: "amqp", url: rabbit.url });
    await lived(
      messaging,
      () => rabbit.ctl("stop_app"),
      () => rabbit.ctl("start_app"),
    );
    await messaging.stop();
    expect(await all()).toEqual(before);
    await rabbit.restart();
    expect(await all()).toEqual(before);
  });
});
