import { channel, consumer, type DeadLetterItem, type RedriveProgress } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { type Testbed, testbed } from "./index.ts";

const orders = channel("orders", {
  messages: { placed: z.object({ n: z.number() }), cancelled: z.object({ n: z.number() }) },
});
const keyed = channel("keyed", { messages: { placed: z.object({ n: z.number(), k: z.string() }) }, orderingKey: "k" });
const policy = { retry: { attempts: 1 } } as const;
const sick = new Set<number>();

class Declined extends Error {
  override readonly name = "Declined";
}

/** A bed whose messages 0 to `count` - 1 are dead. Those in `sick` die again. */
async function dead(count: number, type: "placed" | "cancelled" = "placed"): Promise<Testbed<typeof orders>> {
  sick.clear();
  for (let n = 0; n < count; n++) sick.add(n);
  // Ten thousand failures take two seconds of the processor.
  const bed = await testbed({ channels: [orders], policy, patience: count > 1_000 ? "60s" : "2s" });
  const handle = ({ n }: { n: number }) => {
    if (sick.has(n)) throw n % 2 === 0 ? new Declined(`card ${n}`) : new Error(`bank ${n}`);
  };
  bed.messaging.consume(consumer(orders, "billing", { placed: handle, cancelled: handle }));
  await bed.messaging.start();
  const items = Array.from({ length: count }, (_, n) => ({ type, data: { n }, id: `m-${n}` }) as const);
  await bed.messaging.publishMany(orders, items);
  await bed.settled();
  return bed;
}

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of from) items.push(item);
  return items;
}

const ids = (items: readonly DeadLetterItem[]) => items.map(({ id }) => id).sort();

/** Lets time pass until the promise settles. */
async function elapsing<T>(bed: Testbed<any>, promise: PromiseLike<T>): Promise<T> {
  let over = false;
  const done = Promise.resolve(promise).finally(() => (over = true));
  done.catch(() => undefined);
  for (let step = 0; step < 10_000 && !over; step++) await bed.clock.advance(500);
  return done;
}

test("a scan sees each letter once, says so, and gives all back", async () => {
  await using bed = await dead(35);
  const letters = bed.messaging.deadLetters(orders, "billing");
  expect(await letters.count()).toEqual({ ready: 35, hidden: 0, exact: true });
  const scan = letters.scan();
  expect((await all(scan)).length).toBe(35);
  expect(await scan.result).toMatchObject({ seen: 35, matched: 35, hidden: 35, complete: true });
  expect(await letters.count()).toEqual({ ready: 35, hidden: 0, exact: true });
});

test("a scan finds by type, code, class, reason and age; a condition that does not exist is refused", async () => {
  await using bed = await dead(6);
  const letters = bed.messaging.deadLetters(orders, "billing");
  const found = async (filter: object) => ids(await all(letters.scan(filter)));
  expect(await found({ errorClass: "Declined" })).toEqual(["m-0", "m-2", "m-4"]);
  expect(await found({ errorClass: ["Error", "Declined"], reason: "CARD 4" })).toEqual(["m-4"]);
  expect(await found({ type: "cancelled" })).toEqual([]);
  expect((await found({ code: "attempts-exhausted" })).length).toBe(6);
  expect(await found({ olderThan: "1h" })).toEqual([]);
  expect((await found({ newerThan: "1h" })).length).toBe(6);
  await bed.clock.advance("2h");
  expect((await found({ olderThan: "1h" })).length).toBe(6);
  expect(await found({ newerThan: "1h" })).toEqual([]);
  expect((await found({ olderThan: "1h", newerThan: "5h" })).length).toBe(6);
  await expect(found({ olderThan: "2h", newerThan: "1h" })).rejects.toThrow("newerThan must be longer than olderThan");
  await expect(found({ typ: "placed" })).rejects.toMatchObject({ code: "bad-filter" });
  await expect(found({ type: [] })).rejects.toMatchObject({ code: "bad-filter" });
});

