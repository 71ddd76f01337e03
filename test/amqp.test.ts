/** RabbitMQ through the driver: what other stacks send and read, topology, and rights. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { adapter } from "@switchyard/amqp";
import { channel, connect, consumer, systemRuntime } from "@switchyard/core";
import type { Connection, Delivery, Destination, Lease, Topology } from "@switchyard/core/driver";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";
import { run } from "./support/run.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";

const never = new AbortController().signal;
let serial = 0;
let url: string;
let connection: Connection;
let topology: Topology;
let raw: Awaited<ReturnType<typeof amqplib>>;
const opened: { close(): Promise<void> }[] = [];

async function optionsOf(given: Record<string, unknown>): Promise<any> {
  const result = await adapter.options["~standard"].validate(given);
  if (result.issues !== undefined) throw new Error(result.issues.map(({ message }) => message).join("; "));
  return result.value;
}

beforeAll(async () => {
  if (skipped) return;
  ({ url } = await sharedRabbit());
  const options = await optionsOf({ url, delays: "amqp-test" });
  connection = await adapter.open(options, systemRuntime, () => {}, { service: "amqp-test" });
  topology = await adapter.topology!(options, systemRuntime);
  raw = await amqplib(url, { noDelay: true });
}, 120_000);
afterAll(async () => {
  for (const one of opened.reverse()) await one.close();
  await connection?.close();
  await topology?.close();
  await raw?.close();
});

function queueOf(over: Partial<Destination> = {}): Destination {
  const base = `amqptest_c${++serial}x${process.pid}`;
  return {
    channel: "c",
    base,
    name: `${base}_main`,
    model: "queue",
    ordered: false,
    group: "main",
    native: {},
    ...over,
  };
}

async function provide(...all: Destination[]): Promise<void> {
  await topology.apply(await topology.plan(all, never), never);
}

async function leaseOf(of: Destination): Promise<Lease> {
  const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
  opened.push(receiver);
  for await (const lease of receiver.leases(never)) return lease;
  throw new Error("no lease");
}

async function receive(lease: Lease, count: number): Promise<Delivery[]> {
  const got: Delivery[] = [];
  while (got.length < count) got.push(...(await lease.receive(count - got.length, 5_000, never))!);
  return got;
}

const CE = {
  specversion: "1.0",
  id: "id-1",
  source: "shop",
  time: "2026-01-02T03:04:05.006Z",
  partitionkey: "customer 9",
};

describe.skipIf(skipped)("RabbitMQ", () => {
  test("another stack reads our message: the data as body, one cloudEvents_ header an attribute, user headers as headers", async () => {
    const of = queueOf();
    await provide(of);
    const sender = await connection.sender(of, never);
    opened.push(sender);
    const dead = { reason: "r", code: "c", attempts: 5, channel: "c", group: "g", firstat: CE.time, lastat: CE.time };
    const ce = JSON.stringify({ ...CE, hop: 2, headers: { tenant: "t-9" }, dead });
    const message = { body: '{"a":1}', type: "order.placed", headers: { ce, traceparent: "00-1-2-01" } };
    await sender.send([message], never);
    const channel = await raw.createChannel();
    const got = await channel.get(of.name, { noAck: false });
    if (got === false) throw new Error("no message");
    expect(got.content.toString()).toBe('{"a":1}');
    expect(got.properties).toMatchObject({
      contentType: "application/json",
      messageId: "id-1",
      type: "order.placed",
      deliveryMode: 2,
    });
    expect(got.properties.headers).toMatchObject({
      cloudEvents_specversion: "1.0",
      cloudEvents_id: "id-1",
      cloudEvents_source: "shop",
      cloudEvents_type: "order.placed",
      cloudEvents_partitionkey: "customer 9",
      cloudEvents_hop: 2,
      cloudEvents_deadattempts: 5,
      tenant: "t-9",
      traceparent: "00-1-2-01",
    });
    expect(got.properties.headers).not.toHaveProperty("ce");
    channel.nack(got);
    const [back] = await receive(await leaseOf(of), 1);
    expect(back!.message).toMatchObject({
      body: '{"a":1}',
      type: "order.placed",
      headers: { traceparent: "00-1-2-01" },
    });
    expect(back!.message.headers["ce"]).toBe(ce);
  });

  test("a CloudEvent of an AMQP 1.0 client, by the official binding, is no foreign message", async () => {
    const orders = channel("orders", { messages: { "order.placed": z.object({ a: z.number() }) } });
    const seen: unknown[] = [];
    let woken = () => {};
    const arrived = new Promise<void>((resolve) => (woken = resolve));
    const prefix = `amqptest${process.pid}`;
    const messaging = await connect({
      channels: [orders],
      service: "reader",
      config: {
        prefix,
        connections: { rabbit: { use: adapter, url, delays: "amqp-test", provision: "auto" } },
        channels: { orders: { model: "queue", on: "rabbit", groups: { main: {} } } },
      },
    } as never);
    messaging.consume(
      consumer(orders, "main", {
        "order.placed": (data, delivery) => {
          seen.push([delivery.foreign, delivery.id, delivery.type, data, delivery.headers]);
          woken();
        },
      }) as never,
    );
    await messaging.start();
    const channelOf = await raw.createChannel();
    const headers = {
      "cloudEvents:specversion": "1.0",
      "cloudEvents:id": "e-1",
      "cloudEvents:source": "/java",
      "cloudEvents:type": "order.placed",
      "cloudEvents:time": { "!": "timestamp", value: 1_760_000_000 },
      tenant: "t",
    };
    channelOf.sendToQueue(`${prefix}_orders_main`, Buffer.from('{"a":2}'), {
      headers,
      contentType: "application/json",
    });
    await arrived;
    expect(seen).toEqual([[false, "e-1", "order.placed", { a: 2 }, { tenant: "t" }]]);
    await messaging.stop();
  });

  test("foreign messages: plain JSON, other content types, and headers of every AMQP type", async () => {
    const of = queueOf();
    await provide(of);
    const channel = await raw.createConfirmChannel();
    const headers = {
      Text: "é",
      yes: true,
      byte: { "!": "byte", value: -3 },
      short: { "!": "short", value: 7 },
      int: 42,
      long: { "!": "long", value: 2 ** 40 },
      float: { "!": "float", value: 0.5 },
      double: 1.25,
      decimal: { "!": "decimal", value: { places: 2, digits: 314 } },
      when: { "!": "timestamp", value: 1_700_000_000 },
      bytes: Buffer.from([0, 255]),
      list: ["a", 1, [true]],
      table: { inner: { deep: "x" } },
      nothing: null,
    };
    channel.sendToQueue(of.name, Buffer.from('{"plain":true}'), { headers });
    channel.sendToQueue(of.name, Buffer.from([0xff, 0x00, 0x80]), { contentType: "image/png" });
    channel.sendToQueue(of.name, Buffer.from("<a/>"), { contentType: "application/xml", type: "thing" });
    await channel.waitForConfirms();
    const [json, bytes, xml] = await receive(await leaseOf(of), 3);
    expect(json!.message.body).toBe('{"plain":true}');
    expect({ ...json!.message.headers }).toEqual({
      text: "é",
      yes: "true",
      byte: "-3",
      short: "7",
      int: "42",
      long: String(2 ** 40),
      float: "0.5",
      double: "1.25",
      decimal: JSON.stringify({ "!": "decimal", value: { places: 2, digits: 314 } }),
      when: JSON.stringify({ "!": "timestamp", value: 1_700_000_000 }),
      bytes: "AP8=",
      list: '["a",1,[true]]',
      table: '{"inner":{"deep":"x"}}',
    });
    expect([...(bytes!.message.body as Uint8Array)]).toEqual([0xff, 0x00, 0x80]);
    expect(bytes!.message.headers["content-type"]).toBe("image/png");
    expect([xml!.message.body, xml!.message.type]).toEqual(["<a/>", "thing"]);
  });

  test("a failed attempt keeps its count through the delay queues, and a long delay does not hold up a short one", async () => {
    const of = queueOf();
    await provide(of);
    const sender = await connection.sender(of, never);
    opened.push(sender);
    await sender.send(
      [
        { body: "slow", headers: {} },
        { body: "fast", headers: {} },
      ],
      never,
    );
    const lease = await leaseOf(of);
    const both = await receive(lease, 2);
    const since = performance.now();
    // 1,600 ms is 1,000 and then three times 250.
    const delays: Record<string, number> = { slow: 1_600, fast: 300 };
    const settlements = both.map(({ receipt, message }) => ({
      receipt,
      action: "retry" as const,
      delayMs: delays[message.body as string]!,
      attempt: 1,
    }));
    expect(await lease.settle(settlements, never)).toEqual([undefined, undefined]);
    const [first] = await receive(lease, 1);
    const fast = performance.now() - since;
    const [second] = await receive(lease, 1);
    const slow = performance.now() - since;
    expect([first!.message.body, first!.attempt, second!.message.body, second!.attempt]).toEqual([
      "fast",
      2,
      "slow",
      2,
    ]);
    expect(fast).toBeGreaterThanOrEqual(300);
    expect(fast).toBeLessThan(1_600);
    expect(slow).toBeGreaterThanOrEqual(1_600);
  });

  test("a failed attempt is counted; a hand-back is not where the broker tells the two apart (4.3)", async () => {
    const of = queueOf();
    await provide(of);
    const sender = await connection.sender(of, never);
    opened.push(sender);
    await sender.send([{ body: "1", headers: {} }], never);
    const lease = await leaseOf(of);
    const attemptAfter = async (action: "retry" | "release", delivery: Delivery) => {
      const { receipt, attempt } = delivery;
      const settlement = action === "retry" ? { receipt, action, delayMs: 0, attempt: attempt! } : { receipt, action };
      await lease.settle([settlement], never);
      return (await receive(lease, 1))[0]!;
    };
    const [first] = await receive(lease, 1);
    const failed = await attemptAfter("retry", first!);
    const released = await attemptAfter("release", failed);
    const again = await attemptAfter("retry", released);
    const [major = 0, minor = 0] = String(raw.connection.serverProperties.version).split(".").map(Number);
    const apart = major > 4 || (major === 4 && minor >= 3);
    expect([first, failed, released, again].map((delivery) => delivery!.attempt)).toEqual(
      apart ? [1, 2, 2, 3] : [1, 2, 3, 4],
    );
    await lease.settle([{ receipt: again.receipt, action: "ack" }], never);
  });

  test("native.priority goes with every message", async () => {
    const of = queueOf({ native: { priority: 7 } });
    await provide(of);
    const sender = await connection.sender(of, never);
    opened.push(sender);
    await sender.send([{ body: "1", headers: {} }], never);
    const channel = await raw.createChannel();
    const got = await channel.get(of.name, { noAck: true });
    expect(got).toMatchObject({ properties: { priority: 7 } });
  });

  test("a delayed message of a topic comes late to each group of its time, at once to nobody", async () => {
    const [one, two] = [queueOf({ model: "pubsub" }), queueOf({ model: "pubsub" })];
    const other = { ...two, base: one.base };
    const { group: _, ...topic } = one;
    await provide(topic, one, other);
    const sender = await connection.sender(topic, never);
    opened.push(sender);
    const since = performance.now();
    await sender.send([{ body: "1", type: "t", headers: {}, delayMs: 700 }], never);
    for (const group of [one, other]) {
      const [delivery] = await receive(await leaseOf(group), 1);
      expect(performance.now() - since).toBeGreaterThanOrEqual(700);
      expect([delivery!.message.body, delivery!.message.type, delivery!.attempt]).toEqual(["1", "t", 1]);
    }
  });

  test("a tag of an earlier channel settles nothing", async () => {
    const of = queueOf();
    await provide(of);
    const sender = await connection.sender(of, never);
    opened.push(sender);
    await sender.send([{ body: "1", headers: {} }], never);
    const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
    const { value: old } = await receiver.leases(never)[Symbol.asyncIterator]().next();
    const [held] = await receive(old, 1);
    await receiver.close();
    const lease = await leaseOf(of);
    const [again] = await receive(lease, 1);
    const [late] = await old.settle([{ receipt: held!.receipt, action: "ack" }], never);
    expect(connection.classify(late!.cause, "settle")).toMatchObject({ kind: "lost" });
    const [crossed] = await lease.settle([{ receipt: held!.receipt, action: "ack" }], never);
    expect(connection.classify(crossed!.cause, "settle")).toMatchObject({ kind: "lost" });
    expect(await lease.settle([{ receipt: again!.receipt, action: "ack" }], never)).toEqual([undefined]);
  });

  test("drift is told attribute by attribute, changes nothing, and only destructive makes it anew", async () => {
    const of = queueOf({ nativeAttempts: 10, deadLetter: queueOf({ dead: true }) });
    const channel = await raw.createChannel();
    const others = { "x-queue-type": "quorum", "x-delivery-limit": 3, "x-max-length": 100 };
    await channel.assertQueue(of.name, { durable: true, arguments: others });
    const { changes } = await topology.plan([of], never);
    const drift = changes.filter(({ name, action }) => name === of.name && action === "destructive");
    expect(drift.map(({ detail }) => detail)).toEqual(
      expect.arrayContaining([
        { attribute: "x-delivery-limit", is: "3", wanted: "9" },
        { attribute: "x-overflow", is: "none", wanted: "reject-publish" },
        { attribute: "x-dead-letter-routing-key", is: "none", wanted: of.deadLetter!.name },
        { attribute: "x-dead-letter-strategy", is: "none", wanted: "at-least-once" },
        { attribute: "x-max-length", is: "100", wanted: "none" },
      ]),
    );
    expect(drift[0]!.summary).toMatch(/is .*, should be .*messages lost/);
    await topology.apply(await topology.plan([of], never), never);
    expect((await topology.plan([of], never)).changes.length).toBe(drift.length);
    await topology.apply(await topology.plan([of], never), never, { destructive: true });
    expect((await topology.plan([of], never)).changes).toEqual([]);
    const classic = queueOf();
    await channel.assertQueue(classic.name, { durable: true, arguments: { "x-queue-type": "classic" } });
    const kinds = (await topology.plan([classic], never)).changes.filter(({ name }) => name === classic.name);
    expect(kinds.map(({ detail }) => detail)).toContainEqual({
      attribute: "x-queue-type",
      is: "classic",
      wanted: "quorum",
    });
  });

  test("a topic of another kind under the name is drift, and an ordered channel refuses a plain queue", async () => {
    const topic = queueOf({ model: "pubsub" });
    const channel = await raw.createChannel();
    await channel.assertExchange(topic.base, "fanout", { durable: true });
    const { changes } = await topology.plan([topic], never);
    expect(changes.find(({ name }) => name === topic.base)).toMatchObject({
      action: "destructive",
      resource: "exchange",
      detail: { attribute: "type", is: "fanout", wanted: "topic" },
    });
    const plain = queueOf();
    await provide(plain);
    await expect(connection.sender({ ...plain, ordered: true }, never)).rejects.toMatchObject({
      code: "wrong-queue-kind",
      kind: "config",
    });
  });

  test("streams refuse what would close the connection, and queues refuse what only streams have", async () => {
    const stream = queueOf({ model: "stream" });
    await expect(connection.purge!(stream, never)).rejects.toMatchObject({ code: "purge-unsupported" });
    await expect(connection.seek!(queueOf(), "earliest", never)).rejects.toMatchObject({ code: "seek-unsupported" });
    await expect(connection.receiver(stream, { holdMs: 1, prefetch: 1, start: "latest" }, never)).rejects.toThrow(
      /no queue/,
    );
  });

  test("a wrong password and a missing virtual host are told at once, and no password is in the text", async () => {
    for (const [user, host, kind] of [
      ["guest:wr0ng-secret", "", "auth"],
      ["guest:guest", "/nowhere", "config"],
    ] as const) {
      const { port } = new URL(url);
      const other = await adapter.open(
        await optionsOf({ url: `amqp://${user}@127.0.0.1:${port}${host}` }),
        systemRuntime,
        () => {},
      );
      const cause = await other.sender(queueOf(), never).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(other.classify(cause, "open")).toMatchObject({ kind });
      expect(JSON.stringify([String(cause), other.classify(cause, "open")])).not.toContain("wr0ng");
      await other.close();
    }
  });

  test("several addresses: the next is tried where one does not answer", async () => {
    const options = await optionsOf({ url: ["amqp://guest:guest@127.0.0.1:1", url] });
    const other = await adapter.open(options, systemRuntime, () => {});
    const of = queueOf();
    await provide(of);
    const sender = await other.sender(of, never);
    expect(await sender.send([{ body: "1", headers: {} }], never)).toHaveLength(1);
    await sender.close();
    await other.close();
  });
});

describe.skipIf(skipped)("amqps", () => {
  test("checks the broker's certificate against ca and servername, and shows the client's", {
    timeout: 60_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "switchyard-tls-"));
    const openssl = async (...args: string[]) => {
      const { code, output } = await run("openssl", args, { cwd: folder });
      if (code !== 0) throw new Error(output);
    };
    const make = async (name: string) => {
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
      await openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.crt`,
        ...subject,
      );
      return { key: join(folder, `${name}.key`), cert: join(folder, `${name}.crt`) };
    };
    const [server, client] = [await make("rabbit.test"), await make("billing.test")];
    const seen: { name: string; sni: unknown }[] = [];
    // TLS ends here, and what is inside goes to the broker.
    const front = createServer(
      {
        key: await readFile(server.key),
        cert: await readFile(server.cert),
        ca: await readFile(client.cert),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket) => {
        seen.push({
          name: String(socket.getPeerCertificate().subject.CN),
          sni: (socket as { servername?: unknown }).servername,
        });
        const inner = dial(Number(new URL(url).port), "127.0.0.1");
        socket.on("error", () => inner.destroy());
        inner.on("error", () => socket.destroy());
        socket.pipe(inner).pipe(socket);
      },
    );
    front.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    const address = `amqps://guest:guest@127.0.0.1:${(front.address() as { port: number }).port}`;
    const of = queueOf();
    await provide(of);
    const opening = async (tls: Record<string, unknown>) => {
      const one = await adapter.open(
        await optionsOf({ url: address, tls, delays: "amqp-test" }),
        systemRuntime,
        () => {},
      );
      try {
        return await one.sender(of, never).then(
          async (sender) => sender.send([{ body: "1", headers: {} }], never),
          (error: unknown) => one.classify(error, "open"),
        );
      } finally {
        await one.close();
      }
    };
    try {
      const good = { ca: server.cert, servername: "rabbit.test", ...client };
      expect(await opening(good)).toMatchObject([{ id: expect.any(String) }]);
      expect(seen[0]).toEqual({ name: "billing.test", sni: "rabbit.test" });
      expect(await opening({ ...good, cert: await readFile(client.cert, "utf8") })).toMatchObject([
        { id: expect.any(String) },
      ]);
      expect(await opening({ ...good, servername: "other.test" })).toMatchObject({
        kind: "config",
        code: "tls-failed",
      });
      const { ca: _, ...untrusting } = good;
      expect(await opening(untrusting)).toMatchObject({ kind: "config", code: "tls-failed" });
    } finally {
      front.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(skipped)("a user without the right to configure", () => {
  let own: Rabbit;
  beforeAll(async () => {
    own = await startNode();
    await own.ctl("add_user", "runtime", "runtime");
    await own.ctl("set_permissions", "-p", "/", "runtime", "^$", ".*", ".*");
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
    await (await connect({ channels, service, config: config(own.url, "auto") } as never)).stop();
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
    for (const end = performance.now() + 20_000; performance.now() < end && seen.length < wanted.length; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect([...seen].sort()).toEqual(wanted.sort());
    await messaging.stop();
    const model = await amqplib(own.url);
    const counting = await model.createChannel();
    for (const { name } of channels)
      expect((await counting.checkQueue(`rights_${name}_main_dead`)).messageCount, name).toBe(1);
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
    expect(counts.filter((count) => count > 0)).toEqual([1, 1]);
    expect(seen).toBe(2);
    await messaging.stop();
  });
});
