/** Encryption with real keys through whole services: on memory, and on RabbitMQ with its raw messages looked at. */
import { connect as amqplib } from "amqplib";
import { adapter as amqp } from "@switchyard/amqp";
import { channel, connect, consumer, type Messaging } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { encryptionWith, extension as encryption, type KeyProvider } from "@switchyard/encryption";
import { adapter as memory } from "@switchyard/memory";
import { forgetBroker } from "@switchyard/memory/testing";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { until } from "./support/rabbit-app.ts";
import { skipped } from "./support/rabbit.ts";

const SECRET = "4111-1111-1111-1111";
const KEYS = {
  use: "local",
  keys: { one: Buffer.alloc(32, 1).toString("base64"), two: Buffer.alloc(32, 2).toString("base64") },
  write: "one",
};
const orders = channel("orders", {
  messages: { placed: z.object({ card: z.string(), pad: z.string() }) },
  needs: { encryption: true },
});

let started: Messaging<any>[] = [];
afterEach(async () => {
  await Promise.all(started.map((each) => each.stop()));
  started = [];
});

interface Service {
  readonly messaging: Messaging<any>;
  readonly events: any[];
  readonly seen: any[];
  /** What the handler throws. */
  failing: Error | undefined;
  ended(type: string): any[];
}

interface Given {
  readonly connection: Record<string, unknown>;
  readonly prefix: string;
  readonly keys?: object;
  readonly encrypt?: object | null;
  readonly more?: object;
  readonly runtime?: ReturnType<typeof virtualRuntime>;
  readonly extensions?: readonly unknown[];
}

async function service({
  connection,
  prefix,
  keys = KEYS,
  encrypt = { keys: "shop" },
  more = {},
  ...rest
}: Given): Promise<Service> {
  const events: any[] = [];
  const messaging = (await connect({
    channels: [encrypt === null ? channel("orders", { messages: orders.messages as never }) : orders],
    service: "shop",
    observe: (event: unknown) => events.push(event),
    extensions: [encryption],
    ...rest,
    config: {
      prefix,
      connections: { broker: { provision: "auto", ...connection } },
      channels: {
        orders: {
          model: "queue",
          on: "broker",
          groups: { main: {} },
          ...(encrypt === null ? {} : { encrypt }),
          ...more,
        },
      },
      ...(encrypt === null ? {} : { keys: { shop: keys } }),
      policies: { default: { retry: { attempts: 1 }, deadLetter: true } },
    },
  } as never)) as unknown as Messaging<any>;
  started.push(messaging);
  const all: Service = {
    messaging,
    events,
    seen: [],
    failing: undefined,
    ended: (type) => events.filter((each) => each.type === type),
  };
  messaging.consume(
    consumer(orders, "main", {
      placed: (data, delivery) => {
        all.seen.push([data, delivery]);
        if (all.failing !== undefined) throw all.failing;
      },
    }) as never,
  );
  return all;
}

const publish = ({ messaging }: Service, more: object = {}, pad = "") =>
  messaging.publish(orders as never, "placed" as never, { card: SECRET, pad } as never, more as never) as Promise<any>;

interface Broker {
  readonly connection: Record<string, unknown>;
  /** Everything that lies in the queue, as the broker has it. It stays there. */
  raw(queue: "main" | "dead"): Promise<string>;
  close(): Promise<void>;
}

const onMemory = async (prefix: string): Promise<Broker> => ({
  connection: { use: memory, broker: prefix, maxMessageBytes: 100_000 },
  // A service without keys sees what the broker has.
  raw: async () => {
    const looking = await service({ connection: { use: memory, broker: prefix }, prefix, encrypt: null });
    return JSON.stringify(await looking.messaging.deadLetters(orders as never, "main").peek());
  },
  close: async () => forgetBroker(prefix),
});

const onRabbit = async (prefix: string): Promise<Broker> => {
  const { url } = await sharedRabbit();
  const connection = await amqplib(url);
  return {
    connection: { use: amqp, url, maxMessageBytes: 100_000 },
    raw: async (queue) => {
      const opened = await connection.createChannel();
      const got: string[] = [];
      for (;;) {
        const message = await opened.get(`${prefix}_orders_main${queue === "dead" ? "_dead" : ""}`);
        if (message === false) break;
        got.push(message.content.toString("latin1"), JSON.stringify(message.properties));
      }
      // Closing gives back what was not acknowledged.
      await opened.close();
      return got.join("\n");
    },
    close: () => connection.close(),
  };
};

