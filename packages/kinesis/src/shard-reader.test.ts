import { createHash } from "node:crypto";
import { type VirtualRuntime, virtualRuntime } from "@switchyard/core/testing";
import type { Checkpoint } from "@switchyard/leases";
import { describe, expect, test } from "vitest";
import type { KinesisRecord } from "./sdk.ts";
import { FanOut } from "./fan-out.ts";
import type { Md5 } from "./md5.ts";
import { Polling } from "./polling.ts";
import { iteratorAt } from "./positions.ts";
import { ShardReader } from "./shard-reader.ts";
import { aggregate, type Called, fakeCall, never, record, sdkError } from "./fixtures/fakes.ts";

interface Script {
  /** What each GetRecords brings; nothing when used up. */
  readonly reads: (
    | readonly KinesisRecord[]
    | Error
    | { readonly end: readonly KinesisRecord[] }
    | { readonly behind: number }
  )[];
}

function bench(from: Checkpoint, { reads }: Script, md5?: Md5) {
  const runtime = virtualRuntime();
  const lost: string[] = [];
  const at: number[] = [];
  let tokens = 0;
  const answer = ({ action }: Called): unknown => {
    if (action === "GetShardIterator") return { ShardIterator: `token-${++tokens}` };
    at.push(runtime.elapsed);
    const next = reads.shift() ?? [];
    if (next instanceof Error) throw next;
    if ("behind" in next) return { Records: [], NextShardIterator: "next", MillisBehindLatest: next.behind };
    if ("end" in next)
      return {
        Records: next.end,
        MillisBehindLatest: 0,
        ChildShards: [{ ShardId: "shardId-9", ParentShards: ["shardId-0"] }],
      };
    return { Records: next, NextShardIterator: "next", MillisBehindLatest: next.length * 10 };
  };
  const { call, calls } = fakeCall(answer);
  const reader = new ShardReader({
    shard: "shardId-0",
    from,
    runtime,
    positionLost: (cause) => lost.push(cause.code),
    ...(md5 === undefined ? {} : { md5 }),
    open: (start) =>
      new Polling({
        ref: { StreamName: "test_clicks" },
        shard: "shardId-0",
        at: iteratorAt(start),
        call,
        pace: { everyMs: 200, idleMs: 1_000 },
        runtime,
        unknown: async (cause) => {
          throw cause;
        },
      }),
  });
  const next = async (max = 10, waitMs = 0) => {
    const got = reader.next(max, waitMs, never);
    await runtime.advance(waitMs);
    return (await got).map(({ data }) => Buffer.from(data).toString());
  };
  return {
    runtime,
    reader,
    next,
    lost,
    at,
    calls,
    iterators: () => calls.filter((one) => one.action === "GetShardIterator").map((one) => one.input),
  };
}

test("a checkpoint's own record is read again and passed over: nothing was trimmed behind it", async () => {
  const at = bench({ sequence: "5" }, { reads: [[record(5, "five"), record(6, "six")]] });
  expect(await at.next()).toEqual(["six"]);
  expect(at.iterators()[0]).toMatchObject({ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: "5" });
  expect(at.lost).toEqual([]);
});

test("a trimmed position is told, and reading goes on", async () => {
  const at = bench({ sequence: "5" }, { reads: [[record(8, "eight")], [record(9, "nine")]] });
  expect(await at.next()).toEqual(["eight"]);
  expect(at.lost).toEqual(["position-trimmed"]);
  await at.runtime.advance("1s");
  expect(await at.next()).toEqual(["nine"]);
  expect(at.lost).toEqual(["position-trimmed"]);
});

test("what was trimmed before a shard's end is told too; an end right after the checkpoint's own record is none", async () => {
  const gone = bench({ sequence: "5" }, { reads: [{ end: [] }] });
  expect(await gone.next()).toEqual([]);
  expect(gone.reader.ended).toBe(true);
  expect(gone.lost).toEqual(["position-trimmed"]);
  const kept = bench({ sequence: "5" }, { reads: [{ end: [record(5, "five")] }] });
  expect(await kept.next()).toEqual([]);
  expect(kept.reader.ended).toBe(true);
  expect(kept.lost).toEqual([]);
});

