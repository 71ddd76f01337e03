/** What other stacks send to RabbitMQ and read from it. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { adapter } from "@switchyard/amqp";
import { channel, connect, consumer } from "@switchyard/core";
import type { ConsumeMessage } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { skipped } from "./support/rabbit.ts";
import { never, openSeam, receive, type Seam } from "./support/rabbit-seam.ts";

let seam: Seam;
beforeAll(async () => {
  if (!skipped) seam = await openSeam("interop", { leases: "memory" });
}, 120_000);
afterAll(() => seam?.close());

const CE = {
  specversion: "1.0",
  id: "id-1",
  source: "shop",
  time: "2026-01-02T03:04:05.006Z",
  partitionkey: "customer 9",
};

describe.skipIf(skipped)("RabbitMQ beside other stacks", () => {
  test("another stack reads our message: the data as body, one cloudEvents_ header an attribute, user headers as headers", async () => {
    const of = seam.queue();
    await seam.provide(of);
    const sender = await seam.connection.sender(of, never);
    seam.closeLater(sender);
    const dead = { reason: "r", code: "c", attempts: 5, channel: "c", group: "g", firstat: CE.time, lastat: CE.time };
    const ce = JSON.stringify({ ...CE, hop: 2, headers: { tenant: "t-9" }, dead });
    const message = { body: '{"a":1}', type: "order.placed", headers: { ce, traceparent: "00-1-2-01" } };
    await sender.send([message], never);
    const channel = await seam.raw.createChannel();
    const got = await channel.get(of.name, { noAck: false });
    if (got === false) throw new Error("no message");
    expect(got.content.toString()).toBe('{"a":1}');
    expect(got.properties).toMatchObject({
      contentType: "application/json",
      messageId: "id-1",
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
    const [back] = await receive(await seam.lease(of), 1);
    expect(back!.message).toMatchObject({
      body: '{"a":1}',
      type: "order.placed",
      headers: { traceparent: "00-1-2-01" },
    });
    expect(back!.message.headers["ce"]).toBe(ce);
  });

  test("another stack that sends a key's bucket takes part in its order, and no consumer sees the bucket", async () => {
    const group = seam.queue({ model: "pubsub", ordered: true });
    const { group: _, ...topic } = group;
    const of = seam.queue({ ordered: true });
    await seam.provide(topic, group, of);
    const key = "customer 9";
    const bucket = `bucket-${createHash("sha256").update(key).digest()[3]}`;
    const raw = await seam.raw.createConfirmChannel();
    const headers = { cloudEvents_partitionkey: key };
    for (const [to, from, publish] of [
      [of, of, (body: Buffer) => raw.publish(of.name, bucket, body, { headers, mandatory: true })],
      [
        topic,
        group,
        (body: Buffer) => raw.publish(topic.base, "order.placed", body, { headers: { ...headers, BCC: [bucket] } }),
      ],
    ] as const) {
      const sender = await seam.connection.sender(to, never);
      for (const n of [0, 2, 4]) {
        await sender.send([{ body: `${n}`, headers: {}, type: "order.placed", key }], never);
        publish(Buffer.from(`${n + 1}`));
        await raw.waitForConfirms();
      }
      await sender.close();
      const channel = await seam.raw.createChannel();
      const got: ConsumeMessage[] = [];
      await channel.consume(`${from.name}_p1`, (message) => void got.push(message!), { noAck: true });
      await expect.poll(() => got.length).toBe(6);
      await channel.close();
      expect(got.map(({ content }) => content.toString())).toEqual(["0", "1", "2", "3", "4", "5"]);
      for (const { properties } of got) expect(Object.keys(properties.headers ?? {})).not.toContain("BCC");
    }
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
        connections: { rabbit: { use: adapter, url: seam.url, delays: "interop", provision: "auto" } },
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
    const channelOf = await seam.raw.createChannel();
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

  test("a redriven foreign message has its producer's properties again, and is what the channel says it is", async () => {
    const prefix = `amqpredrive${process.pid}`;
    const orders = channel("orders", {
      messages: { "order.placed": z.object({ a: z.number() }) },
      foreign: "order.placed",
    });
    const messaging: any = await connect({
      channels: [orders],
      service: "reader",
      config: {
        prefix,
        connections: { rabbit: { use: adapter, url: seam.url, delays: "interop", provision: "auto" } },
        channels: { orders: { model: "queue", on: "rabbit", groups: { main: {} } } },
        policies: { default: { retry: { attempts: 1 }, deadLetter: true } },
      },
      observe: () => {},
    } as never);
    const seen: any[] = [];
    let fail = true;
    messaging.consume(
      consumer(orders, "main", {
        "order.placed": (data, delivery) => {
          seen.push({ data, type: delivery.type, raw: delivery.raw });
          if (fail) throw new Error("not yet");
        },
      }) as never,
    );
    await messaging.start();
    const raw = await seam.raw.createConfirmChannel();
    const properties = {
      type: "Shop.OrderPlaced",
      messageId: "m-1",
      correlationId: "c-1",
      replyTo: "answers",
      appId: "shop",
      priority: 3,
      contentType: "application/json",
    };
    raw.sendToQueue(`${prefix}_orders_main`, gzipSync('{"a":2}'), { ...properties, contentEncoding: "gzip" });
    await raw.waitForConfirms();
    const until = async (holds: () => unknown) => {
      while (!(await holds())) await new Promise(setImmediate);
    };
    let dead: any[] = [];
    await until(async () => (dead = await messaging.deadLetters(orders, "main").peek()).length > 0);
    expect(dead[0].data).toEqual({ a: 2 });
    fail = false;
    await until(async () => (await messaging.deadLetters(orders, "main").redrive()).moved === 1);
    await until(() => seen.length === 2);
    expect(seen.map(({ data, type }) => [type, data.a])).toEqual([
      ["order.placed", 2],
      ["order.placed", 2],
    ]);
    expect(seen[1].raw.properties).toMatchObject(properties);
    // The copy's body is what was read.
    expect(seen[1].raw.properties.contentEncoding).toBeUndefined();
    await messaging.stop();
  });
  test.each(["queue", "stream"] as const)(
    "headers no reader can make sense of lose no message of a %s",
    async (model) => {
      const of = seam.queue({ model, ...(model === "stream" ? { partitions: 1 } : {}) });
      await seam.provide(of);
      const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
      const event = { cloudEvents_specversion: "1.0", cloudEvents_source: "/other", cloudEvents_type: "item" };
      const hostile = [
        // A producer that writes microseconds where AMQP counts seconds.
        { ...event, cloudEvents_id: "1", cloudEvents_time: { "!": "timestamp", value: 1_780_000_000_000_000 } },
        { ...event, cloudEvents_id: "2", cloudEvents_hop: { toString: "x" } },
        {
          ...event,
          cloudEvents_id: "3",
          cloudEvents_deadreason: "r",
          cloudEvents_deadattempts: { valueOf: 1, toString: "x" },
        },
        { ...event, cloudEvents_id: "4", nested: deep(1_000) },
        { nested: deep(1_000), "x-delivery-count": { toString: "x" }, "switchyard-delay-left": { valueOf: "x" } },
      ];
      const channel = await seam.raw.createConfirmChannel();
      const queue = model === "stream" ? `${of.base}_p0` : of.name;
      for (const [n, headers] of hostile.entries())
        channel.sendToQueue(queue, Buffer.from(`{"n":${n}}`), { headers, contentType: "application/json" });
      channel.sendToQueue(queue, Buffer.from('{"n":5}'), { headers: { ...event, cloudEvents_id: "good" } });
      await channel.waitForConfirms();
      const lease = await seam.lease(of);
      const got = await receive(lease, 6);
      expect(got.map(({ message }) => message.body)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `{"n":${n}}`));
      expect(got[0]!.message.headers["ce"]).toBe('{"specversion":"1.0","id":"1","source":"/other"}');
    },
  );

  test("foreign messages: plain JSON, other content types, and headers of every AMQP type", async () => {
    const of = seam.queue();
    await seam.provide(of);
    const channel = await seam.raw.createConfirmChannel();
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
    const [json, bytes, xml] = await receive(await seam.lease(of), 3);
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
});
