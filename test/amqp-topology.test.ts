/** What plan() and apply() of RabbitMQ know of bindings, partitions and limits. */
import { createHash } from "node:crypto";
import type { Destination } from "@switchyard/core/driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipped } from "./support/rabbit.ts";
import { never, openSeam, receive, type Seam } from "./support/rabbit-seam.ts";

let seam: Seam;

beforeAll(async () => {
  if (!skipped) seam = await openSeam("topo", { leases: "memory" });
}, 120_000);
afterAll(() => seam?.close());

const changesOf = async (...all: readonly Destination[]) => (await seam.topology.plan(all, never)).changes;

describe.skipIf(skipped)("RabbitMQ's topology", () => {
  test("a type newly handled is a change that is not destructive; all types but those handled are unbound", async () => {
    const group = seam.queue({ model: "pubsub" });
    const { group: _, ...topic } = group;
    const channel = await seam.raw.createConfirmChannel();
    const arriving = async (...types: string[]) => {
      for (const type of types) channel.publish(group.base, type, Buffer.from(type));
      await channel.waitForConfirms();
      const got: string[] = [];
      for (;;) {
        const message = await channel.get(group.name, { noAck: true });
        if (message === false) return got;
        got.push(message.content.toString());
      }
    };
    await seam.provide(topic, group);
    expect(await changesOf(topic, group)).toEqual([]);
    expect(await arriving("a", "b", "c")).toEqual(["a", "b", "c"]);

    const some = { ...group, types: ["a"] };
    expect(await changesOf(topic, some)).toEqual([
      { action: "update", resource: "binding", name: group.name, summary: expect.stringMatching(/for a; other types/) },
    ]);
    await seam.provide(topic, some);
    expect(await changesOf(topic, some)).toEqual([]);
    expect(await arriving("a", "b", "c")).toEqual(["a"]);

    const more = { ...group, types: ["a", "b"] };
    expect((await changesOf(topic, more)).map(({ action }) => action)).toEqual(["update"]);
    await seam.provide(topic, more);
    expect(await arriving("a", "b", "c")).toEqual(["a", "b"]);

    expect((await changesOf(topic, group)).map(({ action }) => action)).toEqual(["update"]);
    await seam.provide(topic, group);
    expect(await arriving("a", "b", "c")).toEqual(["a", "b", "c"]);
    await channel.close();
  });

  test("queues that a crash left unbound are bound by the next apply", async () => {
    const group = seam.queue({ model: "pubsub" });
    const { group: _, ...topic } = group;
    await seam.provide(topic, group);
    const channel = await seam.raw.createChannel();
    await seam.topology.destroy!([topic, group], never);
    // As far as the crash let it come: exchange and queue, and nothing between them.
    const whole = await seam.topology.plan([topic, group], never);
    await seam.topology.apply({ ...whole, state: { ...(whole.state as object), bindings: [], marks: [] } }, never);
    expect((await changesOf(topic, group)).map(({ resource }) => resource)).toEqual(["binding"]);
    await seam.provide(topic, group);
    channel.publish(group.base, "t", Buffer.from("1"));
    expect(await receive(await seam.lease(group), 1)).toHaveLength(1);
    await channel.close();
  });

  test.each(["queue", "stream"] as const)(
    "partitions of a %s are fixed once used: more or fewer is destructive, and fewer is refused at start",
    async (model) => {
      const of = (partitions: number) => ({ ...two, partitions });
      const two = seam.queue({ model, ordered: true, partitions: 2 });
      await seam.provide(two);
      expect(await changesOf(two)).toEqual([]);
      // Nobody has used them yet.
      expect((await changesOf(of(3))).map(({ action }) => action)).not.toContain("destructive");
      const address = model === "queue" ? two.name : two.base;
      const sender = await seam.connection.sender(two, never);
      const each = Array.from({ length: 20 }, (_, n) => ({ body: `${n}`, headers: {}, key: `k${n}` }));
      await sender.send(each, never);
      await sender.close();

      // A stream's count of records lags by seconds.
      while (model === "stream" && !(await changesOf(of(3))).some(({ resource }) => resource === "partitions"))
        await new Promise((resolve) => setTimeout(resolve, 200));
      const more = (await changesOf(of(3))).filter(({ action }) => action !== "update");
      expect(more).toMatchObject([
        { action: "destructive", resource: "partitions", name: address, detail: { is: "2", wanted: "3" } },
      ]);
      await seam.provide(of(3));
      const channel = await seam.raw.createChannel();
      channel.on("error", () => {});
      await expect(channel.checkQueue(`${address}_p2`)).rejects.toMatchObject({ code: 404 });

      const fewer = await changesOf(of(1));
      expect(fewer.filter(({ action }) => action === "destructive")).toMatchObject([
        { detail: { is: "2", wanted: "1" } },
      ]);
      await expect(seam.lease(of(1))).rejects.toMatchObject({ code: "partitions-differ", kind: "config" });
      if (model === "stream")
        await expect(seam.connection.sender(of(1), never)).rejects.toMatchObject({ code: "partitions-differ" });

      await seam.topology.apply(await seam.topology.plan([of(3)], never), never, { destructive: true });
      expect(await changesOf(of(3))).toEqual([]);
      await seam.topology.apply(await seam.topology.plan([of(1)], never), never, { destructive: true });
      expect(await changesOf(of(1))).toEqual([]);
    },
  );

  test("after a change of partitions each key comes once, to the partition of its bucket, in the group that changed and in the others", async () => {
    const [two, other] = [seam.queue({ model: "pubsub", ordered: true, partitions: 2 }), "other"];
    const { group: _, ...topic } = two;
    const beside = { ...two, name: `${two.base}_${other}`, group: other };
    const keys = Array.from({ length: 30 }, (_key, n) => `k${n}`);
    const arrive = async (of: Destination) => {
      const sender = await seam.connection.sender(topic, never);
      await sender.send(
        keys.map((key) => ({ body: key, headers: {}, key })),
        never,
      );
      await sender.close();
      for (const each of [of, beside]) {
        const places: Record<string, number[]> = {};
        const channel = await seam.raw.createChannel();
        for (let n = 0; n < each.partitions!; n++)
          await channel.consume(`${each.name}_p${n}`, (got) => (places[got!.content.toString()] ??= []).push(n), {
            noAck: true,
          });
        await expect.poll(() => Object.values(places).flat().length).toBe(keys.length);
        await channel.close();
        for (const key of keys)
          expect(places[key]).toEqual([createHash("sha256").update(key).digest()[3]! % each.partitions!]);
      }
    };
    const idle = () =>
      expect
        .poll(async () => {
          const channel = await seam.raw.createChannel();
          const states = await Promise.all([0, 1].map((n) => channel.checkQueue(`${two.name}_p${n}`)));
          await channel.close();
          return states.some(({ messageCount, consumerCount }) => messageCount + consumerCount > 0);
        })
        .toBe(false);
    await seam.provide(topic, two, beside);
    await arrive(two);
    await idle();
    const three = { ...two, partitions: 3 };
    const planned = await seam.topology.plan([topic, three, beside], never);
    expect(planned.changes.map(({ action, resource, name }) => [action, resource, name])).toEqual([
      ["create", "exchange", `${two.name}_buckets_3`],
      ["update", "exchange", two.name],
      ["create", "queue", `${two.name}_p2`],
      ["update", "binding", two.name],
      ["update", "exchange", `${two.name}_buckets_2`],
    ]);
    // Keys would move while somebody reads.
    const reading = await seam.raw.createChannel();
    await reading.consume(`${two.name}_p0`, () => {});
    await expect(seam.topology.apply(planned, never)).rejects.toMatchObject({ code: "partitions-in-use" });
    await reading.close();
    await idle();
    await seam.provide(topic, three, beside);
    expect(await changesOf(topic, three, beside)).toEqual([]);
    await arrive(three);
    const one = { ...two, partitions: 1 };
    await seam.topology.apply(await seam.topology.plan([topic, one, beside], never), never, { destructive: true });
    expect(await changesOf(topic, one, beside)).toEqual([]);
    await arrive(one);
  });

  test("a stream drops its oldest records by size, segment by segment, and a reader that was behind is told", async () => {
    const of = seam.queue({
      model: "stream",
      partitions: 1,
      native: { maxLengthBytes: 200_000, segmentBytes: 50_000 },
    });
    await seam.provide(of);
    const body = "x".repeat(1_000);
    for (let round = 0; round < 20; round++) await seam.send(of, ...Array.from({ length: 50 }, () => body));
    const oldest = async () => {
      const channel = await seam.raw.createChannel();
      await channel.prefetch(1);
      const offset = await new Promise<number>((resolve) => {
        void channel.consume(`${of.base}_p0`, (got) => resolve(Number(got!.properties.headers!["x-stream-offset"])), {
          arguments: { "x-stream-offset": "first" },
        });
      });
      await channel.close();
      return offset;
    };
    let first = await oldest();
    // Retention is looked at when a segment is full.
    for (let more = 0; first === 0 && more < 40; more++) {
      await seam.send(of, ...Array.from({ length: 50 }, () => body));
      first = await oldest();
    }
    expect(first).toBeGreaterThan(0);
    await seam.connection.seek!(of, { at: "0:0" }, never);
    const [delivery] = await receive(await seam.lease(of), 1);
    expect(Number(delivery!.position!.split(":")[1])).toBeGreaterThanOrEqual(first);
  });
});
