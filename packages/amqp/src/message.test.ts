import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fastPaths } from "./fast/index.ts";
import { gather, spread } from "./message/cloud-events.ts";
import { fromAmqp, sizeOf, toAmqp } from "./message.ts";

describe("CloudEvents attributes as headers", () => {
  const text = fc.string({ unit: "grapheme" });
  const attributes = fc.record(
    {
      id: fc.string({ minLength: 1 }),
      source: fc.string({ minLength: 1 }),
      partitionkey: text,
      hop: fc.integer({ min: 1, max: 99 }),
      headers: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), text, { minKeys: 1 }),
    },
    { requiredKeys: ["id", "source"] },
  );

  test.each([
    ["by the fast paths", fastPaths],
    ["with fast: false", undefined],
  ])("whatever the envelope holds comes back as it was, through headers or whole, %s", (_, fast) => {
    fc.assert(
      fc.property(attributes, text, ({ id, source, partitionkey, hop, headers }, body) => {
        const ce = JSON.stringify({ specversion: "1.0", id, source, partitionkey, hop, headers });
        const { content, options } = toAmqp({ body, type: "t", headers: { ce } }, () => "made", fast);
        const message = { content, fields: {}, properties: options };
        const back = fromAmqp(message, false, fast).message;
        expect(JSON.parse(back.headers["ce"]!)).toEqual(JSON.parse(ce));
        expect([back.body, back.type]).toEqual([body, "t"]);
      }),
    );
  });

  test.each([
    ["by the fast paths", fastPaths],
    ["with fast: false", undefined],
  ])("what stands in the headers is no property beside, %s", (_, fast) => {
    const ce = JSON.stringify({ specversion: "1.0", id: "1", source: "s", time: "2026-01-01T00:00:00.000Z" });
    const { options } = toAmqp({ body: "{}", type: "t", headers: { ce } }, () => "made", fast);
    expect(options).toEqual({
      headers: {
        cloudEvents_specversion: "1.0",
        cloudEvents_id: "1",
        cloudEvents_source: "s",
        cloudEvents_time: "2026-01-01T00:00:00.000Z",
        cloudEvents_type: "t",
      },
      contentType: "application/json",
      messageId: "1",
      persistent: true,
    });
    expect(toAmqp({ body: "{}", type: "t", headers: {} }, () => "made", fast).options).toMatchObject({ type: "t" });
  });

  test("a name of the broker's own is never taken for a user's header", () => {
    const ce = JSON.stringify({ specversion: "1.0", id: "1", source: "s", headers: { "x-delivery-count": "9" } });
    expect(spread(ce)).toBeUndefined();
    expect(toAmqp({ body: "", headers: { ce } }, () => "made", fastPaths).options.headers).toEqual({ ce });
  });

  test("what lacks an attribute that must be there is no event", () => {
    expect(gather({ cloudEvents_id: "1", cloudEvents_source: "s" }, undefined)).toBeUndefined();
  });
});

test("size grows with body, headers, type and key", () => {
  const plain = sizeOf({ body: "é", headers: {} });
  expect(plain).toBe(2);
  expect(sizeOf({ body: "é", headers: { a: "bc" }, type: "t", key: "k" })).toBeGreaterThan(plain + 6);
});
