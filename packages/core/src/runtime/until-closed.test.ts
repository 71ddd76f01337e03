import { expect, test } from "vitest";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import { untilClosed } from "./until-closed.ts";

test("sleeps and timers end when it is closed, and not before", async () => {
  const inner = virtualRuntime();
  const over = new AbortController();
  const runtime = untilClosed(inner, over.signal);
  const seen: string[] = [];
  runtime.timer(10, () => seen.push("first"));
  runtime.timer(1_000, () => seen.push("second"));
  runtime.timer(1_000, () => seen.push("third"))[Symbol.dispose]();
  const sleeps = [runtime.sleep(1_000), runtime.sleep(1_000, new AbortController().signal)];
  void runtime.sleep(10).then(() => seen.push("slept"));
  await inner.advance(10);
  expect([...seen].sort()).toEqual(["first", "slept"]);
  expect(inner.pending).toBe(3);
  over.abort();
  await Promise.all(sleeps);
  expect(inner.pending).toBe(0);
  runtime.timer(1, () => seen.push("late"));
  await runtime.sleep(1);
  await inner.advance(2_000);
  expect(seen).toHaveLength(2);
});
