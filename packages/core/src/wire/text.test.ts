import fc from "fast-check";
import { expect, test } from "vitest";
import { runInNewContext } from "node:vm";
import { clip, isBytes, jsonText, quote, excerpt, oneLine } from "./text.ts";

test("clip keeps a well-formed beginning within its bytes as JSON", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 80 }), (value, max) => {
      const cut = clip(value, max);
      expect(Buffer.byteLength(quote(cut)) - 2).toBeLessThanOrEqual(max);
      expect(cut.isWellFormed()).toBe(true);
      expect(value.toWellFormed().startsWith(cut.replace(/\ufffd$/, ""))).toBe(true);
    }),
  );
  expect(clip("short", 100)).toBe("short");
});

test("JSON holds no control, no noncharacter and nothing it cannot give back", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = ((): string => {
        try {
          return jsonText(value);
        } catch {
          return '"refused: a __proto__ key"';
        }
      })();
      // oxlint-disable-next-line no-control-regex
      expect(/[\0-\u001f\ufffe\uffff]/.test(text)).toBe(false);
      expect(text.isWellFormed()).toBe(true);
    }),
  );
  expect(() => jsonText({ a: [{ b: "\\ud800" }] })).not.toThrow();
});

test("a cycle and a very deep value are refused by name", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = { cycle };
  expect(() => jsonText(cycle)).toThrowError(expect.objectContaining({ code: "not-json" }));
  const deep: unknown = Array.from({ length: 600 }).reduce<unknown>((inner) => [inner], 1);
  expect(() => jsonText(deep)).toThrowError(expect.objectContaining({ code: "not-json" }));
});

test("values of another realm, as in jest, are what they look like", () => {
  expect(jsonText(runInNewContext('({ a: [1, { b: "c" }] })'))).toBe('{"a":[1,{"b":"c"}]}');
  expect(isBytes(runInNewContext("new Uint8Array([1])"))).toBe(true);
  expect(() => jsonText(runInNewContext("({ at: new Date(0) })"))).toThrowError(
    expect.objectContaining({ code: "not-json" }),
  );
});

test("a stranger's text stands in a message on one line, quoted, its controls escaped, and clipped", () => {
  const hostile = 'a\nb\r\u0000"\u2028\u202e\ud800';
  expect(excerpt(hostile)).toBe('"a\\nb\\r\\u0000\\"\\u2028\\u202e\ufffd"');
  expect(excerpt("x".repeat(300))).toBe(`"${"x".repeat(200)}…"`);
  expect(oneLine(" it failed:\r\n\tat \u001b[31mred\u2028here ")).toBe("it failed: at \\u001b[31mred here");
  expect(oneLine("y".repeat(501))).toBe(`${"y".repeat(500)}…`);
});
