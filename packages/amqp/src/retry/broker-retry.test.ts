import { expect, test } from "vitest";
import { BrokerRetry, delaysRetries } from "./broker-retry.ts";

test("RabbitMQ 4.3 and later, nobody else", () => {
  const able = (version: string, name = "RabbitMQ") => delaysRetries({ name, version });
  expect(["3.10.8", "4.0.5", "4.2.9", "4.3.0", "4.10.1", "5.0.0", ""].map((version) => able(version))).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(able("4.3.0", "LavinMQ")).toBe(false);
});

test("a wait that is no shorter than asked and at most twice as long is the broker's", () => {
  const retry = new BrokerRetry(1_000, 3_000);
  expect([1, 2, 3, 4].map((failures) => retry.fits(failures * 1_000, failures))).toEqual([true, true, true, false]);
  expect([retry.fits(500, 1), retry.fits(499, 1), retry.fits(1_001, 1)]).toEqual([true, false, false]);
});
