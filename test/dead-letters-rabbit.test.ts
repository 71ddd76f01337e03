/** Ten thousand dead letters on RabbitMQ: all seen, all sent back, none lost and none doubled. */
import { channel, connect, consumer } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { until } from "./support/rabbit-app.ts";

const COUNT = 10_000;
const jobs = channel("jobs", { messages: { job: z.object({ n: z.number() }) } });

let rabbit: Rabbit;
beforeAll(async () => {
  if (!skipped) rabbit = await startNode();
}, 180_000);
afterAll(async () => {
  await rabbit?.close();
}, 60_000);

describe.skipIf(skipped)("ten thousand dead letters", () => {
  test("are scanned and redriven once each", { timeout: 240_000 }, async () => {
    let healthy = false;
    let died = 0;
    const times = new Map<number, number>();
    const messaging = await connect({
      channels: [jobs],
      service: "shop",
      config: {
        prefix: "dead",
        connections: { rabbit: { use: "amqp", url: rabbit.url, provision: "auto" } },
        channels: { jobs: { model: "queue", on: "rabbit", groups: { main: { concurrency: 200 } } } },
        policies: { default: { retry: { attempts: 1 } } },
      },
      observe: ({ type }) => type === "dead-letter" && died++,
    });
    messaging.consume(
      consumer(jobs, "main", {
        job: ({ n }) => {
          if (!healthy) throw new Error("down");
          times.set(n, (times.get(n) ?? 0) + 1);
        },
      }),
    );
    await messaging.start();
    const all = Array.from({ length: COUNT }, (_, n) => ({ type: "job" as const, data: { n } }));
    await messaging.publishMany(jobs, all);
    await until(() => died === COUNT, "all dead");
    const letters = messaging.deadLetters(jobs, "main");
    const scan = letters.scan({ max: COUNT + 1, hide: "5m" });
    const seen = new Set<string>();
    for await (const { id } of scan) seen.add(id);
    expect(seen.size).toBe(COUNT);
    expect(await scan.result).toMatchObject({ seen: COUNT, complete: true });
    healthy = true;
    const began = performance.now();
    let moved = 0;
    await until(async () => (moved += (await letters.redrive()).moved) >= COUNT, "all moved");
    expect(moved).toBe(COUNT);
    expect(performance.now() - began).toBeLessThan(60_000);
    await until(() => times.size === COUNT, "all handled");
    expect([...times.values()].every((count) => count === 1)).toBe(true);
    expect(await letters.count()).toMatchObject({ ready: 0 });
    await messaging.stop();
  });
});
