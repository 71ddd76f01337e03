/** From the hash exchange of earlier versions to buckets: what plan() and apply() show and do, and that nothing is lost on the way. */
import { createHash } from "node:crypto";
import { adapter } from "@switchyard/amqp";
import { systemRuntime } from "@switchyard/core";
import type { Connection, Destination, DriverEvent, Topology } from "@switchyard/core/driver";
import { connect as amqplib, type ConfirmChannel, type ConsumeMessage } from "amqplib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";

const never = new AbortController().signal;
const KEYS = Array.from({ length: 24 }, (_, n) => `k${n}`);
const HASH = "rabbitmq_consistent_hash_exchange";
/** The partition that docs/transports/rabbitmq.md promises. */
const partitionOf = (key: string, partitions: number) => createHash("sha256").update(key).digest()[3]! % partitions;

describe.skipIf(skipped)("an installation with a hash exchange", () => {
  let rabbit: Rabbit;
  let model: Awaited<ReturnType<typeof amqplib>>;
  let raw: ConfirmChannel;
  let topology: Topology;
  let connection: Connection;
  const events: DriverEvent[] = [];
  let serial = 0;

  const reach = async () => {
    model = await amqplib(rabbit.url);
    model.on("error", () => {});
    raw = await model.createConfirmChannel();
    raw.on("error", () => {});
  };
  beforeAll(async () => {
    rabbit = await startNode([HASH]);
    await reach();
    const result: any = await adapter.options["~standard"].validate({ url: rabbit.url });
    topology = await adapter.topology!(result.value, systemRuntime);
    connection = await adapter.open(result.value, systemRuntime, (event) => events.push(event));
  }, 180_000);
  afterAll(async () => {
    await connection?.close();
    await topology?.close();
    await model?.close().catch(() => {});
    await rabbit?.close();
  }, 60_000);

  const fresh = (over: Partial<Destination> = {}): Destination => {
    const base = `old_c${++serial}`;
    const own = { channel: "c", base, name: `${base}_main`, model: "queue", ordered: true, group: "main" } as const;
    return { ...own, native: {}, ...over };
  };
  const topicOf = ({ group: _, ...of }: Destination): Destination => ({ ...of, name: of.base });
  const queuesOf = ({ name, partitions = 4 }: Destination) =>
    Array.from({ length: partitions }, (_, n) => `${name}_p${n}`);
  const planned = (...all: readonly Destination[]) => topology.plan(all, never);
  const changesOf = async (...all: readonly Destination[]) => (await planned(...all)).changes;
  const provide = async (all: readonly Destination[], destructive = false) =>
    topology.apply(await planned(...all), never, { destructive });

  /** Makes what an earlier version would have made of these destinations. */
  async function asBefore(...all: readonly Destination[]): Promise<void> {
    await provide(all);
    for (const of of all) {
      if (of.group === undefined) continue;
      const { name, base, types = ["#"] } = of;
      for (const each of [name, `${name}_rest`, `${name}_buckets_${queuesOf(of).length}`])
        await raw.deleteExchange(each);
      await raw.assertExchange(name, "x-consistent-hash", { arguments: { "hash-header": "cloudEvents_partitionkey" } });
      const bindings = queuesOf(of).map((queue) => `${name}\n${queue}\n1`);
      for (const queue of queuesOf(of)) await raw.bindQueue(queue, name, "1");
      if (of.model === "pubsub") {
        for (const type of of.types === undefined ? types : [...types, ""]) {
          await raw.bindExchange(name, base, type);
          bindings.push(`${base}\n${name}\n${type}`);
        }
      }
      const mark = createHash("sha256").update(JSON.stringify(bindings.sort())).digest("hex").slice(0, 8);
      await raw.assertExchange(`${name}_bound_${mark}`, "fanout");
    }
  }

  const send = async (to: Destination, keys: readonly string[] = KEYS, type = "t") => {
    const sender = await connection.sender(to, never);
    const sent = await sender.send(
      keys.map((key) => ({ body: key, headers: {}, type, key })),
      never,
    );
    await sender.close();
    return sent.flatMap(({ cause }) => cause ?? []);
  };
  /** As an earlier version sends: the key is in a header only. */
  const sendAsBefore = async (to: Destination, keys: readonly string[] = KEYS, type = "t") => {
    const topic = to.model === "pubsub" && to.group === undefined;
    const [exchange, key] = topic ? [to.base, type] : [to.name, ""];
    for (const each of keys)
      raw.publish(exchange, key, Buffer.from(each), { headers: { cloudEvents_partitionkey: each }, persistent: true });
    await raw.waitForConfirms();
  };
  /** Takes all messages, and says for each key in which partitions it was, in the order of the queue. */
  async function taken(of: Destination, count: number): Promise<Record<string, number[]>> {
    const places: Record<string, number[]> = {};
    let seen = 0;
    const channel = await model.createChannel();
    const put = (n: number) => (message: ConsumeMessage | null) => {
      (places[message!.content.toString()] ??= []).push(n);
      seen++;
    };
    for (const [n, queue] of queuesOf(of).entries()) await channel.consume(queue, put(n), { noAck: true });
    await vi.waitUntil(async () => (await waiting(of)) === 0 && seen >= count, { timeout: 10_000 });
    await channel.close();
    // The queues learn of it a little later.
    const idle = async (queue: string) => (await raw.checkQueue(queue)).consumerCount === 0;
    for (const queue of queuesOf(of)) await vi.waitUntil(() => idle(queue), { timeout: 10_000 });
    return places;
  }
  const waiting = async (of: Destination): Promise<number> => {
    let sum = 0;
    for (const queue of queuesOf(of)) sum += (await raw.checkQueue(queue)).messageCount;
    return sum;
  };
  const byBucket = (of: Destination, keys: readonly string[] = KEYS) =>
    Object.fromEntries(keys.map((key) => [key, [partitionOf(key, queuesOf(of).length)]]));

  test("publishers of both versions send a key to one partition, until the exchange is replaced", async () => {
    const of = fresh();
    const group = fresh({ model: "pubsub", types: ["t"] });
    const topic = topicOf(group);
    await asBefore(of, topic, group);
    for (const [to, from] of [
      [of, of],
      [topic, group],
    ] as const) {
      await sendAsBefore(to);
      expect(await send(to)).toEqual([]);
      const places = await taken(from, 2 * KEYS.length);
      for (const key of KEYS) expect(new Set(places[key]).size, `${key}: ${places[key]}`).toBe(1);
    }
  });

  test("while partitions are used the plan says destructive and what to do, and apply leaves the exchange, but binds new types", async () => {
    const group = fresh({ model: "pubsub", types: ["t"] });
    const topic = topicOf(group);
    await asBefore(topic, group);
    await sendAsBefore(topic);
    const [change, ...others] = await changesOf(topic, group);
    expect(others).toEqual([]);
    expect(change).toEqual({
      action: "destructive",
      resource: "exchange",
      name: group.name,
      summary:
        "type: is x-consistent-hash, should be direct; a hash exchange moves keys to other partitions when the broker restarts. To replace it while partitions are used moves keys too, once. To keep their order: stop the publishers, let the consumers empty the partitions, stop them, and plan and apply again",
      detail: { attribute: "type", is: "x-consistent-hash", wanted: "direct" },
    });
    const more = { ...group, types: ["t", "u"] };
    expect(new Set((await changesOf(topic, more)).map(({ action }) => action))).toEqual(
      new Set(["update", "destructive"]),
    );
    await provide([topic, more]);
    expect((await changesOf(topic, more)).map(({ action }) => action)).toEqual(["destructive"]);
    expect(await send(topic, KEYS, "u")).toEqual([]);
    const places = await taken(group, 2 * KEYS.length);
    for (const key of KEYS) expect(new Set(places[key]).size, `${key}: ${places[key]}`).toBe(1);
  });

  test("once nothing uses the partitions, plan and apply replace it: every key goes by its bucket, once, in each group", async () => {
    const of = fresh();
    const one = fresh({ model: "pubsub", types: ["t"] });
    const two = { ...one, name: `${one.base}_two`, group: "two", partitions: 3 };
    const all = [of, topicOf(one), one, two];
    await asBefore(...all);
    expect(new Set((await changesOf(...all)).map(({ action }) => action))).toEqual(new Set(["create", "update"]));
    await provide(all);
    expect(await changesOf(...all)).toEqual([]);
    expect(await send(of)).toEqual([]);
    expect(await send(topicOf(one))).toEqual([]);
    expect(await send(topicOf(one), KEYS, "another type")).toEqual([]);
    for (const each of [of, one, two]) expect(await taken(each, KEYS.length)).toEqual(byBucket(each));
    // To one group alone, as a redrive sends.
    expect(await send(two)).toEqual([]);
    expect(await taken(two, KEYS.length)).toEqual(byBucket(two));
    expect(await waiting(one)).toBe(0);
  });

  test("groups of a topic are moved one by one: a message is right in each", async () => {
    const one = fresh({ model: "pubsub" });
    const two = { ...one, name: `${one.base}_two`, group: "two" };
    const topic = topicOf(one);
    await asBefore(topic, one, two);
    await provide([topic, one]);
    await sendAsBefore(topic);
    expect(await send(topic)).toEqual([]);
    const still = await taken(two, 2 * KEYS.length);
    for (const key of KEYS) expect(new Set(still[key]).size).toBe(1);
    // The earlier version's are in the first partition.
    const moved = await taken(one, 2 * KEYS.length);
    for (const key of KEYS) expect(moved[key]!.toSorted((a, b) => a - b)).toEqual([0, partitionOf(key, 4)]);
  });

  test("a partition that is used after the plan was made stops apply before any key moves", async () => {
    const of = fresh({ model: "pubsub" });
    const topic = topicOf(of);
    await asBefore(topic, of);
    const plan = await planned(topic, of);
    await sendAsBefore(topic);
    await expect(topology.apply(plan, never)).rejects.toMatchObject({ code: "partitions-in-use", kind: "config" });
    await sendAsBefore(topic);
    const places = await taken(of, 2 * KEYS.length);
    for (const key of KEYS) expect(new Set(places[key]).size, key).toBe(1);
    await provide([topic, of]);
    expect(await send(topic)).toEqual([]);
    expect(await taken(of, KEYS.length)).toEqual(byBucket(of));
  });

  test("a destructive apply replaces it in spite of that, and loses nothing that waits", async () => {
    const of = fresh();
    await asBefore(of);
    await sendAsBefore(of);
    await provide([of], true);
    expect(await changesOf(of)).toEqual([]);
    expect(await waiting(of)).toBe(KEYS.length);
    expect(await send(of)).toEqual([]);
    const places = await taken(of, 2 * KEYS.length);
    for (const key of KEYS) expect(places[key]).toContain(partitionOf(key, 4));
  });

  test("what has no bucket comes to the first partition, and a consumer warns of a publisher of an earlier version", async () => {
    const of = fresh();
    await asBefore(of);
    await provide([of]);
    const stray = KEYS.find((key) => partitionOf(key, 4) !== 0)!;
    await sendAsBefore(of, [stray]);
    raw.publish(of.name, "any routing key", Buffer.from("without a key"), { mandatory: true });
    await raw.waitForConfirms();
    const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
    const bodies: string[] = [];
    for await (const lease of receiver.leases(never)) {
      while (bodies.length < 2)
        for (const { message } of (await lease.receive(2, 5_000, never))!) bodies.push(String(message.body));
      expect(lease.id).toBe(`${of.name}_p0`);
      break;
    }
    await receiver.close();
    expect(bodies).toEqual([stray, "without a key"]);
    const warnings = events.filter(({ id, type }) => id === of.name && type === "warning");
    expect(warnings.map(({ cause }) => (cause as { code: string }).code)).toEqual(["wrong-partition"]);
  });

  test("one that is in use warns too, so that nobody goes on with it unknowingly", async () => {
    const of = fresh();
    await asBefore(of);
    const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
    expect(await send(of)).toEqual([]);
    await vi.waitUntil(() => events.some(({ id, type }) => id === of.name && type === "warning"), { timeout: 10_000 });
    await receiver.close();
  });

  /** A topology whose connection refuses every change after the first `most`. */
  async function stopping(most: number): Promise<{ topology: Topology; changes: string[] }> {
    const changes: string[] = [];
    const changing = /^(?:assert|delete|bind|unbind)/;
    const limited = (channel: any) =>
      new Proxy(channel, {
        get(target, name) {
          const value = target[name];
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            if (changing.test(String(name)) && changes.push(String(name)) > most)
              return Promise.reject(Object.assign(new Error("stopped here"), { code: 403 }));
            return value.apply(target, args);
          };
        },
      });
    const connect = async (url: string, socket: object) => {
      const real: any = await amqplib(url, socket);
      return new Proxy(real, {
        get(target, name) {
          if (name === "createChannel") return async () => limited(await target.createChannel());
          const value = target[name];
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    };
    const result: any = await adapter.options["~standard"].validate({ url: rabbit.url, connect });
    return { topology: await adapter.topology!(result.value, systemRuntime), changes };
  }

  /** How many changes to let through: all numbers at which another kind of change is next, and some within the bindings of buckets. */
  async function cuts(all: readonly Destination[]): Promise<readonly number[]> {
    const { topology: counting, changes } = await stopping(Number.POSITIVE_INFINITY);
    const plan = await counting.plan(all, never);
    changes.length = 0;
    await counting.apply(plan, never);
    await counting.close();
    return changes.flatMap((name, at) => (name !== "bindQueue" || at % 97 === 0 ? [at] : []));
  }

  /** Applies until the given number of changes is made. */
  async function applyPartly(all: readonly Destination[], most: number): Promise<void> {
    const plan = await planned(...all);
    const { topology: partly } = await stopping(most);
    await expect(partly.apply(plan, never)).rejects.toThrow("stopped here");
    await partly.close();
  }

  const pair = () => {
    const of = fresh({ partitions: 3 });
    const group = fresh({ model: "pubsub", partitions: 2 });
    return { of, group, topic: topicOf(group), all: [of, topicOf(group), group] };
  };
  const opens = (to: Destination) =>
    connection.sender(to, never).then(
      (sender) => sender.close().then(() => true),
      () => false,
    );

  test("an apply that stops anywhere makes no key go elsewhere, and the next one ends it", {
    timeout: 240_000,
  }, async () => {
    let reached = 0;
    for (const cut of await cuts(pair().all)) {
      const { of, group, topic, all } = pair();
      await applyPartly(all, cut);
      // Whoever can publish to the queue reaches the right partition. A topic's group has all messages, or is not there yet.
      if (await opens(of)) {
        expect(await send(of), `${cut}`).toEqual([]);
        expect(await taken(of, KEYS.length), `${cut}`).toEqual(byBucket(of));
        reached++;
      }
      if (await opens(topic)) {
        expect(await send(topic)).toEqual([]);
      }
      await provide(all);
      expect(await changesOf(...all)).toEqual([]);
      const before = await waiting(group);
      expect([0, KEYS.length]).toContain(before);
      expect(await send(topic)).toEqual([]);
      const places = await taken(group, before + KEYS.length);
      for (const key of KEYS) expect(new Set(places[key])).toEqual(new Set([partitionOf(key, 2)]));
      expect(await send(of)).toEqual([]);
      expect(await taken(of, KEYS.length)).toEqual(byBucket(of));
    }
    expect(reached).toBeGreaterThan(0);
  });

  test("an apply that stops anywhere while it replaces hash exchanges loses nothing, and the next one ends it", {
    timeout: 240_000,
  }, async () => {
    const first = pair();
    await asBefore(...first.all);
    for (const cut of await cuts(first.all)) {
      const { of, group, topic, all } = pair();
      await asBefore(...all);
      await sendAsBefore(of);
      await sendAsBefore(topic);
      const hash = { queue: await taken(of, KEYS.length), group: await taken(group, KEYS.length) };
      await applyPartly(all, cut);
      // A publisher of this version is at work all the time. Between two exchanges the queue refuses it.
      if (await opens(of)) {
        expect(await send(of), `${cut}`).toEqual([]);
        const places = await taken(of, KEYS.length);
        const expected = [hash.queue, byBucket(of)];
        expect(expected, `${cut}`).toContainEqual(places);
      }
      expect(await send(topic)).toEqual([]);
      const places = await taken(group, KEYS.length);
      // While a topic is bound to both, a message may come by both ways, and none comes by a third.
      for (const key of KEYS) {
        const allowed = [...hash.group[key]!, partitionOf(key, 2)];
        expect(places[key], `${cut}: ${key}`).toBeDefined();
        for (const place of places[key]!) expect(allowed, `${cut}: ${key}`).toContain(place);
      }
      await provide(all);
      expect(await changesOf(...all), `${cut}`).toEqual([]);
      for (const [to, from] of [
        [of, of],
        [topic, group],
      ] as const) {
        expect(await send(to)).toEqual([]);
        expect(await taken(from, KEYS.length)).toEqual(byBucket(from));
      }
    }
  });

  test("a broker that restarts in the middle of an apply leaves what the next one ends", {
    timeout: 120_000,
  }, async () => {
    const { of, group, topic, all } = pair();
    await asBefore(...all);
    const applying = provide(all).catch((error: unknown) => error);
    await vi.waitUntil(async () => (await rabbit.ctl("list_exchanges", "name")).includes(`${of.name}_rest`), {
      timeout: 20_000,
    });
    await rabbit.ctl("stop_app");
    await rabbit.ctl("start_app");
    await applying;
    await reach();
    await provide(all);
    expect(await changesOf(...all)).toEqual([]);
    expect([await send(of), await send(topic)]).toEqual([[], []]);
    expect(await taken(of, KEYS.length)).toEqual(byBucket(of));
    expect(await taken(group, KEYS.length)).toEqual(byBucket(group));
  });
});