test("a checkpoint beyond the tip is refused: what comes before it is not passed over as read", async () => {
  const at = bench({ sequence: "500" }, { reads: [[], [record(6, "six")], [record(501, "later")]] });
  const refusal = {
    code: "position-invalid",
    kind: "config",
    message: expect.stringMatching(/no position 500.*replay/),
  };
  expect(await at.next()).toEqual([]);
  await at.runtime.advance("1s");
  await expect(at.reader.next(10, 0, never)).rejects.toMatchObject(refusal);
  await at.runtime.advance("1s");
  await expect(at.reader.next(10, 0, never)).rejects.toMatchObject(refusal);
  expect(at.lost).toEqual([]);
});

test("within an aggregated record reading goes on after what is settled; one of a false MD5 comes as it is", async () => {
  const packed = aggregate(["a", "one"], ["b", "two"], ["c", "three"]);
  const spoiled = aggregate(["a", "x"]);
  spoiled[spoiled.length - 1]! ^= 1;
  const at = bench({ sequence: "5", sub: 0 }, { reads: [[record(5, packed), record(6, spoiled)]] });
  const items = await at.reader.next(10, 0, never);
  expect(items.map(({ sub, packed: inside, last, key }) => [sub, inside, last, key])).toEqual([
    [1, true, false, "b"],
    [2, true, true, "c"],
    [0, false, true, "k"],
  ]);
  expect(Buffer.from(items[2]!.data)).toEqual(spoiled);
});

test("a record that cannot be unpacked stays the next one: what is before it comes, and nothing after it", async () => {
  let broken = true;
  const md5: Md5 = (data) => {
    if (broken) throw new Error("no such digest");
    return createHash("md5").update(data).digest();
  };
  const packed = aggregate(["a", "three"], ["b", "four"]);
  const first = [record(1, "one"), record(2, "two"), record(3, packed), record(5, "five"), record(6, "six")];
  const at = bench("TRIM_HORIZON", { reads: [first, { end: [record(7, "seven")] }] }, md5);
  expect(await at.next()).toEqual(["one", "two"]);
  for (let again = 0; again < 3; again++) {
    await at.runtime.advance("1s");
    await expect(at.reader.next(10, 0, never)).rejects.toThrow("no such digest");
  }
  expect([at.reader.ended, at.reader.atTip]).toEqual([false, false]);
  broken = false;
  expect(await at.next()).toEqual(["three", "four", "five", "six"]);
  await at.runtime.advance("1s");
  expect(await at.next()).toEqual(["seven"]);
  expect(at.reader.ended).toBe(true);
});

test("what could not be handed out comes first the next time", async () => {
  const at = bench("TRIM_HORIZON", { reads: [[record(1, "one"), record(2, "two"), record(3, "three")]] });
  const items = await at.reader.next(2, 0, never);
  at.reader.putBack(items.slice(1));
  expect(await at.next()).toEqual(["two", "three"]);
});

test("what one read brought beyond the asked is kept for the next", async () => {
  const at = bench("TRIM_HORIZON", { reads: [[record(1, aggregate(["a", "1"], ["a", "2"], ["a", "3"]))]] });
  expect(await at.next(2)).toEqual(["1", "2"]);
  expect(await at.next(2)).toEqual(["3"]);
});

test.each([
  ["abort", 0],
  ["the end of its time", 1_000],
])("what a read brings after %s is kept for the next, however late that comes", async (_, waitMs) => {
  const runtime = virtualRuntime();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  let answers = 0;
  const polling = new Polling({
    ref: { StreamName: "test_clicks" },
    shard: "shardId-0",
    at: { ShardIteratorType: "TRIM_HORIZON" },
    call: (async (action: string) => {
      if (action === "GetShardIterator") return { ShardIterator: "token" };
      return answers++ === 0 ? promise : { Records: [], NextShardIterator: "next" };
    }) as never,
    pace: { everyMs: 200, idleMs: 1_000 },
    runtime,
    unknown: async (cause) => {
      throw cause;
    },
  });
  const gone = new AbortController();
  const first = polling.read(10, runtime.monotonic() + 5_000, gone.signal);
  await runtime.settle();
  if (waitMs === 0) gone.abort();
  else await runtime.advance(5_001);
  expect(await first).toBeUndefined();
  // Nobody reads now: there is no room for more.
  resolve({ Records: [record(1, "one")], NextShardIterator: "next" });
  await runtime.settle();
  await runtime.advance(10_000);
  const second = polling.read(10, runtime.monotonic() + 5_000, never);
  await runtime.advance(6_000);
  expect((await second)?.records.map(({ SequenceNumber }) => SequenceNumber)).toEqual(["1"]);
});

