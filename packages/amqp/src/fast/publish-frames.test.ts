/** The same bytes as amqplib's own, or left to it. */
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PublishFrames, writeFramesAtOnce } from "./publish-frames.ts";

const require = createRequire(import.meta.url);
// Its encoder is not among its exports.
const amqplib = dirname(require.resolve("amqplib"));
const { ConfirmChannel } = require(join(amqplib, "lib/channel_model.js"));
const { Connection } = require(join(amqplib, "lib/connection.js"));

/** amqplib's channel and encoder, on a connection that keeps what is written. */
const FRAME_MAX = 4_096;

function opened() {
  const written: Buffer[] = [];
  const connection = Object.create(Connection.prototype);
  const channel = Object.create(ConfirmChannel.prototype);
  const buffer = { write: (bytes: Buffer) => written.push(bytes) < 1_000 };
  Object.assign(connection, { frameMax: FRAME_MAX, sentSinceLastCheck: false, channels: { 7: { channel, buffer } } });
  Object.assign(channel, { ch: 7, connection, unconfirmed: [] });
  return { channel, connection, bytes: () => Buffer.concat(written.splice(0)), count: () => written.length };
}

const both = () => {
  const [plain, ours] = [opened(), opened()];
  writeFramesAtOnce(ours.channel);
  return { plain, ours };
};

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", "\ud800", "é".repeat(60)));
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const value = fc.oneof(
  { weight: 8, arbitrary: maybe(text) },
  fc.constantFrom<unknown>(null, 7, true, 1.5, Buffer.from("b"), ["x"], { "!": "timestamp", value: 1 }),
);
const short = text.filter((each) => Buffer.byteLength(each) < 256);
const ours = {
  mandatory: fc.boolean(),
  persistent: fc.boolean(),
  headers: fc.dictionary(short, maybe(text)),
  contentType: short,
  messageId: short,
  timestamp: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  type: short,
  priority: fc.integer({ min: 0, max: 255 }),
};
const others = {
  ...ours,
  headers: fc.dictionary(short, value),
  contentEncoding: short,
  correlationId: short,
  expiration: fc.nat(),
  CC: short,
};
const options = fc.oneof(fc.record(ours, { requiredKeys: [] }), fc.record(others, { requiredKeys: [] }));

test("a message is written in the bytes amqplib writes it in", () => {
  const { plain, ours } = both();
  fc.assert(
    fc.property(short, short, fc.uint8Array({ maxLength: 6_000 }), options, (exchange, key, content, given) => {
      for (const { channel } of [plain, ours]) channel.publish(exchange, key, Buffer.from(content), given, () => {});
      expect(ours.bytes().equals(plain.bytes())).toBe(true);
    }),
    { numRuns: 500 },
  );
  expect(ours.channel.unconfirmed).toHaveLength(plain.channel.unconfirmed.length);
  expect(ours.connection.sentSinceLastCheck).toBe(true);
});

test("earlier messages stay as they are while later ones are made", () => {
  const frames = new PublishFrames(1);
  const made = Array.from({ length: 500 }, (_, n) => {
    const fields = { exchange: "", routingKey: `q${n}`, mandatory: true, immediate: false };
    const bytes = frames.of(fields, { headers: { n: `${n}` } }, Buffer.alloc(1_000, n))!;
    return { bytes, copy: Buffer.from(bytes) };
  });
  for (const { bytes, copy } of made) expect(bytes.equals(copy)).toBe(true);
});

test("a small message is one write, and what is too large for a frame is amqplib's to split", () => {
  const { plain, ours } = both();
  ours.channel.publish("", "q", Buffer.alloc(4_000), { headers: { a: "b" } }, () => {});
  expect(ours.count()).toBe(1);
  ours.bytes();
  for (const { channel } of [plain, ours]) channel.publish("", "q", Buffer.alloc(10_000), { headers: {} }, () => {});
  expect(ours.count()).toBe(plain.count());
  expect(ours.bytes().equals(plain.bytes())).toBe(true);
});

test("what a tracer puts into the headers within publish is sent, and what amqplib refuses is refused", () => {
  const { plain, ours } = both();
  for (const { channel } of [plain, ours]) {
    const headers = { cloudEvents_id: "1", traceparent: undefined as string | undefined };
    headers.traceparent = "00-1";
    channel.publish("e", "k", Buffer.from("x"), { headers }, () => {});
    expect(() => channel.publish("e", "k", Buffer.from("x"), { type: "x".repeat(256) }, () => {})).toThrow(TypeError);
    expect(() => channel.publish("e", "k", Buffer.from("x"), { messageId: 7 }, () => {})).toThrow(TypeError);
  }
  const bytes = ours.bytes();
  expect(bytes.includes("traceparent")).toBe(true);
  expect(bytes.equals(plain.bytes())).toBe(true);
});

test("a channel that is none of amqplib's is left alone", () => {
  const sendMessage = () => true;
  for (const channel of [{}, { sendMessage }, { ch: 1, sendMessage, connection: { frameMax: 1, channels: {} } }]) {
    const before = { ...channel };
    writeFramesAtOnce(channel as never);
    expect(channel).toEqual(before);
  }
});
