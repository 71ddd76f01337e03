/** Each transport's readers of what a stranger sent: total, whatever came. */
import { encode } from "../../packages/core/src/wire/codec.ts";
import { expect, test } from "vitest";
import { fastPaths } from "../../packages/amqp/src/fast/index.ts";
import { fromAmqp } from "../../packages/amqp/src/message.ts";
import { spread } from "../../packages/amqp/src/message/cloud-events.ts";
import { recordOf } from "../../packages/kinesis/src/fast/get-records.ts";
import { aggregate, sealed } from "../../packages/kinesis/src/fixtures/fakes.ts";
import { unpack } from "../../packages/kinesis/src/message.ts";
import { unwrap } from "../../packages/sns/src/message.ts";
import { fromReceived } from "../../packages/sqs/src/message.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

const CE = encode(
  { id: "m", source: "s", type: "t", time: 0, hop: 1, contentType: "application/json", headers: { a: "b" } },
  { cents: 1 },
  { headers: 9, binary: true },
).headers["ce"]!;
const NOTIFICATION = JSON.stringify({
  Type: "Notification",
  MessageId: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
  TopicArn: "arn:aws:sns:eu-west-1:123456789012:dev_orders",
  Message: '{"cents":1}',
  Timestamp: "2026-06-01T12:00:00.000Z",
  MessageAttributes: { type: { Type: "String", Value: "order.placed" } },
});

/** Everything in a message for core is of the type it says. */
function isWire(message: { readonly body: unknown; readonly headers: object; readonly type?: unknown }): void {
  expect(typeof message.body === "string" || message.body instanceof Uint8Array).toBe(true);
  for (const value of Object.values(message.headers)) expect(value).toBeTypeOf("string");
  expect(["string", "undefined"]).toContain(typeof message.type);
}

const NAMES = ["type", "Type", "ce", "traceparent", "__proto__", "constructor", "toString", "x-tenant"];

test("SQS: messages of other producers", { timeout: 120_000 }, () =>
  fuzz((random) => {
    const MessageAttributes: Record<string, object> = {};
    for (let count = random.below(5); count > 0; count--) {
      const value =
        random.below(3) === 0 ? { BinaryValue: Buffer.from(random.text([CE])) } : { StringValue: random.text([CE]) };
      Object.defineProperty(MessageAttributes, random.of(NAMES), {
        value: { DataType: "String", ...value },
        enumerable: true,
        configurable: true,
      });
    }
    isWire(fromReceived({ Body: random.text([NOTIFICATION]), MessageAttributes } as never, random.below(2) === 0));
  }),
);

test("SNS: bodies that pose as notifications", { timeout: 120_000 }, () =>
  fuzz((random) => {
    const message = { body: random.text([NOTIFICATION]), headers: {} };
    isWire(unwrap({ id: "1", message, receipt: "r", raw: {} }, { name: "dev_orders" }).message);
  }),
);

function table(random: Random): Record<string, unknown> {
  const headers: Record<string, unknown> = {};
  const names = [
    "specversion",
    "id",
    "source",
    "time",
    "hop",
    "deadattempts",
    "deadreason",
    "deadfirstat",
    "type",
    "partitionkey",
    "headers",
  ];
  if (random.below(2) === 0)
    Object.assign(headers, {
      cloudEvents_specversion: "1.0",
      cloudEvents_id: "1",
      cloudEvents_source: "s",
      cloudEvents_type: "t",
    });
  for (let count = random.below(6); count > 0; count--) {
    const name = random.of([
      `cloudEvents_${random.of(names)}`,
      `cloudEvents:${random.of(names)}`,
      ...NAMES,
      "x-death",
      "x-delivery-count",
      "CC",
    ]);
    Object.defineProperty(headers, name, {
      value: random.value(),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return headers;
}

test("AMQP: headers of any type and depth", { timeout: 120_000 }, () =>
  fuzz((random) => {
    const properties = {
      headers: table(random),
      contentType: random.of([
        undefined,
        "",
        "application/json",
        "text/plain; charset=latin1",
        random.text(["application/json"]),
      ]),
      contentEncoding: random.of([undefined, undefined, "gzip", "utf-8", random.text(["gzip"])]),
      messageId: random.of([undefined, "", "1", random.text(["id"])]),
    };
    const content = Buffer.from(random.bytes([Buffer.from('{"cents":1}'), Buffer.from([0, 255, 0xf3])]));
    const message = { content, fields: {}, properties } as never;
    const keyed = random.below(2) === 0;
    const read = fromAmqp(message, keyed, fastPaths);
    isWire(read.message);
    expect(fromAmqp(message, keyed, undefined)).toEqual(read);
  }),
);

test("AMQP: the ce text of anybody", { timeout: 120_000 }, () =>
  fuzz((random) => {
    const ce = random.text([CE]);
    fastPaths.spread(ce);
    spread(ce);
  }),
);

test("Kinesis: aggregated records, true checksum and false: every record ends in one last item", {
  timeout: 120_000,
}, () => {
  const whole = aggregate(["a", "one"], ["b", "two"]);
  const inner = whole.subarray(4, whole.length - 16);
  return fuzz((random) => {
    const data =
      random.below(2) === 0 ? random.bytes([whole]) : sealed(Buffer.from(random.bytes([inner, Buffer.alloc(0)])));
    const record = { SequenceNumber: "1", Data: data, PartitionKey: "p", ApproximateArrivalTimestamp: new Date(0) };
    const items: { readonly last: boolean }[] = [];
    unpack(record as never, (item) => items.push(item));
    expect(items.length).toBeGreaterThan(0);
    expect(items.map(({ last }) => last)).toEqual(items.map((_, at) => at === items.length - 1));
  });
});

test("Kinesis: records of GetRecords", { timeout: 120_000 }, () => {
  const text = JSON.stringify({
    SequenceNumber: "1",
    ApproximateArrivalTimestamp: 1.5,
    Data: "AAEC",
    PartitionKey: "p",
  });
  return fuzz((random) => {
    let given: unknown = random.value();
    try {
      given = JSON.parse(random.text([text]));
    } catch {}
    const record = recordOf(given);
    if (record !== undefined) expect(record.Data).toBeInstanceOf(Uint8Array);
  });
});
