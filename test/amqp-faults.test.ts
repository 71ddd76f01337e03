/** RabbitMQ itself misbehaving, one fault at a time, on a node of the test's own. */
import type { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { adapter } from "@switchyard/amqp";
import { channel, connect, consumer } from "@switchyard/core";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { stopwatch } from "./support/stopwatch.ts";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { type AppOptions, consumerTimeout, ordered, plain, startApp, until } from "./support/rabbit-app.ts";
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

const app = (options: Omit<AppOptions, "url"> & { url?: string }) => startApp({ url: rabbit.url, ...options });
const viaProxy = (): string => `amqp://guest:guest@127.0.0.1:${proxy.port}`;

describe.skipIf(skipped)("RabbitMQ's faults", { timeout: 300_000 }, () => {
  test("a queue deleted under its consumer: publishers are told, and once it is made again consuming goes on by itself", async () => {
    const { messaging, events, publish: send } = await app({ prefix: "deleted" });
    const got: number[] = [];
    messaging.consume(consumer(plain, "main", { item: ({ n }) => void got.push(n) }) as never);
    await messaging.start();
    const publish = (n: number) => send(plain, n);
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

  test("a broker that falls silent holds a stop up by its deadline and four seconds at most", async () => {
    const { messaging, publish: send } = await app({ prefix: "silent", url: viaProxy() });
    const handled = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const item = async () => {
      handled.resolve();
      await ended.promise;
    };
    messaging.consume(consumer(plain, "main", { item }) as never);
    await messaging.start();
    await send(plain, 1);
    await handled.promise;
    proxy.blackHole(true);
    using watch = stopwatch();
    const stopped = messaging.stop({ deadline: "1s" });
    ended.resolve();
    await stopped;
    const took = watch.ms;
    proxy.blackHole(false);
    process.stdout.write(`  a silent broker: stopped after ${Math.round(took)} ms\n`);
    expect(took).toBeLessThan(5_500);
  });

  test("a full queue refuses (nack): not accepted for certain, and accepted once there is room", async () => {
    const limited = { plain: { groups: { main: { native: { maxLength: 5 } } } } };
    const { messaging, publish: send } = await app({ prefix: "full", timeout: "5s", channels: limited });
    const publish = (n: number) => send(plain, n);
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
    const { messaging, publish: send } = await app({ prefix: "gone" });
    const publish = (n: number) => send(ordered, n);
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

  test("one message above the broker's max_message_size: refused for certain, and the rest of its batch is stored", async () => {
    const size = (bytes: number) => rabbit.ctl("eval", `application:set_env(rabbit, max_message_size, ${bytes}).`);
    const before = (await rabbit.ctl("eval", "rabbit_misc:get_env(rabbit, max_message_size, 16777216).")).trim();
    await size(100_000);
    try {
      const { messaging } = await app({ prefix: "large", timeout: "20s" });
      const all = Array.from({ length: 91 }, (_, n) => ({
        type: "item",
        data: { n, key: n === 45 ? "k".repeat(200_000) : "k" },
      }));
      const results = (await messaging.publishMany(plain as never, all as never)) as readonly any[];
      const refused = results.flatMap((result, n) =>
        result.error === undefined ? [] : [[n, result.error.kind, result.error.code]],
      );
      expect(refused).toEqual([[45, "permanent", "too-large"]]);
      const model = await amqplib(rabbit.url);
      const { messageCount } = await (await model.createChannel()).checkQueue("large_plain_main");
      // What was under way before the large one is sent twice at most.
      expect(messageCount).toBeLessThanOrEqual(90 + 45);
      await model.close();
      await messaging.stop();
    } finally {
      await size(Number(before));
    }
  });

  test("a user without the right to write: refused for certain, at once, with the broker's words", async () => {
    await (await app({ prefix: "mute" })).messaging.stop();
    await rabbit.ctl("add_user", "mute", "mute");
    await rabbit.ctl("set_permissions", "-p", "/", "mute", ".*", "^$", ".*");
    const url = rabbit.url.replace("guest:guest", "mute:mute");
    const { messaging } = await app({ prefix: "mute", url, timeout: "20s" });
    using watch = stopwatch();
    const all = Array.from({ length: 5 }, (_, n) => ({ type: "item", data: { n, key: "k" } }));
    const results = (await messaging.publishMany(plain as never, all as never)) as readonly any[];
    expect(results.map(({ error }) => [error?.kind, error?.code])).toEqual(all.map(() => ["auth", "access-refused"]));
    expect(results[0].error.message).toContain("ACCESS_REFUSED");
    expect(watch.ms).toBeLessThan(10_000);
    await messaging.stop();
  });

  test("the broker's reply decides: a limit is waited for, a missing virtual host is told at once, each with address and words", async () => {
    const { port } = new URL(rabbit.url);
    const missing = async () => {
      const nowhere = startApp({ url: `amqp://guest:guest@127.0.0.1:${port}/nowhere`, prefix: "nowhere" });
      await expect(nowhere).rejects.toMatchObject({ code: "vhost-not-found", kind: "config" });
      await expect(nowhere).rejects.toThrow(`amqp://127.0.0.1:${port}/nowhere`);
      await expect(nowhere).rejects.toThrow(/vhost nowhere not found/);
    };
    const limited = async () => {
      await rabbit.ctl("add_vhost", "small");
      await rabbit.ctl("set_permissions", "-p", "small", "guest", ".*", ".*", ".*");
      await rabbit.ctl("set_vhost_limits", "-p", "small", '{"max-connections": 0}');
      const small = startApp({ url: `amqp://guest:guest@127.0.0.1:${port}/small`, prefix: "small" });
      await expect(small).rejects.toMatchObject({ code: "connection-limit", kind: "retryable" });
    };
    const escaped = async () => {
      await rabbit.ctl("add_user", "jürgen", "pä#ß/%");
      await rabbit.ctl("set_permissions", "-p", "/", "jürgen", ".*", ".*", ".*");
      const login = `${encodeURIComponent("jürgen")}:${encodeURIComponent("pä#ß/%")}`;
      const own = await startApp({ url: `amqp://${login}@127.0.0.1:${port}`, prefix: "own" });
      await own.publish(plain, 1);
      await own.messaging.stop();
    };
    await Promise.all([missing(), limited(), escaped()]);
  });

  test("headers of a foreign producer that steer the broker act once: no copy of ours is routed by them again", async () => {
    const foreign = channel("steered", { messages: { item: z.any() }, foreign: "item" });
    const model = await amqplib(rabbit.url);
    const raw = await model.createConfirmChannel();
    await raw.assertQueue("steered_elsewhere", { durable: true });
    const messaging: any = await connect({
      channels: [foreign],
      service: "steered",
      config: {
        prefix: "steered",
        connections: { rabbit: { use: adapter, url: rabbit.url, provision: "auto" } },
        channels: { steered: { model: "queue", on: "rabbit", groups: { main: {} } } },
        policies: { default: { retry: { attempts: 3, backoff: "constant", first: "200ms" }, deadLetter: true } },
      },
    } as never);
    let failures = 0;
    messaging.consume(
      consumer(foreign, "main", {
        item: () => {
          failures++;
          throw new Error("no");
        },
      }) as never,
    );
    await messaging.start();
    const headers = { CC: ["steered_elsewhere"], cc: "plain", "x-delay": 5, tenant: "t" };
    raw.sendToQueue("steered_steered_main", Buffer.from("{}"), { headers, messageId: "m" });
    await raw.waitForConfirms();
    let dead: any[] = [];
    await until(async () => (dead = await messaging.deadLetters(foreign, "main").peek()).length > 0, "the dead letter");
    await messaging.deadLetters(foreign, "main").redrive();
    await until(() => failures === 6, "the redriven one");
    await until(async () => (await messaging.deadLetters(foreign, "main").peek()).length > 0, "its dead letter");
    expect((await raw.checkQueue("steered_elsewhere")).messageCount).toBe(1);
    expect(dead[0].headers).toMatchObject({ tenant: "t", cc: "plain" });
    await model.close();
    await messaging.stop();
  });

  test("a handler longer than the broker's consumer_timeout: its signal aborts, the message comes again, consuming goes on", async () => {
    await consumerTimeout(rabbit, 1_000);
    try {
      const { messaging, events, publish } = await app({ prefix: "slow" });
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
      await publish(plain, 1);
      await until(() => attempts.length >= 2, "the second delivery");
      expect(aborted).toEqual([true]);
      // Before RabbitMQ 4.3 the broker closes the channel, and says why; since, it cancels the consumer, and does not.
      const told = events.filter(({ type }) => type === "receive-failed").map(({ error }) => error.code);
      expect(["consumer-timeout", "consumer-cancelled"]).toContain(told[0]);
      await messaging.stop();
    } finally {
      await consumerTimeout(rabbit);
    }
  });

  test("the wedge: a cut while amqplib's recovery sets up leaves it on a dead connection for good; ours is back", async () => {
    const setups = { wedged: 0, sound: 0 };
    const recovering = async (name: keyof typeof setups, setup: (model: EventEmitter) => Promise<unknown>) => {
      const set = async (model: EventEmitter) => {
        // Without this the cut would be an uncaught exception.
        model.on("error", () => {});
        setups[name]++;
        await setup(model);
      };
      const model = await amqplib(viaProxy(), { recovery: { initialDelay: 10, setup: set } });
      model.on("error", () => {});
      return model;
    };
    // A set-up that is cut and resolves all the same.
    const wedged = await recovering("wedged", async (model) => {
      proxy.cut();
      await new Promise((resolve) => model.once("close", resolve));
    });
    const sound = await recovering("sound", async () => {});
    // Whenever the one that was not cut while it set up is back, the other could have been.
    for (const cuts of [1, 2]) {
      proxy.cut();
      await until(() => setups.sound === cuts + 1, "the sound one to be back");
      expect(setups.wedged).toBe(1);
      await expect(wedged.createChannel()).rejects.toThrow(/closed/i);
    }
    await sound.close();

    const { messaging, publish } = await app({ prefix: "wedge", url: viaProxy() });
    const got: number[] = [];
    messaging.consume(consumer(plain, "main", { item: ({ n }) => void got.push(n) }) as never);
    // Cut again and again while ours opens what it needs, each time a little further on.
    const cuts = (async () => {
      for (let turns = 0; turns < 50; turns += 10) {
        await proxy.reached(proxy.accepted + 1);
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        proxy.cut();
      }
    })();
    const starting = messaging.start();
    const published = publish(plain, 7);
    await cuts;
    const since = performance.now();
    await starting;
    await published;
    await until(() => got.includes(7), "the message");
    process.stdout.write(`  after cuts while opening: consumes after ${Math.round(performance.now() - since)} ms\n`);
    await messaging.stop();
  });
});
