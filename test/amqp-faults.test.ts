/** RabbitMQ itself misbehaving, on a node of the test's own: what was accepted is handled, in order, without a restart. */
import { setTimeout as sleep } from "node:timers/promises";
import { channel, connect, consumer, type Messaging } from "@switchyard/core";
import { adapter } from "@switchyard/amqp";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.ts";

const item = z.object({ n: z.int(), key: z.string() });
const plain = channel("plain", { messages: { item } });
const ordered = channel("ordered", { messages: { item }, orderingKey: "key" });
const log = channel("log", { messages: { item }, orderingKey: "key" });

let rabbit: Rabbit;
let proxy: TcpProxy;
const port = (): number => Number(new URL(rabbit.url).port);

beforeAll(async () => {
  if (skipped) return;
  rabbit = await startNode();
  proxy = await startTcpProxy(port());
}, 90_000);
afterAll(async () => {
  await proxy?.close();
  await rabbit?.close();
}, 60_000);

interface Extra {
  readonly prefix: string;
  readonly url?: string;
  readonly channels?: Record<string, Record<string, unknown>>;
  readonly timeout?: string;
}

type Any = Messaging<any>;

async function app({
  prefix,
  url = rabbit.url,
  channels = {},
  timeout = "60s",
}: Extra): Promise<{ messaging: Any; events: any[] }> {
  const events: any[] = [];
  const common = {
    model: "queue",
    on: "rabbit",
    publish: { timeout, maxPending: 2_000 },
    groups: { main: { concurrency: 50 } },
  };
  const messaging = (await connect({
    channels: [plain, ordered],
    service: "faults",
    observe: (event: unknown) => events.push(event),
    config: {
      prefix,
      drain: "5s",
      connections: { rabbit: { use: adapter, url, heartbeat: "1s", connectTimeout: "2s", provision: "auto" } },
      channels: { plain: { ...common, ...channels["plain"] }, ordered: { ...common, ...channels["ordered"] } },
      policies: { default: { retry: { attempts: 5, backoff: "constant", first: "1s" }, deadLetter: true } },
    },
  } as never)) as unknown as Any;
  return { messaging, events };
}

async function until(holds: () => boolean | Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  for (const end = performance.now() + withinMs; !(await holds()); await sleep(10)) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
  }
}

const viaProxy = (): string => `amqp://guest:guest@127.0.0.1:${proxy.port}`;