test("polls keep a shard's quota, and come ever less often while nothing comes", async () => {
  const at = bench("TRIM_HORIZON", { reads: [[record(1, "a")], [record(2, "b")]] });
  await at.next(10, 100);
  await at.next(10, 5_000);
  await at.next(10, 5_000);
  const gaps = at.at.slice(1).map((time, index) => time - at.at[index]!);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(200);
  expect(gaps.at(-1)).toBe(1_000);
});

test("a silent stretch with records behind it is crossed at full pace", async () => {
  const silence = Array.from({ length: 20 }, (_, at) => ({ behind: 1_000 * (20 - at) }));
  const at = bench("TRIM_HORIZON", { reads: [...silence, [record(1, "beyond")]] });
  expect(await at.next(10, 5_000)).toEqual(["beyond"]);
  expect(at.at.at(-1)! - at.at[0]!).toBe(20 * 200);
});

test("a throttled shard is left alone for a second and more; an expired iterator is asked for anew, after the last read", async () => {
  const at = bench("TRIM_HORIZON", {
    reads: [
      [record(1, "a")],
      sdkError("ProvisionedThroughputExceededException"),
      sdkError("ExpiredIteratorException"),
      [record(2, "b")],
    ],
  });
  expect(await at.next(10, 100)).toEqual(["a"]);
  expect(await at.next(10, 10_000)).toEqual(["b"]);
  expect(at.at[2]! - at.at[1]!).toBeGreaterThanOrEqual(1_000);
  expect(at.iterators().at(-1)).toMatchObject({
    ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
    StartingSequenceNumber: "1",
  });
});

test("an iterator near the end of its five minutes is not used", async () => {
  const at = bench("TRIM_HORIZON", { reads: [[record(1, "a")]] });
  expect(await at.next()).toEqual(["a"]);
  await at.runtime.advance("5m");
  await at.next();
  expect(at.iterators()).toHaveLength(2);
});

test("the shard's end comes after its last record, with its children", async () => {
  const at = bench("TRIM_HORIZON", { reads: [{ end: [record(1, "last")] }] });
  expect(at.reader.ended).toBe(false);
  expect(await at.next()).toEqual(["last"]);
  expect(at.reader.ended).toBe(true);
  expect(at.reader.children).toMatchObject([{ ShardId: "shardId-9" }]);
});

test("fan-out: resubscribes from where it ended, keeps an event that came after the wait, and knows the end", async () => {
  const runtime = virtualRuntime();
  const gate = Promise.withResolvers<void>();
  const event = (records: readonly KinesisRecord[], sequence: string | undefined, more = {}) => ({
    SubscribeToShardEvent: { Records: records, ContinuationSequenceNumber: sequence, MillisBehindLatest: 0, ...more },
  });
  const streams = [
    async function* () {
      yield event([record(1, "a")], "1");
      await gate.promise;
      yield event([record(2, "b")], "2");
    },
    async function* () {
      yield event([record(3, "c")], undefined, { ChildShards: [{ ShardId: "shardId-9" }] });
    },
  ];
  const { call, calls } = fakeCall(() => {
    if (calls.length === 1) throw sdkError("ResourceInUseException");
    return { EventStream: streams.shift()!() };
  });
  const reader = new ShardReader({
    shard: "shardId-0",
    from: "TRIM_HORIZON",
    runtime,
    positionLost: () => {},
    open: (from) =>
      new FanOut({
        consumerArn: "arn",
        shard: "shardId-0",
        from,
        subscribe: call,
        runtime,
        unknown: async (cause) => {
          throw cause;
        },
        closed: () => false,
        poll: () => {
          throw new Error("not asked for");
        },
      }),
  });
  const take = async (waitMs: number) => {
    const got = reader.next(10, waitMs, never);
    await runtime.advance(waitMs);
    return (await got).map(({ data }) => Buffer.from(data).toString());
  };
  expect(await take(2_000)).toEqual(["a"]);
  expect(await take(1_000)).toEqual([]);
  gate.resolve();
  expect(await take(1_000)).toEqual(["b"]);
  expect(await take(6_000)).toEqual(["c"]);
  expect(reader.ended).toBe(true);
  expect(calls.map(({ input }) => input.StartingPosition)).toEqual([
    { Type: "TRIM_HORIZON" },
    { Type: "TRIM_HORIZON" },
    { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: "2" },
  ]);
});