describe.each([
  ["memory", onMemory],
  ["RabbitMQ", onRabbit],
] as const)("on %s", (name, open) => {
  const off = name === "RabbitMQ" && skipped;

  test.skipIf(off)("published, dead-lettered, redriven and handled: nothing on the broker shows the data", async () => {
    const prefix = `enc${name.toLowerCase()}${process.pid}`;
    const broker = await open(prefix);
    const shop = await service({
      connection: broker.connection,
      prefix,
      more: { compress: { above: 256, with: "brotli" } },
    });
    shop.failing = new Error(`the bank refuses ${SECRET}`);
    const pad = "compressible ".repeat(100);
    await publish(shop, { expires: "1h", headers: { region: "eu" } }, pad);
    if (name === "RabbitMQ") {
      const waiting = await broker.raw("main");
      expect(waiting).toContain("application/jose");
      expect(waiting).not.toContain(SECRET);
    }
    await shop.messaging.start();
    await until(() => shop.ended("dead-letter").length === 1, "the dead letter");
    const [[data, delivery]] = shop.seen;
    expect([data.card, data.pad, delivery.encrypted, delivery.headers]).toEqual([SECRET, pad, true, { region: "eu" }]);
    const dead = await broker.raw("dead");
    expect(dead).not.toContain(SECRET);
    expect(dead).toMatch(/eyJhbGciOiJBMjU2S1ci/);
    const box = shop.messaging.deadLetters(orders as never, "main");
    let items: readonly any[] = [];
    await until(async () => (items = await box.peek()).length === 1, "the dead letter is seen");
    expect(items[0].data).toEqual({ card: SECRET, pad });
    expect(items[0].reason).toContain(SECRET);
    shop.failing = undefined;
    await until(async () => (await box.redrive()).moved > 0 || shop.seen.length > 1, "the redrive");
    await until(() => shop.seen.length === 2, "the redriven message");
    expect(shop.seen[1][0]).toEqual({ card: SECRET, pad });
    expect(shop.seen[1][1]).toMatchObject({ id: delivery.id, encrypted: true });
    expect(shop.ended("dead-letter")).toHaveLength(1);
    await broker.close();
  });

  test.skipIf(off)("at the limit: a message that just fits dies and is redriven whole", async () => {
    const prefix = `encl${name.toLowerCase()}${process.pid}`;
    const broker = await open(prefix);
    const shop = await service({ connection: broker.connection, prefix });
    shop.failing = new Error(SECRET.repeat(100));
    await shop.messaging.start();
    const fits = async (bytes: number): Promise<boolean> => {
      try {
        await publish(shop, { headers: { size: String(bytes) } }, "x".repeat(bytes));
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: "too-large", kind: "permanent" });
        return false;
      }
    };
    let [low, high] = [60_000, 80_000];
    for (; high - low > 1; ) {
      const middle = Math.trunc((low + high) / 2);
      if (await fits(middle)) low = middle;
      else high = middle;
    }
    const sent = () => shop.seen.filter(([{ pad }]) => pad.length === low);
    await until(() => sent().length === 1 && shop.ended("dead-letter").length === shop.seen.length, "the dead letter");
    expect(shop.ended("blocked-message")).toEqual([]);
    expect(await broker.raw("dead")).not.toContain(SECRET);
    shop.failing = undefined;
    const box = shop.messaging.deadLetters(orders as never, "main");
    await until(async () => {
      await box.redrive();
      return sent().length >= 2;
    }, "the redriven message");
    await broker.close();
  });
});