test("two scans see disjoint parts and are told; a scan that is left gives its letters back", async () => {
  await using bed = await dead(30);
  const letters = bed.messaging.deadLetters(orders, "billing");
  const first = letters.scan({ max: 20 });
  const steps = first[Symbol.asyncIterator]();
  const mine: DeadLetterItem[] = [];
  for (let i = 0; i < 20; i++) mine.push((await steps.next()).value as DeadLetterItem);
  const second = letters.scan();
  const others = await elapsing(bed, all(second));
  expect(new Set([...ids(mine), ...ids(others)]).size).toBe(mine.length + others.length);
  expect(await second.result).toMatchObject({ complete: false, why: "others" });
  await steps.return?.();
  expect(await first.result).toMatchObject({ seen: 20, complete: false, why: "left" });
  expect((await letters.count()).ready).toBe(30);
});

test("a scan ends when its time is over, also while its caller thinks", async () => {
  await using bed = await dead(30);
  const letters = bed.messaging.deadLetters(orders, "billing");
  const scan = letters.scan({ hide: "10s", max: 5 });
  const steps = scan[Symbol.asyncIterator]();
  await steps.next();
  await bed.clock.advance("10s");
  expect((await letters.count()).ready).toBe(30);
  while (!(await steps.next()).done);
  expect(await scan.result).toMatchObject({ complete: false, why: "hide" });
});

test("fifty letters of one key are all seen", async () => {
  await using bed = await testbed({ channels: [keyed], policy, profile: "sqs" } as never);
  const messaging = bed.messaging as any;
  messaging.consume(
    consumer(keyed, "billing", {
      placed: () => {
        throw new Error("no");
      },
    }),
  );
  await messaging.start();
  for (let n = 0; n < 50; n++) await messaging.publish(keyed, "placed", { n, k: "same" });
  await bed.settled();
  const scan = messaging.deadLetters(keyed, "billing").scan();
  const found = (await elapsing(bed, all(scan))) as DeadLetterItem[];
  expect(found.length).toBe(50);
  expect(new Set(found.map(({ key }) => key))).toEqual(new Set(["same"]));
  expect(await (scan as any).result).toMatchObject({ complete: true });
});

test("letters are found by id and counted by cause", async () => {
  await using bed = await dead(7);
  const letters = bed.messaging.deadLetters(orders, "billing");
  expect(await letters.get("m-3")).toMatchObject({ id: "m-3", data: { n: 3 }, redrives: 0 });
  expect(await letters.get("m-99")).toBeUndefined();
  expect(await letters.groups({ by: ["code", "errorClass"] })).toMatchObject({
    groups: [
      { of: { code: "attempts-exhausted", errorClass: "Declined" }, count: 4 },
      { of: { code: "attempts-exhausted", errorClass: "Error" }, count: 3 },
    ],
    seen: 7,
    complete: true,
  });
  expect((await letters.count()).ready).toBe(7);
});

test("a redrive sends what the filter wants, and leaves the rest", async () => {
  await using bed = await dead(8);
  const letters = bed.messaging.deadLetters(orders, "billing");
  sick.clear();
  expect(await letters.redrive({ filter: { errorClass: "Declined" }, dryRun: true })).toMatchObject({
    matched: 4,
    moved: 0,
    left: 4,
  });
  expect((await letters.count()).ready).toBe(8);
  const done = await letters.redrive({ filter: { errorClass: "Declined" } });
  expect(done).toEqual({ matched: 4, moved: 4, died: 0, left: 4, failed: 0, refused: 0 });
  expect(await letters.redrive({ ids: ["m-1"] })).toMatchObject({ moved: 1, left: 3 });
  expect(ids(await letters.peek())).toEqual(["m-3", "m-5", "m-7"]);
});

test("a dry run looks at no more than its sample; without one a sample is refused", async () => {
  await using bed = await dead(30);
  const letters = bed.messaging.deadLetters(orders, "billing");
  const done = await letters.redrive({ dryRun: true, sample: 10, filter: { errorClass: "Declined" } });
  expect(done).toMatchObject({ matched: 5, left: 5, moved: 0, stopped: "max" });
  expect((await letters.count()).ready).toBe(30);
  await expect(letters.redrive({ sample: 10 }).result).rejects.toMatchObject({ code: "bad-redrive" });
});

