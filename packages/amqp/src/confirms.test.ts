import { EventEmitter } from "node:events";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { capabilitiesOf } from "./capabilities.ts";
import { Channel } from "./channel.ts";
import { Confirms } from "./confirms.ts";
import { Outlets } from "./outlets.ts";
import { Sender } from "./sender.ts";

const never = new AbortController().signal;

/** amqplib's confirm channel, whose buffer is full from the `room`th message on. */
class Raw extends EventEmitter {
  readonly written: { id: string; mandatory: boolean; done: (error: unknown) => void }[] = [];
  room = Number.POSITIVE_INFINITY;
  publish(_exchange: string, _key: string, _content: unknown, options: any, done: (error: unknown) => void): boolean {
    this.written.push({ id: options.messageId, mandatory: options.mandatory, done });
    return this.written.length < this.room;
  }
  async close() {}
}

function senderOn(raw: Raw, mandatory = true) {
  const link = new AbortController();
  const channel = new Channel(raw as never, link.signal, (work) => work);
  const of: any = { model: "queue", ordered: false, base: "b", name: "q", native: {} };
  const sender = new Sender({
    capabilities: capabilitiesOf(of, { maxMessageBytes: 1_000_000 }),
    route: { exchange: "", key: () => "q", mandatory, checks: {} },
    outlets: new Outlets(new Confirms(channel)),
    link: { blocked: undefined },
    delays: "d",
    address: "q",
    priority: undefined,
    runtime: virtualRuntime(),
  });
  return { sender, cut: () => link.abort(new Error("cut")) };
}

const message = (n: number) => ({ body: `${n}`, headers: {} });
const many = (count: number) => Array.from({ length: count }, (_, n) => message(n));

test("where the buffer is full nothing more is written until it has drained", async () => {
  const raw = new Raw();
  raw.room = 3;
  const { sender } = senderOn(raw);
  const sending = sender.send(many(5), never);
  await new Promise(setImmediate);
  expect(raw.written).toHaveLength(3);
  raw.room = Number.POSITIVE_INFINITY;
  raw.emit("drain");
  await new Promise(setImmediate);
  expect(raw.written).toHaveLength(5);
  for (const { done } of raw.written) done(null);
  expect(await sending).toHaveLength(5);
});

test("all of a batch is written before the first confirm, and confirms may come in any order", async () => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const sending = sender.send(many(4), never);
  await new Promise(setImmediate);
  expect(raw.written).toHaveLength(4);
  for (const at of [2, 0, 3, 1]) raw.written[at]!.done(at === 3 ? new Error("message nacked") : null);
  const results = await sending;
  expect(results.map((sent) => (sent as any).cause?.code ?? "ok")).toEqual(["ok", "ok", "ok", "not-accepted"]);
});

test("a return is its own message's, though the broker confirms it too", async () => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const sending = sender.send(many(3), never);
  await new Promise(setImmediate);
  const { id } = raw.written[1]!;
  raw.emit("return", { fields: { exchange: "", routingKey: "q", replyCode: 312 }, properties: { messageId: id } });
  for (const { done } of raw.written) done(null);
  expect((await sending).map((sent) => (sent as any).cause?.code ?? "ok")).toEqual(["ok", "unroutable", "ok"]);
});

test("a channel that ends leaves unknown what was not answered, and only that", async () => {
  const raw = new Raw();
  const { sender, cut } = senderOn(raw);
  const sending = sender.send(many(2), never);
  await new Promise(setImmediate);
  raw.written[0]!.done(null);
  cut();
  raw.written[1]!.done(new Error("channel closed"));
  const [first, second] = await sending;
  expect(first).not.toHaveProperty("cause");
  expect((second as any).cause).toMatchObject({ kind: "ambiguous" });
});
