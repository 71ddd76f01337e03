/** A service on RabbitMQ that may not create anything, and what the broker sees of it. */
import { readFileSync } from "node:fs";
import { adapter } from "@switchyard/amqp";
import { channel, connect, consumer } from "@switchyard/core";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { until } from "./support/rabbit-app.ts";

/** The permissions that the page of RabbitMQ tells users to give, in a row of its table. */
function documented(who: string): readonly string[] {
  const page = readFileSync(new URL("../docs/transports/rabbitmq.md", import.meta.url), "utf8");
  const row = page.split("\n").find((line) => line.startsWith(`| ${who}`));
  if (row === undefined) throw new Error(`docs/transports/rabbitmq.md has no row of ${who}`);
  const cells = row.split(/(?<!\\)\|/).slice(2, 5);
  return cells.map((cell) => cell.trim().replaceAll("`", "").replaceAll("\\|", "|").replaceAll("prod_", "rights_"));
}

describe.skipIf(skipped)("a user without the right to configure", () => {
  let own: Rabbit;
  beforeAll(async () => {
    own = await startNode();
    await own.ctl("add_user", "runtime", "runtime");
    await own.ctl("set_permissions", "-p", "/", "runtime", ...documented("a running service"));
    await own.ctl("add_user", "deployer", "deployer");
    await own.ctl("set_permissions", "-p", "/", "deployer", ...documented("`plan()`, `apply()`"));
  }, 90_000);
  afterAll(() => own?.close(), 60_000);

  test("publishes, consumes, retries with delay and dead-letters in all forms; creating is refused", {
    timeout: 60_000,
  }, async () => {
    const limited = own.url.replace("guest:guest", "runtime:runtime");
    const item = z.object({ n: z.int(), key: z.string() });
    const channels = [
      channel("plain", { messages: { item } }),
      channel("sorted", { messages: { item }, orderingKey: "key" }),
      channel("topic", { messages: { item } }),
      channel("log", { messages: { item } }),
    ];
    const config = (address: string, provision: string) => ({
      prefix: "rights",
      connections: { rabbit: { use: adapter, url: address, provision, leases: "memory" } },
      channels: {
        plain: { model: "queue", on: "rabbit", groups: { main: {} } },
        sorted: { model: "queue", on: "rabbit", groups: { main: {} } },
        topic: { model: "pubsub", on: "rabbit", groups: { main: {} } },
        log: { model: "stream", on: "rabbit", groups: { main: { start: "earliest" } } },
      },
      policies: { default: { retry: { attempts: 2, backoff: "constant", first: "300ms" } } },
    });
    const service = "rights";
    await expect(connect({ channels, service, config: config(limited, "auto") } as never)).rejects.toMatchObject({
      kind: "auth",
    });
    const deployer = own.url.replace("guest:guest", "deployer:deployer");
    await (await connect({ channels, service, config: config(deployer, "auto") } as never)).stop();
    await (await connect({ channels, service, config: config(deployer, "verify") } as never)).stop();
    const messaging = await connect({ channels, service, config: config(limited, "off"), observe: () => {} } as never);
    const seen: string[] = [];
    for (const each of channels) {
      messaging.consume(
        consumer(each, "main", {
          item: ({ n }, delivery) => {
            seen.push(`${each.name} ${n} ${delivery.attempt}`);
            if (n === 2) throw new Error("no");
          },
        }) as never,
      );
    }
    await messaging.start();
    for (const each of channels) {
      for (const n of [1, 2]) await messaging.publish(each as never, "item" as never, { n, key: "k" } as never);
    }
    const wanted = channels.flatMap(({ name }) => [`${name} 1 1`, `${name} 2 1`, `${name} 2 2`]);
    await until(
      () => seen.length >= wanted.length,
      () => `${seen.length} of ${wanted.length} deliveries`,
    );
    expect([...seen].sort()).toEqual(wanted.sort());
    const model = await amqplib(own.url);
    const counting = await model.createChannel();
    const dead = async (name: string) => (await counting.checkQueue(`rights_${name}_main_dead`)).messageCount;
    await messaging.stop();
    for (const { name } of channels) expect(await dead(name), name).toBe(1);
    const operator = await connect({ channels, service, config: config(limited, "off"), observe: () => {} } as never);
    for (const each of channels)
      expect(await operator.deadLetters(each as never, "main").redrive(), each.name).toMatchObject({
        moved: 1,
        failed: 0,
      });
    await operator.stop();
    for (const { name } of channels) expect(await dead(name), name).toBe(0);
    for (const name of ["plain", "topic"]) await counting.purgeQueue(`rights_${name}_main`);
    await model.close();
  });

  test("two connections named after the service, a heartbeat of ten seconds, and a channel for each consumer", async () => {
    const item = z.object({ n: z.int() });
    const plain = channel("plain", { messages: { item } });
    const topic = channel("topic", { messages: { item } });
    const messaging = await connect({
      channels: [plain, topic],
      service: "billing",
      config: {
        prefix: "rights",
        connections: { rabbit: { use: adapter, url: own.url, provision: "off" } },
        channels: {
          plain: { model: "queue", on: "rabbit", groups: { main: {} } },
          topic: { model: "pubsub", on: "rabbit", groups: { main: {} } },
        },
      },
    } as never);
    let seen = 0;
    for (const each of [plain, topic]) messaging.consume(consumer(each, "main", { item: () => void seen++ }) as never);
    await messaging.start();
    await messaging.publish(plain, "item", { n: 1 });
    await messaging.publish(topic, "item", { n: 1 });
    const ofOurs = (await own.ctl("list_connections", "pid", "timeout", "client_properties"))
      .split("\n")
      .map((line) => /^(\S+)\s+(\d+)\s.*"(billing (?:publish|consume))"/.exec(line))
      .filter((found) => found !== null);
    expect(ofOurs.map(([, , timeout, name]) => `${name} ${timeout}`).sort()).toEqual([
      "billing consume 10",
      "billing publish 10",
    ]);
    const consuming = ofOurs.find(([, , , name]) => name === "billing consume")![1]!;
    const counts = (await own.ctl("list_channels", "connection", "consumer_count", "confirm"))
      .split("\n")
      .map((line) => line.split("\t"))
      .filter(([pid, , confirm]) => pid === consuming && confirm === "false")
      .map(([, count]) => Number(count));
    // A group may have several of RabbitMQ's consumers on its channel: that is how its prefetch is raised.
    expect(counts.filter((count) => count > 0)).toHaveLength(2);
    await until(() => seen >= 2, "both messages");
    expect(seen).toBe(2);
    await messaging.stop();
  });
});