test("a canary that returns stops the run, and the rest stays", async () => {
  await using bed = await dead(40);
  const letters = bed.messaging.deadLetters(orders, "billing");
  const run = letters.redrive({ canary: { count: 5, wait: "2m" }, stopAt: 0.5 });
  const steps: RedriveProgress[] = [];
  void (async () => {
    for await (const step of run) steps.push(step);
  })();
  const done = await elapsing(bed, run);
  expect(done).toMatchObject({
    moved: 5,
    stopped: "share",
    canary: { sent: 5, returned: done.died, settled: 0, unknown: 5 - done.died },
  });
  expect(done.died).toBeGreaterThanOrEqual(3);
  expect(steps.at(-1)).toMatchObject({ phase: "done", moved: 5 });
  expect((await letters.count()).ready).toBe(40);
});

test("a run goes on only if all of its canary has settled", async () => {
  await using bed = await dead(40);
  const letters = bed.messaging.deadLetters(orders, "billing");
  await bed.clock.advance("1s");
  const items = await letters.peek(5);
  sick.clear();
  sick.add((items[0]!.data as { n: number }).n);
  const done = await elapsing(bed, letters.redrive({ canary: { count: 5, wait: "2m" } }));
  expect(done).toMatchObject({
    moved: 5,
    died: 1,
    stopped: "canary",
    canary: { sent: 5, returned: 1, settled: 4, unknown: 0 },
  });
  // The one that came back is left, and others are sent first.
  expect(await elapsing(bed, letters.redrive({ ...done.resume, canary: { count: 5, wait: "2m" } }))).toMatchObject({
    moved: 35,
    left: 1,
    canary: { sent: 5, settled: 5 },
  });
});

test("a canary that does not come back has settled, and the run goes on after its wait", async () => {
  await using bed = await dead(40);
  const letters = bed.messaging.deadLetters(orders, "billing");
  sick.clear();
  const began = Number(bed.clock.now());
  const done = await elapsing(bed, letters.redrive({ canary: { count: 5, wait: "2m" }, stopAt: 0.1 }));
  expect(done).toMatchObject({ moved: 40, died: 0, canary: { sent: 5, returned: 0, settled: 5, unknown: 0 } });
  expect(done.canary!.ms).toBeGreaterThanOrEqual(120_000);
  expect(done.canary!.ms).toBeLessThan(131_000);
  expect(done.resume).toBeUndefined();
  expect(Number(bed.clock.now()) - began).toBeGreaterThanOrEqual(120_000);
});

test("a canary has one attempt, whatever its policy says, and what follows it has all of them", async () => {
  const attempts: number[] = [];
  await using bed = await testbed({
    channels: [orders],
    policy: { retry: { attempts: 4, first: "10s", errors: { Declined: { attempts: 6 } } } },
  });
  bed.messaging.consume(
    consumer(orders, "billing", {
      placed: ({ n }, { hop, attempt }) => {
        if (hop > 0) attempts.push(attempt);
        throw n === 0 ? new Declined("card") : new Error("bank");
      },
      "*": "ignore",
    }),
  );
  await bed.messaging.start();
  for (const n of [0, 1]) await bed.messaging.publish(orders, "placed", { n });
  await bed.clock.advance("30m");
  const letters = bed.messaging.deadLetters(orders, "billing");
  const done = await elapsing(bed, letters.redrive({ canary: { count: 2, wait: "1m" } }));
  expect(done.canary).toEqual({ sent: 2, ms: expect.any(Number), returned: 2, settled: 0, unknown: 0 });
  expect(attempts).toEqual([1, 1]);
  const [first] = await letters.peek();
  expect(first).toMatchObject({ attempts: 1, code: "attempts-exhausted" });
  expect(first!.reason).toContain("failed 1 time as the canary of a redrive");
  // Without a canary, the letters are as any others again.
  await bed.clock.advance("1s");
  await letters.redrive({ filter: { errorClass: "Error" } });
  await bed.clock.advance("30m");
  expect(attempts).toEqual([1, 1, 1, 2, 3, 4]);
});