describe.skipIf(skipped)("RabbitMQ's faults", () => {
  test("20,000 publishes and consumes through cuts, a black hole, a node that stops and an alarm", {
    timeout: 240_000,
  }, async () => {
    const TOTAL = 20_000;
    const KEYS = 40;
    const { messaging, events } = await app({ prefix: "storm", url: viaProxy() });
    const handled = { plain: new Set<number>(), ordered: new Map<string, number[]>() };
    const seen = new Set<number>();
    let handledCount = 0;
    let acceptedCount = 0;
    messaging.consume(
      consumer(plain, "main", { item: async ({ n }) => void (handled.plain.add(n), handledCount++) }) as never,
    );
    messaging.consume(
      consumer(ordered, "main", {
        item: async ({ n, key }) => {
          handledCount++;
          if (seen.has(n)) return;
          seen.add(n);
          const list = handled.ordered.get(key) ?? [];
          handled.ordered.set(key, list);
          list.push(n);
        },
      }) as never,
    );
    await messaging.start();

    const accepted = { plain: new Set<number>(), ordered: new Set<number>() };
    const failures: unknown[] = [];
    let faultsDone = false;
    const one = async (to: "plain" | "ordered", n: number) => {
      try {
        await messaging.publish(
          (to === "plain" ? plain : ordered) as never,
          "item" as never,
          { n, key: `k${n % KEYS}` } as never,
        );
        accepted[to].add(n);
        acceptedCount++;
      } catch (error) {
        failures.push(error);
      }
    };
    const load = async (to: "plain" | "ordered") => {
      const window = new Set<Promise<void>>();
      for (let n = 0; n < TOTAL / 2; n++) {
        const sending = one(to, n).finally(() => window.delete(sending));
        window.add(sending);
        if (window.size >= 200) await Promise.race(window);
        // So that every fault strikes in the middle.
        if (!faultsDone && n > TOTAL / 4 && n % 10 === 0) await sleep(5);
      }
      await Promise.all(window);
    };

    const times: string[] = [];
    /** How long until a message is accepted, and one handled, that was not before the fault ended. */
    const recovered = async (fault: string, since: number) => {
      const [before, handledBefore] = [acceptedCount, handledCount];
      await until(() => acceptedCount > before, `a publish after: ${fault}`);
      const publish = performance.now() - since;
      await until(() => handledCount > handledBefore, `a delivery after: ${fault}`);
      times.push(
        `${fault}: publishes after ${Math.round(publish)} ms, consumes after ${Math.round(performance.now() - since)} ms`,
      );
    };
    const faults = async () => {
      for (const round of [1, 2]) {
        await until(() => handledCount > round * 800, "some traffic");
        proxy.cut();
        await recovered(`every connection cut (${round})`, performance.now());
      }
      let since = performance.now();
      const downs = () => events.filter(({ type, state }) => type === "connection" && state === "down").length;
      const before = downs();
      proxy.blackHole(true);
      await until(() => downs() >= before + 2, "the heartbeats of both connections to notice");
      times.push(`a black hole is noticed after ${Math.round(performance.now() - since)} ms`);
      proxy.blackHole(false);
      await recovered("the black hole's end", performance.now());
      await rabbit.ctl("stop_app");
      await rabbit.ctl("start_app");
      since = performance.now();
      await recovered("the node's restart", since);
      await rabbit.ctl("set_vm_memory_high_watermark", "0.000001");
      await until(() => events.some(({ state }) => state === "blocked"), "the alarm to be told");
      await until(() => handledCount >= acceptedCount, "consumers to go on under the alarm");
      await rabbit.ctl("set_vm_memory_high_watermark", "0.4");
      await recovered("the alarm's end", performance.now());
      faultsDone = true;
    };
    await Promise.all([load("plain"), load("ordered"), faults()]);
    expect(failures).toEqual([]);
    expect(accepted.plain.size + accepted.ordered.size).toBe(TOTAL);
    await until(() => handled.plain.size === TOTAL / 2 && seen.size === TOTAL / 2, "everything accepted to be handled");
    for (const [key, list] of handled.ordered) expect(list, key).toEqual([...list].sort((a, b) => a - b));
    process.stdout.write(
      `RabbitMQ, ${TOTAL} messages, ${handledCount - TOTAL} of them delivered again\n  ${times.join("\n  ")}\n`,
    );
    await messaging.stop();
  });

  test("a stream whose connections are cut goes on at the next record, under the same leases", {
    timeout: 60_000,
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
        channels: { log: { model: "stream", on: "rabbit", groups: { main: { start: "earliest" } } } },
      },
    } as never)) as unknown as Any;
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
    for (const [key, list] of seen) expect(list, key).toEqual([...list].sort((a, b) => a - b));
    for (const [partition, all] of tokens) expect(all.size, partition).toBe(1);
    await messaging.stop();
  });

  test("a queue deleted under its consumer: publishers are told, and once it is made again consuming goes on by itself", async () => {
    const { messaging, events } = await app({ prefix: "deleted", timeout: "2s" });
    const got: number[] = [];
    messaging.consume(consumer(plain, "main", { item: ({ n }) => void got.push(n) }) as never);
    await messaging.start();
    const publish = (n: number) => messaging.publish(plain as never, "item" as never, { n, key: "k" } as never);
    await publish(1);
    await until(() => got.includes(1), "the first");
    const model = await amqplib(rabbit.url);
    const raw = await model.createChannel();
    await raw.deleteQueue("deleted_plain_main");
    await expect(publish(2)).rejects.toMatchObject({ code: "unroutable", kind: "config" });
    await until(() => events.some(({ type }) => type === "receive-failed"), "the consumer to be told");
    const again = await app({ prefix: "deleted" });
    await again.messaging.stop();
    const since = performance.now();
    await publish(3);
    await until(() => got.includes(3), "the consumer to be back");
    process.stdout.write(`  queue made again: consumes after ${Math.round(performance.now() - since)} ms\n`);
    await model.close();
    await messaging.stop();
  });

  test("a full queue refuses (nack): not accepted for certain, and accepted once there is room", async () => {
    const limited = { plain: { groups: { main: { native: { maxLength: 5 } } } } };
    const { messaging } = await app({ prefix: "full", timeout: "1s", channels: limited });
    const publish = (n: number) => messaging.publish(plain as never, "item" as never, { n, key: "k" } as never);
    // The limit is enforced a little late.
    let accepted = 0;
    let refusal: unknown;
    while (refusal === undefined && accepted < 100) {
      await publish(accepted).then(
        () => accepted++,
        (error: unknown) => (refusal = error),
      );
    }
    expect(refusal).toMatchObject({ kind: "retryable", code: "not-accepted" });
    const got = new Set<number>();
    messaging.consume(consumer(plain, "main", { item: ({ n }) => void got.add(n) }) as never);
    await messaging.start();
    await until(() => got.size === accepted, "what was accepted, and no more");
    await publish(200);
    await until(() => got.has(200), "one more");
    await messaging.stop();
  });

  test("an exchange deleted under its publisher: the broker closes the channel (404), the publish fails, the next is told why", async () => {
    const { messaging } = await app({ prefix: "gone", timeout: "2s" });
    const publish = (n: number) => messaging.publish(ordered as never, "item" as never, { n, key: "k" } as never);
    await publish(1);
    const model = await amqplib(rabbit.url);
    await (await model.createChannel()).deleteExchange("gone_ordered_main");
    await expect(publish(2)).rejects.toMatchObject({ name: "MessagingError" });
    await expect(publish(3)).rejects.toMatchObject({ kind: "config", code: "exchange-not-found" });
    const again = await app({ prefix: "gone" });
    await again.messaging.stop();
    await publish(4);
    await model.close();
    await messaging.stop();
  });

  test("a handler longer than the broker's consumer_timeout: the channel is closed, the message comes again, consuming goes on", {
    timeout: 60_000,
  }, async () => {
    await rabbit.ctl(
      "eval",
      "application:set_env(rabbit, consumer_timeout, 1000), application:set_env(rabbit, channel_tick_interval, 500).",
    );
    try {
      const { messaging, events } = await app({ prefix: "slow" });
      const attempts: number[] = [];
      const aborted: boolean[] = [];
      messaging.consume(
        consumer(plain, "main", {
          item: async ({ n }, delivery) => {
            attempts.push(n);
            if (attempts.length > 1) return;
            await new Promise((resolve) => delivery.signal.addEventListener("abort", resolve, { once: true }));
            aborted.push(delivery.signal.aborted);
          },
        }) as never,
      );
      await messaging.start();
      await messaging.publish(plain as never, "item" as never, { n: 1, key: "k" } as never);
      await until(() => attempts.length >= 2, "the second delivery");
      expect(aborted).toEqual([true]);
      expect(events.some(({ type, error }) => type === "receive-failed" && error.code === "consumer-timeout")).toBe(
        true,
      );
      await messaging.stop();
    } finally {
      await rabbit.ctl(
        "eval",
        "application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).",
      );
    }
  });

  test("the wedge: a cut while amqplib's recovery sets up leaves it on a dead connection for good; ours is back", {
    timeout: 60_000,
  }, async () => {
    let setups = 0;
    const wedged = await amqplib(viaProxy(), {
      recovery: {
        initialDelay: 10,
        setup: async (model: { on(event: string, listener: () => void): unknown }) => {
          // Without this the cut would be an uncaught exception.
          model.on("error", () => {});
          if (setups++ > 0) return;
          // A set-up that is cut and resolves all the same.
          proxy.cut();
          await sleep(300);
        },
      },
    });
    wedged.on("error", () => {});
    await sleep(1_000);
    expect(setups).toBe(1);
    await expect(wedged.createChannel()).rejects.toThrow(/closed/i);
    await sleep(1_000);
    expect(setups).toBe(1);

    const { messaging } = await app({ prefix: "wedge", url: viaProxy() });
    const got: number[] = [];
    messaging.consume(consumer(plain, "main", { item: ({ n }) => void got.push(n) }) as never);
    // The same cut, again and again while ours opens what it needs.
    let cutting = true;
    const cuts = (async () => {
      for (let left = 25; left > 0 && cutting; left--) {
        await sleep(20);
        proxy.cut();
      }
    })();
    await messaging.start();
    const published = messaging.publish(plain as never, "item" as never, { n: 7, key: "k" } as never);
    await cuts;
    cutting = false;
    const since = performance.now();
    await published;
    await until(() => got.includes(7), "the message");
    process.stdout.write(`  after 25 cuts while opening: consumes after ${Math.round(performance.now() - since)} ms\n`);
    await messaging.stop();
  });
});
