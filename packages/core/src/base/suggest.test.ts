import { expect, test } from "vitest";
import { didYouMean, nearest } from "./suggest.ts";

test.each([
  ["bakoff", ["backoff", "first"], "backoff"],
  ["frist", ["backoff", "first"], "first"],
  ["DRAIN", ["drain"], "drain"],
  ["max_in_flight", ["maxInFlight"], "maxInFlight"],
  ["ab", ["b"], "b"],
  ["ordrs", ["orders", "order"], "orders"],
])("%j suggests the closest of %j", (given, allowed, word) => {
  expect(nearest(given, allowed)).toBe(word);
});

test.each([
  ["h", ["g", "main"]],
  ["h", [""]],
  ["-", ["_"]],
  ["retries", ["drain", "prefix"]],
  ["orders", []],
])("%j suggests none of %j", (given, allowed) => {
  expect(nearest(given, allowed)).toBeUndefined();
  expect(didYouMean(given, allowed)).toBe("");
});
