/** One RabbitMQ fault after another in the middle of 20,000 messages: what was accepted is handled, in order, without a restart. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, consumer, type Messaging } from "@switchyard/core";
import { adapter } from "@switchyard/amqp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { consumerTimeout, linksOf, log, ordered, plain, startApp, until } from "./support/rabbit-app.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.ts";

let rabbit: Rabbit;
let proxy: TcpProxy;

beforeAll(async () => {
  if (skipped) return;
  rabbit = await startNode();
  proxy = await startTcpProxy(Number(new URL(rabbit.url).port));
}, 180_000);
afterAll(async () => {
  await proxy?.close();
  await rabbit?.close();
}, 60_000);

const viaProxy = (): string => `amqp://guest:guest@127.0.0.1:${proxy.port}`;
const inOrder = (list: readonly number[]): boolean => list.every((n, at) => at === 0 || list[at - 1]! < n);

describe.skipIf(skipped)("a storm", () => {
  test("20,000 publishes and consumes through cuts, a black hole, a restart, full queues, consumer timeouts and an alarm", {
    timeout: 900_000,
  }, async () => {
    const EACH = 10_000;
    const KEYS = 40;
    const app = await startApp({ prefix: "storm", url: viaProxy() });
    const { messaging, events, publish } = app;
    const links = linksOf(app);
    const handled = { plain: new Set<number>(), ordered: new Set<number>() };
    const byKey = new Map<string, number[]>();
    let deliveries = 0;
    let timedOut = 0;
    let hang = false;
    let slow: Promise<void> | undefined;
    const unique = () => handled.plain.size + handled.ordered.size;
    messaging.consume(
      consumer(plain, "main", {
        item: async ({ n }, { signal }) => {
          deliveries++;
          await slow;
          if (hang) {
            hang = false;
            await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
            timedOut++;
            return;
          }
          handled.plain.add(n);
        },
      }) as never,
    );
    messaging.consume(
      consumer(ordered, "main", {
        item: async ({ n, key }) => {
          deliveries++;
          await slow;
          if (handled.ordered.has(n)) return;
          handled.ordered.add(n);
          byKey.set(key, [...(byKey.get(key) ?? []), n]);
        },
      }) as never,
    );
    await messaging.start();

    const accepted = { plain: new Set<number>(), ordered: new Set<number>() };
    const total = () => accepted.plain.size + accepted.ordered.size;
    const failures: unknown[] = [];
    let faultsDone = false;
    const one = (to: "plain" | "ordered", n: number) =>
      publish(to === "plain" ? plain : ordered, n, `k${n % KEYS}`).then(
        () => accepted[to].add(n),
        (error: unknown) => failures.push(error),
      );
    /** At least {@link EACH}, and for as long as faults strike. */
    const load = async (to: "plain" | "ordered") => {
      const window = new Set<Promise<unknown>>();
      for (let n = 0; n < EACH || !faultsDone; n++) {
        const sending = one(to, n).finally(() => window.delete(sending));
        window.add(sending);
        if (window.size >= 200) await Promise.race(window);
        // A slow machine takes long over the faults: it need not have more of the rest.
        if (!faultsDone && n > EACH / 4 && n % 10 === 0) await sleep(n > EACH / 2 ? 200 : 20);
      }
      await Promise.all(window);
    };

    const times: string[] = [];
    /** How long until a message is accepted that was not before, and one handled. */
    const recovered = async (fault: string, since = performance.now()) => {
      const [before, handledBefore] = [total(), unique()];
      await until(() => total() > before, `a publish after: ${fault}`);
      const published = Math.round(performance.now() - since);
      await until(() => unique() > handledBefore, `a delivery after: ${fault}`);
      times.push(
        `${fault}: publishes after ${published} ms, consumes after ${Math.round(performance.now() - since)} ms`,
      );
      await links.bothUp();
    };
    const seen = (type: string, code: string) =>
      events.filter((event) => event.type === type && event.error?.code === code).length;

    const cut = async (round: number) => {
      await links.broken("a cut", () => proxy.cut());
      await recovered(`every connection cut (${round})`);
    };
    const blackHole = async () => {
      const since = performance.now();
      try {
        await links.broken("a black hole", () => proxy.blackHole(true));
        times.push(`a black hole is noticed after ${Math.round(performance.now() - since)} ms`);
      } finally {
        proxy.blackHole(false);
      }
      await recovered("the black hole's end");
    };
    const restart = async () => {
      try {
        await links.broken("the node's stop", () => rabbit.ctl("stop_app"));
      } finally {
        await rabbit.ctl("start_app");
      }
      await recovered("the node's start");
    };
    const fullQueues = async () => {
      const before = seen("resend", "not-accepted");
      let goOn = () => {};
      slow = new Promise((resolve) => (goOn = resolve));
      const limit = (most: number) =>
        rabbit.ctl(
          "set_policy",
          "full",
          "^storm_(plain|ordered)_main",
          `{"max-length":${most}}`,
          "--apply-to",
          "queues",
        );
      await limit(1);
      try {
        await until(() => seen("resend", "not-accepted") > before, "a full queue to refuse");
      } finally {
        // Raised, not cleared: a publisher once refused is refused for good then (RabbitMQ 3.10.8).
        await limit(1_000_000);
        goOn();
        slow = undefined;
      }
      await recovered("room in the queues again");
    };
    const timeOut = async () => {
      await consumerTimeout(rabbit, 8_000);
      try {
        // What is open keeps the settings it began with.
        await links.broken("the broker closing every connection", () => rabbit.ctl("close_all_connections", "storm"));
        await recovered("connections closed by the broker (320)");
        hang = true;
        await until(() => timedOut > 0, "a handler that took too long to be told");
      } finally {
        await consumerTimeout(rabbit);
      }
      await recovered("a consumer timeout");
      await links.broken("the same again", () => rabbit.ctl("close_all_connections", "storm"));
      await recovered("connections closed by the broker once more");
    };
    const alarm = async () => {
      await rabbit.ctl("set_vm_memory_high_watermark", "0.000001");
      try {
        await until(() => events.some(({ state }) => state === "blocked"), "the alarm to be told");
        await until(() => unique() >= total(), "consumers to go on under the alarm");
      } finally {
        await rabbit.ctl("set_vm_memory_high_watermark", "0.4");
      }
      await recovered("the alarm's end");
    };
    const faults = async () => {
      try {
        await until(() => handled.plain.size > 500 && handled.ordered.size > 500, "some traffic");
        await cut(1);
        await cut(2);
        await blackHole();
        await restart();
        await fullQueues();
        await timeOut();
        await alarm();
      } finally {
        faultsDone = true;
      }
    };
    await Promise.all([load("plain"), load("ordered"), faults()]);
    expect(failures).toEqual([]);
    expect(total()).toBeGreaterThanOrEqual(2 * EACH);
    await until(
      () => handled.plain.size === accepted.plain.size && handled.ordered.size === accepted.ordered.size,
      () => `everything accepted to be handled: ${unique()} of ${total()}`,
    );
    for (const [key, list] of byKey) expect(inOrder(list), `${key}: ${list}`).toBe(true);
    process.stdout.write(
      `RabbitMQ, ${total()} messages, ${deliveries - unique()} of them delivered again\n  ${times.join("\n  ")}\n`,
    );
    await messaging.stop();
  });

  test("a stream whose connections are cut goes on at the next record, under the same leases", {
    timeout: 300_000,
  }, async () => {
    const messaging = (await connect({
      channels: [log],
      service: "faults",
      observe: () => {},
      config: {
        prefix: "cutlog",
        connections: {
          rabbit: { use: adapter, url: viaProxy(), heartbeat: "1s", provision: "auto", leases: "memory" },
        },
        channels: {
          log: { model: "stream", on: "rabbit", publish: { timeout: "5m" }, groups: { main: { start: "earliest" } } },
        },
      },
    } as never)) as unknown as Messaging<any>;
    const seen = new Map<string, number[]>();
    const tokens = new Map<string, Set<unknown>>();
    let count = 0;
    messaging.consume(
      consumer(log, "main", {
        item: ({ n, key }, delivery) => {
          const list = seen.get(key) ?? [];
          seen.set(key, list);
          const partition = String(delivery.position).split(":")[0]!;
          tokens.set(partition, (tokens.get(partition) ?? new Set()).add(delivery.fencingToken));
          // A publish whose confirm was cut off may be there twice.
          if (list.includes(n)) return;
          list.push(n);
          count++;
        },
      }) as never,
    );
    await messaging.start();
    const TOTAL = 2_000;
    const publishing = (async () => {
      for (let n = 0; n < TOTAL; n += 50) {
        const batch = Array.from({ length: 50 }, (_, at) => ({
          type: "item",
          data: { n: n + at, key: `k${(n + at) % 10}` },
        }));
        const results = await messaging.publishMany(log as never, batch as never);
        for (const result of results) expect(result).toMatchObject({ ok: true });
      }
    })();
    for (const round of [1, 2, 3]) {
      await until(() => count > round * 400, "some records");
      proxy.cut();
    }
    await publishing;
    await until(() => count === TOTAL, "every record");
    for (const [key, list] of seen) expect(inOrder(list), `${key}: ${list}`).toBe(true);
    for (const [partition, all] of tokens) expect(all.size, partition).toBe(1);
    await messaging.stop();
  });
});
