import { expect, test } from "vitest";
import { type DepthSource, Depths } from "./depth.ts";
import type { Depth } from "../driver/index.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";

const runtime = virtualRuntime();

function source(group: string, answer: () => Promise<readonly Depth[]>, on = "main"): DepthSource {
  return {
    connection: { depth: answer, classify: () => ({ kind: "permanent", code: "gone" }) },
    channel: { channel: "orders", on },
    group: { group, from: {} },
    exact: false,
  } as unknown as DepthSource;
}

test("who asks at the same time shares a call, and who accepts an older answer makes none", async () => {
  const depths = new Depths(runtime, new AbortController().signal);
  let calls = 0;
  const orders = source("billing", async () => {
    calls++;
    return [{ ready: calls }];
  });
  const together = await Promise.all(Array.from({ length: 100 }, () => depths.of(orders, 0)));
  expect([calls, new Set(together).size]).toEqual([1, 1]);
  await runtime.advance("5s");
  expect([(await depths.of(orders, 10_000)).ready, calls]).toEqual([1, 1]);
  expect([(await depths.of(orders, 5_000)).ready, calls]).toEqual([2, 2]);
});

test("a hundred groups are not asked all at once", async () => {
  const depths = new Depths(runtime, new AbortController().signal);
  let running = 0;
  let most = 0;
  const ask = (n: number) =>
    source(`g${n}`, async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      return [{ ready: n }];
    });
  const all = await Promise.all(Array.from({ length: 100 }, (_, n) => depths.of(ask(n), 0)));
  expect(all.map(({ ready }) => ready)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(most).toBe(8);
});

test("a broker that does not answer holds up no other", async () => {
  const depths = new Depths(runtime, new AbortController().signal);
  for (let n = 0; n < 20; n++)
    void depths.of(
      source(`dead${n}`, () => new Promise(() => {}), "dead"),
      0,
    );
  expect(
    (
      await depths.of(
        source("billing", async () => [{ ready: 3 }]),
        0,
      )
    ).ready,
  ).toBe(3);
});

test("where nothing waits, the age of the oldest is not unknown", async () => {
  const depths = new Depths(runtime, new AbortController().signal);
  const empty = source("billing", async () => [{ ready: 0, delayed: 0, held: 0 }]);
  expect((await depths.of(empty, 0)).unknown).toEqual([]);
});

test("a failure is not kept, and a number that one partition lacks is a lower bound", async () => {
  const depths = new Depths(runtime, new AbortController().signal);
  let fails = true;
  const orders = source("billing", async () => {
    if (fails) throw new Error("gone");
    return [
      { lease: "0", ready: 2, oldestMs: 5 },
      { lease: "1", oldestMs: 7 },
    ];
  });
  await expect(depths.of(orders, 60_000)).rejects.toThrow('depth of "orders"');
  fails = false;
  expect(await depths.of(orders, 60_000)).toMatchObject({
    channel: "orders",
    group: "billing",
    ready: 2,
    oldestMs: 7,
    exact: false,
    unknown: ["ready", "delayed", "held"],
    asOf: new Date(runtime.now()),
  });
});