test("a read asks for more than is wanted at once, and what waits is not handed out twice, nor taken for the tip", async () => {
  const at = bench("TRIM_HORIZON", { reads: [{ end: [record(1, "one"), record(2, "two"), record(3, "three")] }] });
  expect(await at.next(2)).toEqual(["one", "two"]);
  expect(at.calls.at(-1)!.input.Limit).toBe(1_000);
  expect(at.reader.atTip).toBe(false);
  expect(at.reader.waitingSince).toBe(record(3, "three").ApproximateArrivalTimestamp?.getTime());
  expect(await at.next(2)).toEqual(["three"]);
  expect(at.at).toHaveLength(1);
  expect(at.reader.waitingSince).toBeUndefined();
  expect(at.reader.atTip).toBe(true);
});

describe("a fan-out consumer that is subscribed to elsewhere", () => {
  const event = (sequence: string) => ({
    SubscribeToShardEvent: { Records: [], ContinuationSequenceNumber: sequence, MillisBehindLatest: 0 },
  });

  /** What each SubscribeToShard brings, in turn; the last one from then on. */
  function subscribed(...answers: readonly (Error | ((runtime: VirtualRuntime) => AsyncIterable<object>))[]) {
    const runtime = virtualRuntime();
    const told: (string | undefined)[] = [];
    let turn = 0;
    const { call, calls } = fakeCall(() => {
      const answer = answers[Math.min(turn++, answers.length - 1)]!;
      if (answer instanceof Error) throw answer;
      return { EventStream: answer(runtime) };
    });
    const feed = new FanOut({
      consumerArn: "arn",
      shard: "shardId-0",
      from: "TRIM_HORIZON",
      subscribe: call,
      runtime,
      unknown: async (cause) => {
        throw cause;
      },
      closed: () => false,
      poll: () => {
        throw new Error("not asked for");
      },
      taken: (why) => told.push(why),
    });
    const read = async (ms: number) => {
      const until = runtime.monotonic() + ms;
      const reading = (async () => {
        while (runtime.monotonic() < until) await feed.read(10, until, never);
      })();
      await runtime.advance(ms);
      await reading;
    };
    return { runtime, told, feed, read, calls };
  }

  /** Subscribed for so long, with an event a second. */
  const lasts = (ms: number, end?: Error) =>
    async function* (runtime: VirtualRuntime) {
      for (let at = 0; at < ms; at += 1_000) {
        yield event("1");
        await runtime.sleep(1_000);
      }
      if (end !== undefined) yield { ResourceInUseException: end };
    };
  const inUse = sdkError("ResourceInUseException");

  test("is reported when it refuses for longer than a predecessor's subscription can make it", async () => {
    const at = subscribed(inUse);
    await at.read(5_000);
    expect(at.told).toEqual([]);
    await at.read(3_000);
    expect(at.told).toEqual([expect.stringContaining("refuses")]);
  });

  test("is reported when it pushes this one out, and over when a subscription lasts", async () => {
    const at = subscribed(lasts(10_000, inUse), inUse, lasts(300_000));
    await at.read(9_000);
    expect(at.told).toEqual([]);
    await at.read(3_000);
    expect(at.told).toEqual([expect.stringContaining("taken")]);
    await at.read(60_000);
    expect(at.told.slice(1)).toEqual([undefined]);
  });

  test("is reported when a subscription ends early and the next is refused", async () => {
    const at = subscribed(lasts(7_000), inUse);
    await at.read(9_000);
    expect(at.told).toEqual([expect.stringContaining("taken")]);
  });

  test("is not taken for one that ended after its five minutes, nor for a predecessor of a moment ago", async () => {
    const at = subscribed(inUse, inUse, lasts(300_000), inUse, lasts(300_000));
    await at.read(400_000);
    expect(at.told).toEqual([]);
  });

  test("is no trouble any more once the feed is closed", async () => {
    const at = subscribed(inUse);
    await at.read(8_000);
    at.feed.close();
    expect(at.told).toEqual([expect.any(String), undefined]);
  });
});
