/** A redrive of many dead letters by the command line, killed on the way and run again: none is lost, and none comes twice without need. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, consumer } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { command, noTerminal, Running, SHOP } from "./support/command.ts";
import { startRabbit, skipped } from "./support/rabbit.ts";
import { orders } from "./support/shop/channels.ts";

const prefix = `redrive${process.pid}`;

interface Shop {
  readonly env: Record<string, string>;
  readonly profile: string;
  readonly count: number;
}

const open = ({ env, profile }: Shop) =>
  connect({
    channels: [orders],
    service: "shop",
    config: SHOP,
    profile,
    env,
    observe: () => {},
  } as never) as Promise<any>;

/** Publishes so many messages, all of which die. */
async function fill(shop: Shop): Promise<void> {
  const messaging = await open(shop);
  const dead = new Set<string>();
  const fails = consumer(orders, "billing", {
    "order.placed": ({ order }) => {
      dead.add(order);
      throw new Error("the bank is down");
    },
  });
  messaging.consume(fails);
  await messaging.start();
  const items = Array.from({ length: shop.count }, (_, n) => ({
    type: "order.placed",
    data: { order: String(n), cents: n },
  }));
  await messaging.publishMany(orders, items);
  await vi.waitUntil(() => dead.size === shop.count, { timeout: 120_000, interval: 50 });
  await messaging.stop();
}

/** Handles what there is, and returns how often each order came. */
async function handled(shop: Shop): Promise<ReadonlyMap<string, number>> {
  const messaging = await open(shop);
  const seen = new Map<string, number>();
  messaging.consume(
    consumer(orders, "billing", {
      "order.placed": ({ order }) => void seen.set(order, (seen.get(order) ?? 0) + 1),
    }),
  );
  await messaging.start();
  const rest = async () => {
    const [{ ready = 0, held = 0 }] = await messaging.depth(orders, "billing");
    return ready + held;
  };
  await expect.poll(rest, { timeout: 90_000, interval: 100 }).toBe(0);
  await messaging.stop();
  return seen;
}

const REDRIVE = ["dead", "redrive", "orders", "billing", "--hide", "10s", "--yes", "--json", "--profile"];

/** The last line of progress. */
const progressOf = (text: string) => {
  const whole = text.slice(0, text.lastIndexOf("\n"));
  return JSON.parse(whole.slice(whole.lastIndexOf("\n") + 1) || "{}") as { moved?: number; phase?: string };
};

/** Runs the same command until nothing is left to do. Letters that the killed one held come back when their hold ends. */
async function again(shop: Shop, env = shop.env): Promise<void> {
  await expect
    .poll(
      async () => {
        const ran = await command([...REDRIVE, shop.profile], env);
        return [ran.code, (await counted(shop)).ready];
      },
      { timeout: 120_000, interval: 500 },
    )
    .toEqual([0, 0]);
}

const counted = async ({ env, profile }: Shop): Promise<{ ready: number; hidden?: number }> =>
  JSON.parse((await command(["dead", "count", "orders", "billing", "--json", "--profile", profile], env)).stdout);

/** Each came, and the copies beyond one are at most those that were under way at the kill. */
function expectAll(seen: ReadonlyMap<string, number>, count: number, mostTwice: number): void {
  expect(seen.size).toBe(count);
  const copies = [...seen.values()].reduce((sum, times) => sum + times, 0);
  expect(copies).toBeGreaterThanOrEqual(count);
  expect(copies - count).toBeLessThanOrEqual(mostTwice);
}

describe.skipIf(skipped)("10,000 dead letters on RabbitMQ", () => {
  let close: () => Promise<void>;
  let shop: Shop;
  beforeAll(async () => {
    const place = await startRabbit();
    close = () => place.close();
    const env = { AMQP_URL: place.url, SHOP_PREFIX: prefix };
    shop = { env, profile: "rabbit", count: 10_000 };
    expect((await command("apply --yes --profile rabbit", env)).code).toBe(0);
    await fill(shop);
  }, 240_000);
  afterAll(() => close?.(), 60_000);

  test.skipIf(noTerminal)(
    "on a terminal it says where it stands, and Ctrl-C ends it with the command that goes on",
    async () => {
      const running = Running.onTerminal("dead redrive orders billing --yes --rate 50/s --profile rabbit", shop.env);
      await running.said(/sending; \d+ moved so far/);
      running.child.stdin!.write("\u0003");
      expect(await running.ended).toBe(3);
      expect(running.out).toMatch(
        /\d+ moved, [^]*it was told to stop[^]*to go on: switchyard dead redrive orders billing/,
      );
    },
    60_000,
  );

  test("killed in the middle and run again", async () => {
    const running = Running.start([...REDRIVE, "rabbit"], shop.env);
    await expect
      .poll(() => progressOf(running.out).moved ?? 0, { timeout: 60_000, interval: 5 })
      .toBeGreaterThan(1_000);
    running.child.kill("SIGKILL");
    expect(await running.ended).toBe(null);
    const { moved = 0, phase } = progressOf(running.out);
    expect(phase).not.toBe("ended");
    expect(moved).toBeLessThan(shop.count);
    await again(shop);
    // A window of the broker's confirmations may be unacknowledged.
    expectAll(await handled(shop), shop.count, 500);
  }, 240_000);
});

describe("2,000 dead letters on SQS", () => {
  let close: () => Promise<void>;
  let shop: Shop;
  let proxy: Server;
  /** Called with the action of each call of the command, before it is passed on. False: it is not passed on. */
  let allows: (action: string) => boolean = () => true;

  beforeAll(async () => {
    const aws = await startAws();
    const to = new URL(aws.endpoint!);
    proxy = createServer((asked, answer) => {
      const action = String(asked.headers["x-amz-target"]).split(".").at(-1)!;
      if (!allows(action)) return;
      const { method, url, headers } = asked;
      const passed = request({ host: to.hostname, port: to.port, method, path: url, headers }, (reply) => {
        answer.writeHead(reply.statusCode!, reply.headers);
        reply.pipe(answer);
      });
      passed.on("error", () => answer.destroy());
      asked.pipe(passed);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    close = async () => {
      proxy.closeAllConnections();
      proxy.close();
      await aws.close();
    };
    const env = { ...aws.env, AWS_ENDPOINT: aws.endpoint!, SHOP_PREFIX: prefix };
    shop = { env, profile: "sqs", count: 2_000 };
    expect((await command("apply --yes --profile sqs", env)).code).toBe(0);
    await fill(shop);
  }, 240_000);
  afterAll(() => close?.(), 60_000);

  test("killed between the acceptance of letters and their removal, and run again", async () => {
    const env = { ...shop.env, AWS_ENDPOINT: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const running = Running.start([...REDRIVE, "sqs"], env);
    let accepted = 0;
    let removed = 0;
    allows = (action) => {
      if (action === "SendMessageBatch") accepted++;
      if (action !== "DeleteMessageBatch") return true;
      // Some have been removed, and for these the broker has accepted the message.
      if (++removed <= 20) return true;
      running.child.kill("SIGKILL");
      return false;
    };
    expect(await running.ended).toBe(null);
    expect(accepted).toBeGreaterThan(20);
    allows = () => true;
    await again(shop);
    const seen = await handled(shop);
    expectAll(seen, shop.count, 500);
    // What was accepted and not removed came twice: that is what at least once means.
    expect([...seen.values()].filter((times) => times > 1).length).toBeGreaterThan(0);
  }, 300_000);
});