test("of a canary whose wait was cut short nothing is known", async () => {
  await using bed = await dead(20);
  sick.clear();
  const stop = new AbortController();
  const run = bed.messaging
    .deadLetters(orders, "billing")
    .redrive({ canary: { count: 3, wait: "2m" }, signal: stop.signal });
  await bed.clock.advance("30s");
  stop.abort();
  expect(await elapsing(bed, run)).toMatchObject({
    moved: 3,
    stopped: "signal",
    canary: { sent: 3, returned: 0, settled: 0, unknown: 3 },
  });
});

test("a ramp begins with a tenth of the rate, after the canary, and ends with all of it", async () => {
  await using bed = await dead(300);
  sick.clear();
  const sent: number[] = [];
  const letters = bed.messaging.deadLetters(orders, "billing");
  const began = Number(bed.clock.now());
  const run = letters.redrive({ rate: { max: 10 }, ramp: "40s", canary: { count: 5, wait: "60s" } });
  void (async () => {
    for await (const { moved } of run) sent[Math.floor((Number(bed.clock.now()) - began) / 1_000)] = moved;
  })();
  const done = await elapsing(bed, run);
  expect(done).toMatchObject({ moved: 300, canary: { settled: 5 } });
  const at = (second: number): number => sent.slice(0, second).findLast((moved) => moved !== undefined) ?? 0;
  expect([at(10), at(60)]).toEqual([5, 5]);
  // A tenth of the rate at first: about a letter a second, which grows.
  expect(at(65)).toBeLessThanOrEqual(15);
  // Half of the time has passed: 1/10 to 11/20 of the rate.
  expect(at(80)).toBeGreaterThan(40);
  expect(at(80)).toBeLessThan(80);
  // In all 55 % of the rate during the ramp, then all of it.
  expect(at(100)).toBeLessThan(240);
  expect(Number(bed.clock.now()) - began).toBeLessThan(60_000 + 40_000 + 15_000);
});

test.each([
  [{ ramp: "1m" }, "give rate, too"],
  [{ ramp: "0s", rate: { max: 1 } }, "longer than 0"],
] as const)("a ramp %j is refused: %s", async (options, said) => {
  await using bed = await dead(1);
  await expect(bed.messaging.deadLetters(orders, "billing").redrive(options).result).rejects.toMatchObject({
    code: "bad-redrive",
    message: expect.stringContaining(said) as string,
  });
});

test("a letter is redriven three times, then refused", async () => {
  await using bed = await dead(1);
  const letters = bed.messaging.deadLetters(orders, "billing");
  for (let round = 1; round <= 3; round++) {
    expect(await letters.redrive({ max: 1 })).toMatchObject({ moved: 1 });
    await bed.settled();
    expect(await letters.peek()).toMatchObject([{ id: "m-0", redrives: round }]);
  }
  expect(await letters.redrive()).toMatchObject({ moved: 0, refused: 1 });
  expect(await letters.redrive({ maxRedrives: 4, max: 1 })).toMatchObject({ moved: 1, refused: 0 });
});

test("a run that is repeated takes no letter that died after its start", async () => {
  await using bed = await dead(12);
  await bed.clock.advance("1s");
  const letters = bed.messaging.deadLetters(orders, "billing");
  const first = await letters.redrive({ max: 4 });
  expect(first).toMatchObject({ moved: 4, stopped: "max" });
  await bed.clock.advance("1m");
  await bed.settled();
  const second = await letters.redrive({ ...first.resume });
  expect(second.moved).toBe(8);
  expect(second.left).toBeGreaterThan(0);
});

