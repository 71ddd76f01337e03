import { expect, test } from "vitest";
import { systemRuntime } from "./system-runtime.ts";

test("a timer set late in a long tick is not early", async () => {
  const { monotonic, timer } = systemRuntime;
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (const from = monotonic(); monotonic() < from + 40; );
  const set = monotonic();
  const fired = await new Promise<number>((resolve) => timer(30, () => resolve(monotonic())));
  expect(fired - set).toBeGreaterThanOrEqual(30);
});

test("a sleep ends early only where its signal says so", async () => {
  const { monotonic, sleep } = systemRuntime;
  const began = monotonic();
  await Promise.all(Array.from({ length: 50 }, (_, at) => sleep(at / 7)));
  expect(monotonic() - began).toBeGreaterThanOrEqual(7);
  const over = new AbortController();
  const long = sleep(3_600_000, over.signal);
  over.abort();
  await long;
});

test("a timer keeps the process alive until it is told not to", () => {
  const alive = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = alive();
  using timer = systemRuntime.timer(60_000, () => {});
  expect(alive()).toBe(before + 1);
  timer.unref?.();
  expect(alive()).toBe(before);
});
