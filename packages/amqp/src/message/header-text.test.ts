import { expect, test } from "vitest";
import { headerText } from "./header-text.ts";

test("headers of any AMQP type become text", () => {
  expect([7, true, 1n, null, Buffer.from("é"), ["a", 1n], { deep: Buffer.from([255]) }].map(headerText)).toEqual([
    "7",
    "true",
    "1",
    undefined,
    "w6k=",
    '["a","1"]',
    '{"deep":"/w=="}',
  ]);
});

test("what is nested too deep to be read is left out, and the rest is read", () => {
  let deep: unknown = "x";
  for (let level = 0; level < 50_000; level++) deep = { a: deep };
  expect(headerText(deep)).toBeUndefined();
  expect(headerText([1, { toJSON: "x", __proto__: null, b: [null] }])).toBe('[1,{"toJSON":"x","b":[null]}]');
});
