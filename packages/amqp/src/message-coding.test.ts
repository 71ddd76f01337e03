/** What was compressed says so in AMQP's own words too, and is left to core. Another producer's coding is undone here, as ever. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { fromAmqp, toAmqp } from "./message.ts";
import type { AmqpMessage } from "./sdk.ts";

const attributes = { specversion: "1.0", id: "1", source: "s", time: "2026-01-01T00:00:00.000Z" };
const body = gzipSync('{"n":1}');
const received = (headers: object, more: object = {}) =>
  ({
    content: body,
    fields: {},
    properties: { contentType: "application/json", contentEncoding: "gzip", headers, ...more },
  }) as unknown as AmqpMessage;
const header = (name: string) => `cloudEvents_${name}`;
const spread = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [header(name), value]));

test("a compressed message has the property content-encoding, and comes back with the same bytes", () => {
  const ce = JSON.stringify({ ...attributes, contentencoding: "gzip", contentsize: 7 });
  const { content, options } = toAmqp({ body, headers: { ce }, type: "t", coding: "gzip" }, () => "id", undefined);
  expect(options).toMatchObject({ contentEncoding: "gzip", contentType: "application/json" });
  const { message } = fromAmqp(received(options.headers), false, undefined);
  expect([Buffer.from(message.body).equals(content), JSON.parse(message.headers["ce"]!)]).toEqual([
    true,
    { ...attributes, contentencoding: "gzip", contentsize: 7 },
  ]);
});

test("another producer's event with a content encoding is read as it was written", () => {
  expect(fromAmqp(received(spread), false, undefined).message.body).toBe('{"n":1}');
});
