import fc from "fast-check";
import { expect, test } from "vitest";
import { copyAgain, copyJson } from "./json-copy.ts";
import { jsonText, parseJson } from "../wire/text.ts";

test("whatever it copies is what the JSON gives back, and JSON takes it", () => {
  const values = fc.anything({
    withNullPrototype: true,
    withSparseArray: true,
    withDate: true,
    withBigInt: true,
    maxDepth: 4,
  });
  fc.assert(
    fc.property(fc.oneof(values, fc.jsonValue({ stringUnit: "binary" })), (data) => {
      const made = copyJson(data);
      if (made === undefined) return;
      const text = jsonText(data);
      expect(made.value).toStrictEqual(parseJson(text));
      expect(copyAgain(made.value, made.flat)).toStrictEqual(made.value);
      expect(JSON.stringify(made.value)).toBe(JSON.stringify(parseJson(text)));
      expect(made.length * 6).toBeGreaterThanOrEqual(Buffer.byteLength(text));
    }),
    { numRuns: 2_000 },
  );
});

test("ordinary data is copied, and never through its JSON", () => {
  const data = {
    text: "x",
    count: -0,
    none: null,
    left: undefined,
    list: [1, { a: true }],
    inner: { deep: { er: "y" } },
  };
  const made = copyJson(data);
  expect(made?.value).toStrictEqual({
    text: "x",
    count: 0,
    none: null,
    list: [1, { a: true }],
    inner: { deep: { er: "y" } },
  });
  expect(made?.flat).toBe(false);
  expect(copyJson({ a: 1, b: "c" })?.flat).toBe(true);
});

test("copies share nothing that can change", () => {
  const data = { list: [{ a: 1 }] };
  const made = copyJson(data);
  const again = copyAgain(made?.value, made?.flat ?? true) as typeof data;
  again.list[0]!.a = 2;
  again.list.push({ a: 3 });
  data.list[0]!.a = 4;
  expect(made?.value).toEqual({ list: [{ a: 1 }] });
});

test.each([
  ["a lone surrogate", { a: "\ud800" }],
  ["one in a name", { "\udc00": 1 }],
  ["a Date", { at: new Date(0) }],
  ["its own toJSON", { toJSON: () => 1 }],
  ["a function", { run: () => 1 }],
  ["not a number", [Number.NaN]],
  ["a hole", Object.assign(new Array(2), { 1: 1 })],
  ["a key __proto__", JSON.parse('{"__proto__":1}')],
  ["an instance", new (class Point {})()],
])("%s is left to the JSON", (_, data) => {
  expect(copyJson(data)).toBeUndefined();
});

test("a cycle ends", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  expect(copyJson(cycle)).toBeUndefined();
});
