/** The permissions of `policies()` on a real node: they are enough for their roles, and where RabbitMQ allows, for nothing else. */
import { adapter } from "@switchyard/amqp";
import { type AnyChannel, apply, channel, connect, consumer, plan } from "@switchyard/core";
import { type Policies, policies, type Role } from "@switchyard/core/policies";
import { connect as amqplib } from "amqplib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type Rabbit, skipped, startNode } from "./support/rabbit.ts";

const item = z.object({ n: z.int(), key: z.string() });
const plain = channel("plain", { messages: { item }, needs: { delay: "1m" } });
const sorted = channel("sorted", { messages: { item }, orderingKey: "key" });
const topic = channel("topic", { messages: { item } });
const log = channel("log", { messages: { item }, orderingKey: "key", needs: { replay: true } });
/** The neighbours: another service's channels in the same virtual host. */
const theirs = channel("theirs", { messages: { item } });
const theirTopic = channel("their-topic", { messages: { item } });
const channels = [plain, sorted, topic, log];
const POISON = 2;

describe.skipIf(skipped)("a user for each role", () => {
  let own: Rabbit;
  let result: Policies;
  const groups: readonly (readonly [AnyChannel, string])[] = [
    [plain, "main"],
    [sorted, "main"],
    [topic, "main"],
    [log, "main"],
  ];
  const config = (url: string) => ({
    prefix: "roles",
    connections: { rabbit: { use: adapter, url, provision: "off", leases: "memory" } },
    channels: {
      "*": { on: "rabbit" },
      plain: { model: "queue", groups: { main: {} } },
      sorted: { model: "queue", partitions: 2, groups: { main: {} } },
      topic: { model: "pubsub", groups: { main: { filter: ["item"] } } },
      log: { model: "stream", partitions: 2, groups: { main: {} } },
      theirs: { model: "queue", groups: { main: {} } },
      "their-topic": { model: "pubsub", groups: { main: {} } },
    },
    policies: { default: { retry: { attempts: 2, backoff: "constant", first: "300ms" } } },
  });
  const common = { service: "roles", cwd: import.meta.dirname };
  const as = (role: string) => config(own.url.replace("guest:guest", `${role}:${role}`));
  const open = (role: string, its: readonly AnyChannel[] = channels) =>
    connect({ ...common, channels: its, config: as(role) as never, observe: () => {} });

  /** Makes a user with exactly the permissions of a role. */
  async function user(role: Role, from: Policies, name: string = role): Promise<void> {
    const [permission, ...more] = from.rabbitmq.filter((one) => one.role === role);
    expect(more).toEqual([]);
    const { configure = "^$", write = "^$", read = "^$", vhost = "/" } = permission ?? {};
    await own.ctl("add_user", name, name);
    await own.ctl("set_permissions", "-p", vhost, name, configure, write, read);
  }

  beforeAll(async () => {
    own = await startNode();
    const consumes = groups.map(([of, group]) => consumer(of as typeof plain, group, { item: () => {} }));
    result = await policies({ ...common, config: config(own.url), publishes: channels, consumes });
    for (const role of ["provisioner", "publisher", "consumer", "operator", "purger", "viewer", "watcher"] as const)
      await user(role, result);
    // The neighbours are made by somebody who may.
    const all = [...channels, theirs, theirTopic];
    await apply(await plan({ ...common, channels: [theirs, theirTopic], config: config(own.url) }));
    expect(all).toHaveLength(6);
  }, 120_000);
  afterAll(() => own?.close(), 60_000);

  test("is enough to plan and apply, publish, consume, retry, dead-letter, redrive, purge, replay and read depths", {
    timeout: 120_000,
  }, async () => {
    await apply(await plan({ ...common, channels, config: as("provisioner") }));
    expect((await plan({ ...common, channels, config: as("provisioner") })).changes).toEqual({});
    {
      await using messaging = await open("publisher");
      for (const to of channels)
        for (const n of [1, POISON]) await messaging.publish(to as typeof plain, "item", { n, key: "k" });
      await messaging.publish(plain, "item", { n: 3, key: "k" }, { delay: "300ms" });
    }
    const dead = async (name: string): Promise<number> => {
      const model = await amqplib(own.url);
      try {
        return (await (await model.createChannel()).checkQueue(`roles_${name}_main_dead`)).messageCount;
      } finally {
        await model.close();
      }
    };
    {
      await using messaging = await open("consumer");
      const seen = new Set<string>();
      for (const [of, group] of groups)
        messaging.consume(
          consumer(of as typeof plain, group, {
            item: ({ n }) => {
              if (n === POISON) throw new Error("poison");
              seen.add(`${of.name} ${n}`);
            },
          }),
        );
      await messaging.start();
      await vi.waitUntil(() => seen.size === 5, { timeout: 30_000 });
      for (const { name } of channels) await vi.waitUntil(async () => (await dead(name)) === 1, { timeout: 30_000 });
    }
    await using messaging = await open("operator");
    for (const [of, group] of groups) {
      const box = messaging.deadLetters(of as typeof plain, group);
      expect(await box.peek(), of.name).toHaveLength(1);
      expect(await box.redrive(), of.name).toMatchObject({ moved: 1, failed: 0 });
      expect(await messaging.depth(of as typeof plain, group)).toHaveLength(1);
    }
    await messaging.replay(log, "main", "earliest");
    await using purging = await open("purger");
    for (const [of, group] of groups) {
      const box = purging.deadLetters(of as typeof plain, group);
      await box.purge({ filter: { errorClass: "Error" } });
      await box.purge();
    }
    await using publishing = await open("publisher");
    await using watching = await open("watcher");
    for (const of of [topic, log]) {
      const watched = watching.tail(of as typeof topic);
      const seen = (async () => {
        for await (const { id } of watched) return id;
      })();
      await watched.watching;
      const { id } = await publishing.publish(of as typeof topic, "item", { n: 9, key: "k" });
      expect(await seen, of.name).toBe(id);
    }
    await using viewing = await open("viewer");
    for (const of of [plain, sorted, topic]) expect(await viewing.depth(of)).toHaveLength(1);
  });

  test("is refused what is another's, wherever RabbitMQ can tell", { timeout: 60_000 }, async () => {
    const may = async (name: string, work: (channel: any) => Promise<unknown>): Promise<boolean> => {
      const model = await amqplib(own.url.replace("guest:guest", `${name}:${name}`));
      model.on("error", () => {});
      const raw = await model.createConfirmChannel();
      let why: unknown;
      raw.on("error", (cause) => (why = cause));
      try {
        await work(raw);
        return true;
      } catch (cause) {
        expect(String(why ?? cause)).toMatch(/ACCESS_REFUSED|access to/);
        return false;
      } finally {
        await model.close().catch(() => {});
      }
    };
    const publishing =
      (exchange: string, key = "") =>
      async (raw: any) => {
        raw.publish(exchange, key, Buffer.from("x"));
        await raw.waitForConfirms();
      };
    const own_ = await policies({ ...common, config: config(own.url), publishes: [topic, sorted] });
    await user("publisher", own_, "ordered");
    expect(own_.warnings.filter((text) => text.includes("default exchange"))).toEqual([]);
    expect(await may("ordered", publishing("roles_topic", "item"))).toBe(true);
    expect(await may("ordered", publishing("roles_sorted_main"))).toBe(true);
    // A's publisher on B: refused, by exchange and by queue.
    expect(await may("ordered", publishing("roles_their-topic", "item"))).toBe(false);
    expect(await may("ordered", publishing("", "roles_theirs_main"))).toBe(false);
    expect(await may("ordered", publishing("roles_delay_1s", "roles_theirs_main"))).toBe(false);
    // Through the default exchange there is no such line: the result says so.
    expect(await may("publisher", publishing("", "roles_theirs_main"))).toBe(true);
    expect(result.warnings).toContainEqual(expect.stringContaining("may write to every queue of the virtual host"));
    expect(await may("publisher", publishing("roles_their-topic", "item"))).toBe(false);

    const reading = (queue: string) => (raw: any) => raw.get(queue, { noAck: false });
    expect(await may("consumer", reading("roles_plain_main"))).toBe(true);
    expect(await may("consumer", reading("roles_theirs_main"))).toBe(false);
    expect(await may("consumer", reading("roles_plain_main_dead"))).toBe(false);
    expect(await may("operator", reading("roles_plain_main_dead"))).toBe(true);
    expect(await may("operator", reading("roles_plain_main"))).toBe(false);
    expect(await may("publisher", reading("roles_plain_main"))).toBe(false);
    for (const name of ["viewer", "watcher", "purger"])
      expect(await may(name, reading("roles_plain_main")), name).toBe(false);
    expect(await may("watcher", reading("roles_topic_main"))).toBe(false);

    const deleting = (queue: string) => (raw: any) => raw.deleteQueue(queue);
    for (const name of ["publisher", "consumer", "operator", "purger", "viewer", "watcher"])
      expect(await may(name, deleting("roles_plain_main_dead")), name).toBe(false);
    expect(await may("provisioner", deleting("roles_theirs_main"))).toBe(false);
    expect(await may("provisioner", (raw) => raw.assertQueue("roles_new_main", { durable: true }))).toBe(false);
    expect(await may("provisioner", reading("roles_theirs_main"))).toBe(false);
  });

  test("has no permission that its role can do without", { timeout: 60_000 }, async () => {
    const names = (pattern: string) => (pattern === "^$" ? [] : pattern.slice(2, -2).split("|"));
    const provisioner = result.rabbitmq.find(({ role }) => role === "provisioner")!;
    const without = async (permission: "configure" | "write" | "read", name: string): Promise<boolean> => {
      // Who declares a queue that is there already is asked for less.
      const model = await amqplib(own.url);
      await (await model.createChannel()).deleteQueue("roles_plain_main");
      await model.close();
      const its = {
        ...provisioner,
        [permission]: `^(${names(provisioner[permission])
          .filter((one) => one !== name)
          .join("|")})$`,
      };
      await own.ctl("set_permissions", "-p", its.vhost, "provisioner", its.configure, its.write, its.read);
      return plan({ ...common, channels, config: as("provisioner") })
        .then((planned) => apply(planned))
        .then(
          () => true,
          () => false,
        );
    };
    // One of each kind: what is made is needed to be made, and a queue's dead letters are part of its declaration.
    expect(await without("configure", "roles_plain_main")).toBe(false);
    expect(await without("configure", "roles_topic")).toBe(false);
    expect(await without("read", "roles_plain_main")).toBe(false);
    expect(await without("write", "amq\\.default")).toBe(false);
  });
});
