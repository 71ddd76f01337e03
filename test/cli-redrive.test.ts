/** A redrive of many dead letters by the command line, killed on the way and run again: none is lost, and none comes twice without need. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { apply, connect, consumer, plan } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { command, noTerminal, Running, SHOP } from "./support/command.ts";
import { skipped } from "./support/rabbit.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { orders } from "./support/shop/channels.ts";

const prefix = `redrive${process.pid}`;

/** A shop whose handler fails until it is cured. */
class Shop {
  readonly env: Record<string, string>;
  readonly profile: string;
  /** How often each order was handled. */
  readonly handled = new Map<string, number>();
  readonly #count: number;
  #messaging: any;
  #cured = false;

  constructor(env: Record<string, string>, profile: string, count: number) {
    this.env = { ...env, SHOP_PREFIX: prefix };
    this.profile = profile;
    this.#count = count;
  }

  /** Publishes messages, all of which die. */
  async fill(): Promise<void> {
    const { env, profile } = this;
    const all: any = { channels: [orders], service: "shop", config: SHOP, profile, env, observe: () => {} };
    await apply(await plan(all));
    this.#messaging = await connect(all);
    this.#messaging.consume(
      consumer(orders, "billing", {
        "order.placed": ({ order }) => {
          if (!this.#cured) throw new Error("the bank is down");
          this.handled.set(order, (this.handled.get(order) ?? 0) + 1);
        },
      }),
    );
    await this.#messaging.start();
    const items = Array.from({ length: this.#count }, (_, n) => ({
      type: "order.placed",
      data: { order: String(n), cents: n },
    }));
    await this.#messaging.publishMany(orders, items);
    await vi.waitUntil(async () => ((await this.#counted()).ready ?? 0) >= this.#count, WAIT);
    this.#cured = true;
  }

  /** Runs the same command until nothing is left to do. Letters that the killed one held come back when their hold ends. */
  async again(): Promise<void> {
    for (let runs = 0, left = 1; left > 0; runs++) {
      expect(runs).toBeLessThan(5);
      // The emulator of SQS looks at the ends of holds when somebody receives.
      const back = async () => (await this.#letters.peek(1), ((await this.#counted()).hidden ?? 0) === 0);
      await vi.waitUntil(back, WAIT);
      const ran = await command([...REDRIVE, this.profile], this.env);
      expect([0, 3], ran.output).toContain(ran.code);
      left = (await this.#counted()).ready ?? 0;
    }
    const depth = () => this.#messaging.depth(orders, "billing");
    const rest = async () => (await depth()).reduce((sum: number, of: any) => sum + of.ready + of.held, 0) as number;
    await vi.waitUntil(async () => (await rest()) === 0, WAIT);
  }

  /** Each came, and the copies beyond one are at most those that were under way at the kill. */
  expectAll(mostTwice: number): void {
    expect(this.handled.size).toBe(this.#count);
    const copies = [...this.handled.values()].reduce((sum, times) => sum + times, 0);
    expect(copies).toBeGreaterThanOrEqual(this.#count);
    expect(copies - this.#count).toBeLessThanOrEqual(mostTwice);
  }

  async stop(): Promise<void> {
    await this.#messaging?.stop({ deadline: 0 });
  }

  get #letters(): any {
    return this.#messaging.deadLetters(orders, "billing");
  }

  #counted(): Promise<{ ready?: number; hidden?: number }> {
    return this.#letters.count();
  }
}

const WAIT = { timeout: 120_000, interval: 50 };
const REDRIVE = ["dead", "redrive", "orders", "billing", "--hide", "10s", "--yes", "--json", "--profile"];

/** The last line of progress. */
const progressOf = (text: string) => {
  const whole = text.slice(0, text.lastIndexOf("\n"));
  return JSON.parse(whole.slice(whole.lastIndexOf("\n") + 1) || "{}") as { moved?: number; phase?: string };
};

let aws: Aws;
let proxy: Server;
/** Its run is killed before the others begin: its letters come back when their hold of ten seconds ends. */
let killed: Shop;
let accepted = 0;
/** Called with the action of each call of the command, before it is passed on. False: it is not passed on. */
let allows: (action: string) => boolean = () => true;

beforeAll(async () => {
  aws = await startAws();
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
  killed = new Shop({ ...aws.env, AWS_ENDPOINT: aws.endpoint! }, "sqs", 300);
  await killed.fill();
  const env = { ...killed.env, AWS_ENDPOINT: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  let removed = 0;
  const running = Running.start([...REDRIVE, "sqs"], env);
  allows = (action) => {
    if (action === "SendMessageBatch") accepted++;
    if (action !== "DeleteMessageBatch") return true;
    // Some have been removed, and for these the broker has accepted the message.
    if (++removed <= 5) return true;
    running.child.kill("SIGKILL");
    return false;
  };
  expect(await running.ended).toBe(null);
}, 120_000);
afterAll(async () => {
  await killed?.stop();
  proxy?.closeAllConnections();
  proxy?.close();
  await aws?.close();
}, 60_000);

describe.skipIf(skipped)("10,000 dead letters on RabbitMQ", () => {
  const COUNT = 10_000;
  let shop: Shop;
  beforeAll(async () => {
    shop = new Shop({ AMQP_URL: (await sharedRabbit()).url }, "rabbit", COUNT);
    await shop.fill();
  }, 240_000);
  afterAll(() => shop?.stop(), 60_000);

  test.skipIf(noTerminal)(
    "on a terminal it says where it stands, and Ctrl-C ends it with the command that goes on",
    async () => {
      const running = Running.onTerminal("dead redrive orders billing --yes --rate 50/s --profile rabbit", shop.env);
      await running.said(/sending {2}[^\n]*\d+ of 10,000/);
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
    await vi.waitUntil(() => (progressOf(running.out).moved ?? 0) > 1_000, { timeout: 60_000, interval: 5 });
    running.child.kill("SIGKILL");
    expect(await running.ended).toBe(null);
    const { moved = 0, phase } = progressOf(running.out);
    expect(phase).not.toBe("ended");
    expect(moved).toBeLessThan(COUNT);
    await shop.again();
    // A window of the broker's confirmations may be unacknowledged.
    shop.expectAll(500);
  }, 240_000);
});

test("killed on SQS between the acceptance of letters and their removal, and run again", async () => {
  expect(accepted).toBeGreaterThan(5);
  await killed.again();
  killed.expectAll(100);
  // What was accepted and not removed came twice: that is what at least once means.
  expect([...killed.handled.values()].filter((times) => times > 1).length).toBeGreaterThan(0);
}, 120_000);
