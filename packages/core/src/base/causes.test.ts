import { expect, test } from "vitest";
import { causesOf } from "./causes.ts";

test("gives an error and its causes in order, and ends in a circle", () => {
  const first = new Error("first");
  const second = new Error("second", { cause: first });
  const third = new Error("third", { cause: second });
  expect([...causesOf(third)]).toEqual([third, second, first]);
  first.cause = third;
  expect([...causesOf(third)]).toHaveLength(3);
  expect([...causesOf("text")]).toEqual([]);
  expect([...causesOf(new Error("last", { cause: "text" }))]).toHaveLength(1);
});
