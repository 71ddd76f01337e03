import { expect, test } from "vitest";
import { tableOf } from "./output.ts";
import { visible } from "./visible.ts";

test.each([
  ["\u001b]0;owned\u0007", "\\u{1b}]0;owned\\u{7}"],
  ["\u009b31m", "\\u{9b}31m"],
  ["a\nb\r\tc\u007f", "a\\u{a}b\\u{d}\\u{9}c\\u{7f}"],
  ["pay\u202egpj.exe", "pay\\u{202e}gpj.exe"],
  ["\u2066x\u2069\u200f\ufeff\u2028", "\\u{2066}x\\u{2069}\\u{200f}\\u{feff}\\u{2028}"],
  ["\ud800", "\ufffd"],
  ["für 5 €, naïve 日本", "für 5 €, naïve 日本"],
])("%j is shown as %j", (text, shown) => {
  expect(visible(text)).toBe(shown);
  expect(visible(shown)).toBe(shown);
});

test("a table escapes its cells, fills its columns and puts numbers to the right", () => {
  const rows = [
    ["name", "n"],
    ["a\u001b[2J", 5],
    ["b", 1234],
    ["c", undefined],
  ];
  expect(tableOf(rows)).toEqual(["name           n", "a\\u{1b}[2J     5", "b           1234", "c              -"]);
});
