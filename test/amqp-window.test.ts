/** What RabbitMQ pushes to a consumer, on a node of the test's own: no more than its limits allow, and than handlers finish in time. */
import { setTimeout as sleep } from "node:timers/promises";
import { adapter } from "@switchyard/amqp";
import { channel, connect, consumer, type MessagingEvent } from "@switchyard/core";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { consumerTimeout, plain, startApp, until } from "./support/rabbit-app.ts";

/** Handlers of six seconds, one after the other. */
const COUNT = 3;

let rabbit: Rabbit;

beforeAll(async () => {
  if (!skipped) rabbit = await startNode();
}, 180_000);
afterAll(async () => {
  await rabbit?.close();
}, 60_000);

/** Messages in a queue that no consumer holds. */
async function ready(queue: string): Promise<number> {
  const model = await amqplib(rabbit.url);
  try {
    return (await (await model.createChannel()).checkQueue(queue)).messageCount;
  } finally {
    await model.close();
  }
}

describe.skipIf(skipped)("what RabbitMQ pushes", { timeout: 300_000 }, () => {
  test("handlers that take most of the broker's time: every message is handled once, and none is lost, failed or dead", async () => {
    await consumerTimeout(rabbit, 10_000);
    try {
      const runs: number[] = [];
      let done = 0;
      const service = await startApp({
        prefix: "slow",
        url: rabbit.url,
        consumerTimeout: "10s",
        attempts: 1,
        channels: { plain: { groups: { main: { concurrency: 1, maxInFlight: 40 } } } },
      });
      const { messaging, events, publish } = service;
      await Promise.all(Array.from({ length: COUNT }, (_, n) => publish(plain, n)));
      const item = async ({ n }: { n: number }) => {
        runs.push(n);
        await sleep(6_000);
        done++;
      };
      messaging.consume(consumer(plain, "main", { item }) as never);
      await messaging.start();
      await until(() => done >= COUNT, "all of them");
      await messaging.stop();
      expect(runs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, n) => n));
      const bad = ["lost", "released", "dead-letter", "retry", "receive-failed"];
      expect(events.filter(({ type }) => bad.includes(type))).toEqual([]);
      expect([await ready("slow_plain_main"), await ready("slow_plain_main_dead")]).toEqual([0, 0]);
    } finally {
      await consumerTimeout(rabbit);
    }
  });

  test("maxInFlightBytes counts what the broker has pushed", async () => {
    const big = channel("big", { messages: { item: z.object({ n: z.int(), text: z.string() }) } });
    const events: MessagingEvent[] = [];
    const messaging = await connect({
      channels: [big],
      service: "window",
      observe: (event: MessagingEvent) => events.push(event),
      config: {
        prefix: "bytes",
        connections: { rabbit: { use: adapter, url: rabbit.url, provision: "auto" } },
        channels: {
          big: {
            model: "queue",
            on: "rabbit",
            groups: { main: { concurrency: 20, maxInFlight: 40, maxInFlightBytes: 10_000_000 } },
          },
        },
      },
    } as never);
    const text = "x".repeat(5_000_000);
    for (let n = 0; n < 40; n++) await messaging.publish(big, "item", { n, text });
    const gate = Promise.withResolvers<void>();
    const started: number[] = [];
    messaging.consume(
      consumer(big, "main", {
        item: async ({ n }) => {
          started.push(n);
          await gate.promise;
        },
      }),
    );
    await messaging.start();
    await until(() => started.length > 0, "the first");
    // Nothing says that no more will come.
    await sleep(2_000);
    const left = await ready("bytes_big_main");
    process.stdout.write(`  40 messages of 5 MB, a limit of 10 MB: ${40 - left} held\n`);
    expect(left).toBeGreaterThanOrEqual(37);
    gate.resolve();
    await until(() => started.length === 40, "all forty");
    await messaging.stop();
  });

  test("a limit below the number of partitions is refused with the number to set", async () => {
    const groups = { main: { concurrency: 1, maxInFlight: 1 } };
    const starting = startApp({ prefix: "few", url: rabbit.url, channels: { ordered: { groups } } });
    await expect(starting).rejects.toThrow(/maxInFlight is 1, but this transport holds at least 4 messages/);
  });
});
