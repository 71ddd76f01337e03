/** RabbitMQ streams with their leases in PostgreSQL, the real server: partitions are shared, taken over, and go on where they were. */
import { adapter } from "@switchyard/amqp";
import { channel, connect, consumer, type Messaging } from "@switchyard/core";
import { leaseSchema, postgresLeases } from "@switchyard/leases/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Postgres, startPostgres } from "../packages/leases/src/fixtures/postgres.ts";
import { skipped } from "./support/rabbit.ts";
import { until } from "./support/rabbit-app.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

const log = channel("log", { messages: { item: z.object({ n: z.int(), key: z.string() }) }, orderingKey: "key" });
let postgres: Postgres;
let url: string;

beforeAll(async () => {
  if (skipped) return;
  postgres = await startPostgres();
  const schema = leaseSchema({ pool: postgres.pool as never });
  await schema.apply(await schema.plan(new AbortController().signal), new AbortController().signal);
  ({ url } = await sharedRabbit());
}, 180_000);
afterAll(() => postgres?.stop());

async function worker(seen: Map<number, number>) {
  const leases = ({ group }: { group: string }) => postgresLeases({ pool: postgres.pool as never, group });
  const rabbit = { use: adapter, url, provision: "auto", leases, lease: "2s", handover: "2s" };
  const messaging = (await connect({
    channels: [log],
    service: "worker",
    observe: () => {},
    config: {
      prefix: `pgleases${process.pid}`,
      connections: { rabbit },
      channels: { log: { model: "stream", on: "rabbit", groups: { main: { start: "earliest" } } } },
    },
  } as never)) as unknown as Messaging<any>;
  const partitions = new Set<string>();
  messaging.consume(
    consumer(log, "main", {
      item: ({ n }, { position }) => {
        partitions.add(String(position).split(":")[0]!);
        seen.set(n, (seen.get(n) ?? 0) + 1);
      },
    }) as never,
  );
  await messaging.start();
  return { messaging, partitions };
}

describe.skipIf(skipped)("streams with leases in PostgreSQL", () => {
  test("two workers share the partitions, one takes over all of them, and a third starts where they ended", {
    timeout: 240_000,
  }, async () => {
    const seen = new Map<number, number>();
    const first = await worker(seen);
    let n = 0;
    const publish = async (count: number) => {
      const batch = Array.from({ length: count }, () => ({ type: "item", data: { n, key: `k${n++ % 40}` } }));
      for (const result of await first.messaging.publishMany(log as never, batch as never))
        expect(result).toMatchObject({ ok: true });
    };
    await publish(100);
    await until(() => seen.size === n, "the first hundred");
    const second = await worker(seen);
    await until(async () => {
      second.partitions.clear();
      await publish(40);
      await until(() => seen.size === n, "all of it");
      return second.partitions.size === 2;
    }, "half of the partitions for each");

    await second.messaging.stop();
    await publish(100);
    await until(() => seen.size === n, "what the first one took over");
    const { rows } = await postgres.pool.query("select * from switchyard_leases");
    expect(rows.length).toBeGreaterThanOrEqual(4);

    const times = new Map(seen);
    await publish(1);
    await until(() => seen.size === n, "the last one");
    await first.messaging.stop();
    const third = await worker(seen);
    await until(() => third.messaging !== undefined, "a third worker");
    const sender = third.messaging;
    const [result] = await sender.publishMany(log as never, [{ type: "item", data: { n, key: "k0" } }] as never);
    expect(result).toMatchObject({ ok: true });
    await until(() => seen.has(n), "a record for the third");
    for (const [number, count] of times) expect(seen.get(number), `record ${number}`).toBe(count);
    await third.messaging.stop();
  });
});