describe("keys", () => {
  test("rotation with one old reader: it lets new messages wait and handles old ones, until it gets the key", async () => {
    const prefix = `encr${process.pid}`;
    const runtime = virtualRuntime();
    const given = { connection: { use: memory, broker: prefix }, prefix, runtime };
    const [writer, next] = [await service(given), await service({ ...given, keys: { ...KEYS, write: "two" } })];
    await publish(next);
    await publish(writer);
    const { one } = KEYS.keys;
    const old = await service({ ...given, keys: { ...KEYS, keys: { one } } });
    await old.messaging.start();
    await runtime.advance("5s");
    expect(old.seen).toHaveLength(1);
    expect(old.ended("unreadable")[0]).toMatchObject({ error: { code: "unknown-key" } });
    expect(old.ended("dead-letter")).toEqual([]);
    const stopped = old.messaging.stop();
    await runtime.advance("1m");
    await stopped;
    const both = await service(given);
    await both.messaging.start();
    await runtime.advance("5s");
    expect(both.seen.map(([, { attempt }]) => attempt)).toEqual([1]);
    for (const each of [writer, next, both]) {
      const end = each.messaging.stop();
      await runtime.advance("1m");
      await end;
    }
    started = [];
    forgetBroker(prefix);
  });

  test("an unlisted key for longer than `wait` is a dead letter, and its neighbours are handled", async () => {
    const prefix = `encw${process.pid}`;
    const runtime = virtualRuntime();
    const given = { connection: { use: memory, broker: prefix }, prefix, runtime };
    const next = await service({ ...given, keys: { ...KEYS, write: "two" } });
    await publish(next);
    const old = await service({ ...given, keys: { ...KEYS, keys: { one: KEYS.keys.one }, wait: "10m" } });
    await old.messaging.start();
    await publish(old);
    await runtime.advance("9m");
    expect([old.seen.length, old.ended("dead-letter").length]).toEqual([1, 0]);
    expect(old.messaging.health().status).not.toBe("red");
    await runtime.advance("3m");
    expect(old.ended("dead-letter")).toMatchObject([{ code: "unknown-key" }]);
    for (const each of [next, old]) {
      const end = each.messaging.stop();
      await runtime.advance("1m");
      await end;
    }
    started = [];
    forgetBroker(prefix);
  });

  test("a key that does not work pauses the channel, red, and what waited is handled as the first attempt afterwards", async () => {
    const prefix = `encd${process.pid}`;
    const runtime = virtualRuntime();
    const { MessagingError } = await import("@switchyard/core");
    const plains = new Map<string, Uint8Array>();
    let denied = false;
    const check = (): void => {
      if (denied) throw new MessagingError("keys-denied", "the vault refuses", { kind: "auth" });
    };
    const vault: KeyProvider = {
      summary: "the vault",
      perType: false,
      keyOf: (kid) => (kid === "vault" ? kid : undefined),
      generate: async () => {
        check();
        const plain = new Uint8Array(32).fill(plains.size + 1);
        const wrapped = Buffer.from(`w${plains.size}`);
        plains.set(wrapped.toString(), new Uint8Array(plain));
        return { plain, wrapped, kid: "vault" };
      },
      unwrap: async (wrapped) => {
        check();
        return new Uint8Array(plains.get(Buffer.from(wrapped).toString())!);
      },
    };
    const own = encryptionWith({
      name: "vault",
      options: z.strictObject({ use: z.literal("vault") }),
      open: () => vault,
    });
    const given = {
      connection: { use: memory, broker: prefix },
      prefix,
      runtime,
      keys: { use: "vault" },
      extensions: [own],
    };
    const shop = await service(given);
    await publish(shop);
    await publish(shop);
    denied = true;
    await shop.messaging.start();
    await runtime.advance("30m");
    expect(shop.seen).toEqual([]);
    expect(shop.ended("dead-letter")).toEqual([]);
    const { status, problems } = shop.messaging.health() as any;
    expect([status, JSON.stringify(problems)]).toEqual(["red", expect.stringContaining("the vault refuses")]);
    denied = false;
    await runtime.advance("2m");
    expect(shop.seen.map(([, { attempt }]) => attempt)).toEqual([1, 1]);
    expect(shop.messaging.health().status).toBe("green");
    const end = shop.messaging.stop();
    await runtime.advance("1m");
    await end;
    started = [];
    forgetBroker(prefix);
  });

  test("ephemeral ones are refused where messages outlive the process", async () => {
    const error: any = await service({
      connection: { use: amqp, url: "amqp://127.0.0.1" },
      prefix: "x",
      keys: { use: "ephemeral" },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "invalid-config" });
    expect(error.message).toMatch(/ephemeral/);
    const shop = await service({ connection: { use: memory }, prefix: "x", keys: { use: "ephemeral" } });
    await shop.messaging.start();
    await publish(shop);
    await until(() => shop.seen.length === 1, "the message");
    expect(shop.seen[0][1].encrypted).toBe(true);
  });
});
