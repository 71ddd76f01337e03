import { EventEmitter } from "node:events";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { fastPaths } from "../fast/index.ts";
import { capabilitiesOf } from "../capabilities.ts";
import { Caution } from "./caution.ts";
import { Channel } from "../client/channel.ts";
import { ConfirmChannel } from "./confirm-channel.ts";
import { ConfirmChannelPool } from "./confirm-channel-pool.ts";
import { createSender } from "../sender.ts";

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

let caution: Caution;
function senderOn(raw: Raw, mandatory = true, known = new Caution()) {
  caution = known;
  const link = new AbortController();
  const channel = new Channel(raw as never, link.signal, (work) => work);
  const of: any = { model: "queue", ordered: false, base: "b", name: "q", native: {} };
  const sender = createSender({
    capabilities: capabilitiesOf(of, { maxMessageBytes: 1_000_000 }),
    route: { exchange: "", key: () => "q", mandatory, checks: {} },
    pool: new ConfirmChannelPool(new ConfirmChannel(channel, fastPaths, caution)),
    link: { blocked: undefined },
    delays: "d",
    address: "q",
    priority: undefined,
    runtime: virtualRuntime(),
    fast: fastPaths,
    caution,
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

/** As amqplib ends a channel that the broker closed: the reason, then the messages, then the close. */
function closedByBroker(raw: Raw, code: number, text: string, from = 0) {
  const message = `Channel closed by server: ${code} (X) with message "${text}"`;
  raw.emit("error", Object.assign(new Error(message), { code, classId: 60, methodId: 40 }));
  for (const { done } of raw.written.slice(from)) done(new Error("channel closed"));
  raw.emit("close");
}
const TOO_LARGE = "PRECONDITION_FAILED - message size 7 is larger than configured max size 5";
const kinds = async (sending: Promise<readonly any[]>) => (await sending).map(({ cause }) => cause?.kind ?? "ok");

test("too large for the broker: that one is refused for certain, what came after it was not accepted, and the limit is remembered", async () => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const bodies = ["1", "2", "seventy", "4", "5", "sixtysix"];
  const sending = sender.send(
    bodies.map((body) => ({ body, headers: {} })),
    never,
  );
  await new Promise(setImmediate);
  raw.written[0]!.done(null);
  closedByBroker(raw, 406, TOO_LARGE, 1);
  expect(await kinds(sending)).toEqual(["ok", "ambiguous", "permanent", "retryable", "retryable", "permanent"]);
  const next = new Raw();
  const { sender: again } = senderOn(next, true, caution);
  const [large, small] = [again.send([{ body: "seventy", headers: {} }], never), again.send(many(1), never)];
  await new Promise(setImmediate);
  expect(next.written).toHaveLength(1);
  next.written[0]!.done(null);
  expect([await kinds(large), await kinds(small)]).toEqual([["permanent"], ["ok"]]);
});

test.each([
  [403, "ACCESS_REFUSED - write access to exchange 'x' refused", "auth"],
  [404, "NOT_FOUND - no exchange 'x' in vhost '/'", "config"],
  [406, "PRECONDITION_FAILED - user_id property set to 'a' but authenticated user was 'b'", "permanent"],
])("one message under way when the broker closes the channel (%s): refused for certain", async (code, text, kind) => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const sending = sender.send(many(1), never);
  await new Promise(setImmediate);
  closedByBroker(raw, code, text);
  expect(await kinds(sending)).toEqual([kind]);
});

test("a right that is missing from the first message on: all that were under way are refused for certain", async () => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const sending = sender.send(many(3), never);
  await new Promise(setImmediate);
  closedByBroker(raw, 403, "ACCESS_REFUSED - write access to exchange 'x' refused");
  expect(await kinds(sending)).toEqual(["auth", "auth", "auth"]);
});

test("several under way when the broker refuses one of them: the next so many go alone, and the refused one is known", async () => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const sending = sender.send(many(3), never);
  await new Promise(setImmediate);
  closedByBroker(raw, 406, "PRECONDITION_FAILED - bad property");
  expect(await kinds(sending)).toEqual(["ambiguous", "ambiguous", "retryable"]);
  const next = new Raw();
  const { sender: again } = senderOn(next, true, caution);
  const resent = again.send(many(3), never);
  await new Promise(setImmediate);
  expect(next.written).toHaveLength(1);
  next.written[0]!.done(null);
  await new Promise(setImmediate);
  expect(next.written).toHaveLength(2);
  closedByBroker(next, 406, "PRECONDITION_FAILED - bad property", 1);
  expect(await kinds(resent)).toEqual(["ok", "permanent", "closed"]);
});

test("a channel that ends with an internal error of the broker says nothing of a message", async () => {
  const raw = new Raw();
  const { sender } = senderOn(raw);
  const sending = sender.send(many(1), never);
  await new Promise(setImmediate);
  closedByBroker(raw, 541, "INTERNAL_ERROR");
  expect(await kinds(sending)).toEqual(["ambiguous"]);
});