test("a rate spreads a run over time", async () => {
  await using bed = await dead(50);
  sick.clear();
  const began = Number(bed.clock.now());
  const done = await elapsing(
    bed,
    bed.messaging.deadLetters(orders, "billing").redrive({ rate: { max: 10, per: "1m" } }),
  );
  expect(done.moved).toBe(50);
  expect(Number(bed.clock.now()) - began).toBeGreaterThanOrEqual(4 * 60_000);
});

test("a purge deletes what the filter wants, a dry one nothing, and one without a filter all", async () => {
  await using bed = await dead(9);
  const letters = bed.messaging.deadLetters(orders, "billing");
  const filter = { errorClass: "Error" };
  expect(await letters.purge({ filter, dryRun: true })).toEqual({ matched: 4, deleted: 0, hidden: 9, complete: true });
  expect(await letters.purge({ filter, dryRun: true, sample: 4 })).toEqual({
    ...{ matched: 2, deleted: 0, hidden: 4, complete: false },
  });
  await expect(letters.purge({ filter, sample: 4 })).rejects.toMatchObject({ code: "bad-filter" });
  expect(await letters.purge({ filter })).toEqual({ matched: 4, deleted: 4, complete: true });
  expect(ids(await letters.peek())).toEqual(["m-0", "m-2", "m-4", "m-6", "m-8"]);
  expect(await letters.purge()).toEqual({ complete: true });
  expect((await letters.count()).ready).toBe(0);
});

test("ten thousand letters are redriven, none lost and none doubled", async () => {
  await using bed = await dead(10_000);
  sick.clear();
  const letters = bed.messaging.deadLetters(orders, "billing");
  const scan = letters.scan({ max: 20_000 });
  expect(new Set(ids(await all(scan))).size).toBe(10_000);
  expect(await letters.redrive()).toMatchObject({ moved: 10_000, failed: 0, left: 0 });
  await bed.settled();
  expect(bed.dead(orders, "billing")).toEqual([]);
  const handled = bed.delivered(orders, "billing").filter(({ hop }) => hop === 2);
  expect(handled.length).toBe(10_000);
  expect(new Set(handled.map(({ id }) => id)).size).toBe(10_000);
});

/** Dead letters of two keys: `a` has nine, of which every third is `Declined`; `b` has three, none of which is. */
async function twoKeys(): Promise<Testbed<typeof keyed>> {
  sick.clear();
  const bed = await testbed({ channels: [keyed], policy, profile: "sqs" } as never);
  bed.messaging.consume(
    consumer(keyed, "billing", {
      placed: ({ n, k }) => {
        if (!sick.has(n)) throw k === "a" && n % 3 === 2 ? new Declined("card") : new Error("bank");
      },
    }),
  );
  await bed.messaging.start();
  for (let n = 0; n < 12; n++) {
    await bed.messaging.publish(keyed, "placed", { n, k: n < 9 ? "a" : "b" });
    await bed.clock.advance(1);
  }
  await bed.settled();
  for (let n = 0; n < 12; n++) sick.add(n);
  return bed as never;
}

/** The steps of a run, while time passes. */
async function* stepsOf(bed: Testbed<any>, run: AsyncIterable<RedriveProgress>): AsyncGenerator<RedriveProgress> {
  const steps = run[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await elapsing(bed, steps.next());
    if (done === true) return;
    yield value as RedriveProgress;
  }
}

const again = (bed: Testbed<typeof keyed>): readonly number[] =>
  bed
    .delivered(keyed, "billing")
    .filter(({ hop }) => hop >= 2)
    .map(({ data }) => (data as { n: number }).n);

