import { expect, test } from "vitest";
import type { Io } from "./io.ts";
import { Output, tableOf } from "./output.ts";

test.each([
  ["on a terminal", true, {}, true],
  ["on a pipe", false, {}, false],
  ["with NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["with NO_COLOR that is empty, which is as if it were absent", true, { NO_COLOR: "" }, true],
  ["with FORCE_COLOR on a pipe", false, { FORCE_COLOR: "1" }, true],
  ["with FORCE_COLOR=0 on a terminal", true, { FORCE_COLOR: "0" }, false],
  ["with both, as in Node", true, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ["on a dumb terminal", true, { TERM: "dumb" }, false],
] as const)("colour %s", (_, isTTY, env, coloured) => {
  const stdout = { isTTY, write: () => {} };
  const out = new Output({ env, stdout } as unknown as Io, false);
  expect(out.style("bold", "orders")).toBe(coloured ? "\u001b[1morders\u001b[22m" : "orders");
});

test("a table: numbers stand on the right, what nobody knows is a dash, and strangers' text cannot draw", () => {
  expect(tableOf([["name", "count"], ["a\u001b[2J", 5], ["b", 1_000], ["c"], ["d", undefined]])).toEqual([
    "name        count",
    "a\\u{1b}[2J      5",
    "b            1000",
    "c",
    "d               -",
  ]);
});

test("on a terminal the last column is cut to its width, and no other", () => {
  const rows = [
    ["id", "reason"],
    ["o-1", "failed 1 time: BankDown: the bank is down"],
    ["o-2", "no"],
  ];
  expect(tableOf(rows, 30)).toEqual(["id   reason", "o-1  failed 1 time: BankDown:…", "o-2  no"]);
  expect(tableOf(rows, 3)).toEqual(["id   reason", "o-1  failed 1 time: Bank…", "o-2  no"]);
  expect(tableOf(rows)[1]).toBe("o-1  failed 1 time: BankDown: the bank is down");
});
