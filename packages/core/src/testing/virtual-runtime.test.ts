import { readFile } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { virtualRuntime } from "./index.ts";

test("timers fire only on advance, in order of due time, then of creation", async () => {
  const runtime = virtualRuntime();
  const fired: string[] = [];
  runtime.timer(20, () => fired.push("b"));
  runtime.timer(10, () => fired.push("a"));
  runtime.timer(20, () => fired.push("c"));
  await setImmediate();
  await runtime.settle();
  expect(fired).toEqual([]);
  await runtime.advance(19);
  expect(fired).toEqual(["a"]);
  await runtime.advance("1ms");
  expect(fired).toEqual(["a", "b", "c"]);
  expect(runtime.pending).toBe(0);
});

test("a timer set by a timer fires in the same advance, at its own time", async () => {
  const runtime = virtualRuntime({ start: 0 });
  const at: number[] = [];
  const again = () => {
    at.push(runtime.now());
    if (at.length < 3) runtime.timer(1_000, again);
  };
  runtime.timer(1_000, again);
  await runtime.advance("10s");
  expect(at).toEqual([1_000, 2_000, 3_000]);
  expect(runtime.now()).toBe(10_000);
  expect(runtime.elapsed).toBe(10_000);
});

test("work between timers settles before the next one fires", async () => {
  const runtime = virtualRuntime();
  const seen: string[] = [];
  const worker = async (name: string, ms: number) => {
    await runtime.sleep(ms);
    for (let step = 0; step < 20; step++) await new Promise<void>((resolve) => runtime.defer(resolve));
    seen.push(name);
  };
  void worker("first", 5);
  void worker("second", 6);
  runtime.timer(6, () => seen.push("timer"));
  await runtime.advance(6);
  expect(seen).toEqual(["first", "second", "timer"]);
});

test("a disposed timer does not fire; an aborted sleep ends at once", async () => {
  const runtime = virtualRuntime();
  let fired = 0;
  const pending = runtime.timer(5, () => fired++);
  pending[Symbol.dispose]();
  pending[Symbol.dispose]();
  const stop = new AbortController();
  const slept = runtime.sleep(1_000, stop.signal);
  stop.abort();
  await slept;
  await runtime.advance(10);
  expect(fired).toBe(0);
  expect(runtime.pending).toBe(0);
});

test("settle gives up on what never ends, and names it", async () => {
  const runtime = virtualRuntime();
  let stopped = false;
  const spin = () => void (stopped || runtime.defer(spin));
  spin();
  runtime.track("handler of order.placed");
  await expect(runtime.settle()).rejects.toThrow(/still running: handler of order.placed, 1 deferred/);
  stopped = true;
});

test("settle waits a little for tracked work of the outside, once, then counts it as waiting", async () => {
  const runtime = virtualRuntime();
  let wrote = false;
  const done = runtime.track("handler");
  void setTimeout(2).then(() => {
    wrote = true;
    done();
  });
  await runtime.settle();
  expect(wrote).toBe(true);
  runtime.track("blocked on the test");
  await runtime.settle();
  let turns = 0;
  const count = () => void (turns++, (next = globalThis.setImmediate(count)));
  let next = globalThis.setImmediate(count);
  await runtime.settle();
  clearImmediate(next);
  expect(turns).toBeLessThan(20);
});

describe("on a machine that stands still", () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  /** Takes real time and no work, as a machine that does something else. */
  const stall = () => Atomics.wait(cell, 0, 0, 40);

  test("settle waits for tracked work as long as it does I/O", async () => {
    const runtime = virtualRuntime();
    const done = runtime.track("handler");
    let read = 0;
    void (async () => {
      for (; read < 15; read++) {
        await readFile(new URL(import.meta.url));
        stall();
      }
      done();
    })();
    await runtime.settle();
    expect(read).toBe(15);
  });

  test("settle does not lose its patience over it", async () => {
    const runtime = virtualRuntime({ patienceMs: 300 });
    let left = 50;
    const step = () => {
      stall();
      if (--left > 0) runtime.defer(step);
    };
    runtime.defer(step);
    await runtime.settle();
    expect(left).toBe(0);
  });
});

test("randomness and ids come from the seed, apart from each other", () => {
  const draw = (seed: number, mixed: boolean) => {
    const runtime = virtualRuntime({ seed });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      if (mixed) runtime.random();
      ids.push(runtime.uuid());
    }
    return ids;
  };
  expect(draw(7, true)).toEqual(draw(7, false));
  expect(draw(8, true)).not.toEqual(draw(7, true));
  for (const id of draw(7, true))
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const runtime = virtualRuntime({ seed: 3 });
  const drawn = Array.from({ length: 10_000 }, () => runtime.random());
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  expect(drawn.reduce((sum, n) => sum + n, 0) / drawn.length).toBeCloseTo(0.5, 1);
});

test("one quiet turn is enough for promises and timers, and takes fewer turns", async () => {
  const turnsOf = async (quietTurns?: number) => {
    const runtime = virtualRuntime(quietTurns === undefined ? {} : { quietTurns });
    const seen: number[] = [];
    const work = async () => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      seen.push(runtime.elapsed);
      if (seen.length < 20) runtime.timer(1, () => void work());
    };
    runtime.timer(1, () => void work());
    let turns = 0;
    const count = () => void (turns++, (next = globalThis.setImmediate(count)));
    let next = globalThis.setImmediate(count);
    await runtime.advance(20);
    clearImmediate(next);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    return turns;
  };
  expect(await turnsOf(1)).toBeLessThan((await turnsOf()) / 2);
});
