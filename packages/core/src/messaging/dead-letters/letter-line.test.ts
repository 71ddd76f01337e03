import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Delivery, WireMessage } from "../../driver/index.ts";
import { encodeBody } from "../../wire/codec.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { letterOf } from "./letter.ts";
import { copyOf, lineOf, readLine } from "./letter-line.ts";

const origin = { channel: "orders", group: "billing" };
const dead = { reason: "failed", code: "attempts-exhausted", attempts: 5, ...origin, firstAt: 1_000, lastAt: 2_000 };
const envelope: Envelope = {
  id: "m-1",
  source: "shop",
  type: "placed",
  time: 500,
  hop: 1,
  contentType: "application/json",
  headers: {},
  dead,
};
const CAPS = { headers: 10, binary: true };
const letter = (message: WireMessage, more: Partial<Delivery> = {}) =>
  letterOf({ id: "b-1", message, receipt: 1, raw: {}, ...more }, { ...origin, exclusive: true });
const ours = (change: Partial<Envelope> = {}, body: string | Uint8Array = '{"n":1}') =>
  letter(encodeBody({ ...envelope, ...change }, body, CAPS));
const refusal = (text: string): string => {
  try {
    readLine(text, 7, origin);
  } catch (error) {
    expect(error).toMatchObject({ code: "bad-import", kind: "config" });
    return (error as Error).message;
  }
  return expect.unreachable("it was read");
};

const text = fc.string({ unit: "grapheme" });
const message: fc.Arbitrary<WireMessage> = fc.record(
  {
    body: fc.oneof(
      text,
      fc.uint8Array(),
      text.map((value) => new Uint8Array(Buffer.from(`\uFEFF${value}`))),
    ),
    headers: fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,8}$/), text),
    type: text,
    key: text,
    fairness: text,
  },
  { requiredKeys: ["body", "headers"] },
);

describe("a line", () => {
  test("brings back every message byte by byte, text as text and bytes as bytes", () => {
    fc.assert(
      fc.property(message, fc.option(fc.nat()), (given, enqueuedAt) => {
        const line = lineOf(letter(given, enqueuedAt === null ? {} : { enqueuedAt }), origin);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        const back = readLine(line, 1, origin).letter.delivery;
        expect({ ...back.message, headers: { ...back.message.headers } }).toEqual(given);
        expect(back.enqueuedAt).toBe(enqueuedAt ?? undefined);
      }),
      { numRuns: 300 },
    );
  });

  test("of our letter says what people look for", () => {
    const line = lineOf(ours({ key: "ann" }), origin);
    expect(JSON.parse(line)).toMatchObject({
      ...{ format: "switchyard-dead-letter", version: 1, channel: "orders", group: "billing" },
      ...{
        id: "m-1",
        type: "placed",
        code: "attempts-exhausted",
        reason: "failed",
        lastAt: "1970-01-01T00:00:02.000Z",
      },
      message: { type: "placed", key: "ann", body: '{"n":1}' },
    });
    const { letter: back, copy } = readLine(line, 1, origin);
    expect([copy, back.owner, back.hop]).toEqual([copyOf(ours()), "ours", 1]);
  });

  test("with fields of a later release is read; one of another version is not", () => {
    const line = JSON.parse(lineOf(ours(), origin));
    expect(readLine(JSON.stringify({ ...line, added: 1 }), 1, origin).letter.id).toBe("m-1");
    expect(refusal(JSON.stringify({ ...line, version: 2 }))).toContain("line 7: its version is");
  });

  test.each<[string, (line: any) => unknown, string]>([
    ["not an object", () => [], "not a JSON object"],
    ["of another format", (line) => ({ ...line, format: "x" }), '"format" must be'],
    ["of another channel", (line) => ({ ...line, channel: "mail" }), 'group "billing" of "mail"'],
    ["of another group", (line) => ({ ...line, group: "audit" }), 'group "audit" of "orders"'],
    ["without a message", ({ message: _, ...line }) => line, '"message" must be an object'],
    [
      "whose body is no text",
      (line) => ({ ...line, message: { ...line.message, body: 1 } }),
      '"message.body" must be text',
    ],
    [
      "that is cut base64",
      (line) => ({ ...line, message: { ...line.message, body: "abc", as: "base64" } }),
      "not base64",
    ],
    ["of an unknown body", (line) => ({ ...line, message: { ...line.message, as: "hex" } }), '"message.as" must be'],
    [
      "whose header is no text",
      (line) => ({ ...line, message: { ...line.message, headers: { a: 1 } } }),
      "must be text",
    ],
    ["whose time is none", (line) => ({ ...line, enqueuedAt: "yesterday" }), "ISO 8601"],
    ["whose body was changed", (line) => ({ ...line, message: { ...line.message, body: '{"n":2}' } }), "was changed"],
    ["whose id was changed", (line) => ({ ...line, id: "m-2" }), "was changed"],
  ])("%s is refused, with its number", (_, change, words) => {
    const told = refusal(JSON.stringify(change(JSON.parse(lineOf(ours(), origin)))));
    expect(told).toMatch(/^line 7: /);
    expect(told).toContain(words);
  });

  test("of a letter of another group is refused although its own fields say otherwise", () => {
    const theirs = ours({ dead: { ...dead, group: "audit" } });
    expect(refusal(lineOf(theirs, origin))).toContain('group "audit"');
  });

  test("of a stranger is quoted short and without what a terminal would obey", () => {
    const told = refusal(
      JSON.stringify({ ...JSON.parse(lineOf(ours(), origin)), group: `\u001b]0;x${"y".repeat(500)}` }),
    );
    expect(told).not.toContain("\u001b");
    expect(told.length).toBeLessThan(400);
  });
});