test("with `wholeKey` a filter that wants every third letter of a key takes all of it, in order, and no other key", async () => {
  await using bed = await twoKeys();
  const letters = bed.messaging.deadLetters(keyed, "billing");
  const asked = { filter: { errorClass: "Declined" }, wholeKey: true } as const;
  expect(await elapsing(bed, letters.redrive({ ...asked, dryRun: true }))).toMatchObject({
    matched: 9,
    left: 3,
    moved: 0,
  });
  expect((await letters.count()).ready).toBe(12);
  expect(await elapsing(bed, letters.redrive(asked))).toEqual({
    ...{ matched: 9, moved: 9, died: 0, left: 3, failed: 0, refused: 0 },
  });
  await bed.settled();
  expect(again(bed)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect((await letters.count()).ready).toBe(3);
});

test("with `wholeKey` an id takes its key, a letter that died again has its place, and a canary is a whole key", async () => {
  await using bed = await twoKeys();
  const letters = bed.messaging.deadLetters(keyed, "billing");
  sick.delete(0);
  const first = bed.delivered(keyed, "billing").find(({ data }) => (data as { n: number }).n === 0)!.id;
  await elapsing(bed, letters.redrive({ ids: [first] }));
  await bed.clock.advance("1m");
  sick.add(0);
  const done = await elapsing(bed, letters.redrive({ wholeKey: true, canary: { count: 1, wait: "10s" } }));
  expect(done).toMatchObject({ moved: 12, canary: { sent: 3, settled: 3 } });
  await bed.settled();
  expect(again(bed)).toEqual([0, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test("with `wholeKey` a key that is longer than `max` stays, as does one with a letter that was redriven too often", async () => {
  await using bed = await twoKeys();
  const letters = bed.messaging.deadLetters(keyed, "billing");
  const done = await elapsing(bed, letters.redrive({ wholeKey: true, max: 5 }));
  expect(done).toMatchObject({ moved: 3, left: 9, stopped: "max", resume: { wholeKey: true } });
  await bed.settled();
  expect(again(bed)).toEqual([9, 10, 11]);
  sick.delete(4);
  const { id } = bed.delivered(keyed, "billing").find(({ data }) => (data as { n: number }).n === 4)!;
  await elapsing(bed, letters.redrive({ ids: [id] }));
  await bed.clock.advance("1m");
  expect(await elapsing(bed, letters.redrive({ wholeKey: true, maxRedrives: 1 }))).toMatchObject({
    ...{ moved: 0, refused: 1, left: 8 },
  });
});

test("with `wholeKey` a letter that cannot be sent keeps back those after it, and the same run takes the key again", async () => {
  await using bed = await twoKeys();
  const letters = bed.messaging.deadLetters(keyed, "billing");
  const asked = { filter: { errorClass: "Declined" }, wholeKey: true } as const;
  // Three are sent, among them the first that the filter wants; then one can never be.
  const stop = letters.redrive({ ...asked, rate: { max: 1, per: "1s" } });
  for await (const { moved } of stepsOf(bed, stop)) if (moved === 3) break;
  bed.faults.failPublish(1, "auth");
  const done = await elapsing(bed, stop);
  expect(done).toMatchObject({ moved: 3, failed: 1, left: 8, stopped: "error" });
  await bed.settled();
  expect(again(bed)).toEqual([0, 1, 2]);
  // What the filter wants is there until all of its key are accepted.
  await elapsing(bed, letters.redrive({ ...done.resume }));
  await bed.settled();
  expect(again(bed)).toEqual([0, 1, 2, 2, 3, 4, 5, 6, 7, 8]);
});

test("with `wholeKey` nothing is sent while another reader hides letters", async () => {
  await using bed = await twoKeys();
  const letters = bed.messaging.deadLetters(keyed, "billing");
  const other = letters.scan({ hide: "10m" })[Symbol.asyncIterator]();
  await other.next();
  expect(await elapsing(bed, letters.redrive({ wholeKey: true }))).toMatchObject({ moved: 0, stopped: "more" });
  await other.return?.();
  expect(await elapsing(bed, letters.redrive({ wholeKey: true }))).toMatchObject({ moved: 12 });
});

test("`wholeKey` is refused where there is no ordering key", async () => {
  await using bed = await dead(1);
  const run = bed.messaging.deadLetters(orders, "billing").redrive({ wholeKey: true });
  await expect(run.result).rejects.toMatchObject({
    code: "bad-redrive",
    message: expect.stringContaining("ordering key"),
  });
});
