import { expect, test } from "vitest";
import { adapter } from "./adapter.ts";
import {
  ack,
  bench,
  bodies,
  destination,
  next,
  none,
  now,
  queue,
  release,
  retry,
  stream,
  text,
} from "./fixtures/bench.ts";

const plain = queue();
const fifo = queue({ ordered: true });
const sqs = { profile: "sqs" } as const;
const codes = (results: readonly ({ cause?: unknown } | undefined)[]) =>
  results.map((one) => (one?.cause as { fault: { code: string } } | undefined)?.fault.code ?? "ok");

test("sqs: ten a receive and a batch, no bytes, no characters SQS refuses, nine headers beside the type, 15 minutes' delay", async () => {
  const bed = await bench([plain], sqs);
  const sender = await bed.connection.sender(plain, none);
  const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, "v"]));
  const sent = await sender.send(
    [
      text("a\t\n\r\ufffd\u{10000}"),
      text("nul \u0000"),
      text("lone \ud800"),
      text("last \uffff"),
      { body: new Uint8Array(3), headers: {} },
      { body: "a", headers: headers(9), type: "t" },
      { body: "a", headers: headers(10), type: "t" },
      { body: "a", headers: { bad: "\u0001" } },
      text("a", { delayMs: 900_000 }),
      text("a", { delayMs: 900_001 }),
    ],
    none,
  );
  expect(codes(sent)).toEqual([
    "ok",
    "invalid-characters",
    "invalid-characters",
    "invalid-characters",
    "binary-body",
    "ok",
    "too-many-headers",
    "invalid-characters",
    "ok",
    "delay-too-long",
  ]);
  await expect(
    sender.send(
      Array.from({ length: 11 }, () => text("a")),
      none,
    ),
  ).rejects.toThrow("too-many-in-batch");
  await sender.send(
    Array.from({ length: 10 }, () => text("a")),
    none,
  );
  expect((await now(await bed.lease(plain), 50))!.length).toBe(10);
  const big = text("x".repeat(600_000));
  await expect(sender.send([big, big], none)).rejects.toThrow("batch-too-large");
});

test("sqs: the receive count rises on give-back; a hold ends 12 hours after its receive at the latest", async () => {
  const bed = await bench([plain], sqs);
  await bed.send(plain, text("a"));
  const lease = await bed.lease(plain, 30_000);
  const [first] = (await now(lease))!;
  await release(lease, first!);
  const [second] = (await now(lease))!;
  expect(second).toMatchObject({ attempt: 2, lastDeadline: bed.runtime.monotonic() + 12 * 3_600_000 });
  await bed.runtime.advance("10s");
  expect(codes(await lease.extend!([second!.receipt], 12 * 3_600_000, none))).toEqual(["hold-too-long"]);
  expect(codes([await retry(lease, second!, 12 * 3_600_000)])).toEqual(["hold-too-long"]);
  expect(codes([await retry(lease, second!, 12 * 3_600_000 - 10_000)])).toEqual(["ok"]);
});

test("sqs: an ack after the hold says yes, and deletes only what nobody received since", async () => {
  const bed = await bench([plain], sqs);
  await bed.send(plain, text("a"));
  const lease = await bed.lease(plain, 1_000);
  const [first] = (await now(lease))!;
  await bed.runtime.advance(1_000);
  const [second] = (await now(lease))!;
  expect(await ack(lease, first!)).toEqual([undefined]);
  expect(await bed.connection.depth!(plain, none)).toMatchObject([{ held: 1 }]);
  await bed.runtime.advance(1_000);
  expect(await ack(lease, second!)).toEqual([undefined]);
  expect(await bed.connection.depth!(plain, none)).toMatchObject([{ ready: 0, held: 0 }]);
});

test("sqs: who gives back or extends after the hold is told that it is lost", async () => {
  const bed = await bench([plain], sqs);
  await bed.send(plain, text("a"));
  const lease = await bed.lease(plain, 1_000);
  const [first] = (await now(lease))!;
  await bed.runtime.advance(1_000);
  expect(codes(await release(lease, first!))).toEqual(["hold-lost"]);
  expect(codes(await lease.extend!([first!.receipt], 1_000, none))).toEqual(["hold-lost"]);
  expect((await now(lease))!.length).toBe(1);
  expect(codes(await release(lease, first!))).toEqual(["hold-lost"]);
});

test("a hold of SQS outlives its receiver, and one of RabbitMQ does not", async () => {
  const settled = async (profile: "sqs" | "rabbitmq-queue") => {
    const bed = await bench([plain], { profile });
    await bed.send(plain, text("a"));
    const { receiver, leases } = await bed.open(plain);
    const lease = await next(leases);
    const [held] = (await now(lease))!;
    await receiver.close();
    return [...codes(await ack(lease, held!)), bodies(await now(await bed.lease(plain)))];
  };
  expect(await settled("sqs")).toEqual(["ok", []]);
  expect(await settled("rabbitmq-queue")).toEqual(["hold-lost", ["a"]]);
});

test("sqs: some messages come twice, the same ones for the same seed", async () => {
  const run = async () => {
    const bed = await bench([plain], { ...sqs, duplicates: 0.2 });
    for (let i = 0; i < 20; i++) await bed.send(plain, ...Array.from({ length: 5 }, (_, k) => text(`${i * 5 + k}`)));
    const lease = await bed.lease(plain);
    const seen: unknown[] = [];
    for (let got = await now(lease); got!.length > 0; got = await now(lease)) seen.push(...bodies(got));
    return seen;
  };
  const seen = await run();
  expect(new Set(seen).size).toBe(100);
  expect(seen.length).toBeGreaterThan(105);
  expect(await run()).toEqual(seen);
});

test("sqs-fifo: one receive gives several of a group, then none until all of them are settled", async () => {
  const bed = await bench([fifo], sqs);
  await bed.send(fifo, ...["a1", "a2", "a3", "b1"].map((body) => text(body, { key: body[0]! })));
  const lease = await bed.lease(fifo);
  const held = (await now(lease, 3))!;
  expect(bodies(held)).toEqual(["a1", "a2", "a3"]);
  await bed.send(fifo, text("a4", { key: "a" }));
  expect(bodies(await now(lease))).toEqual(["b1"]);
  await ack(lease, held[0]!);
  await release(lease, held[2]!);
  expect(await now(lease)).toEqual([]);
  await release(lease, held[1]!);
  const again = (await now(lease))!;
  expect(bodies(again)).toEqual(["a2", "a3", "a4"]);
  expect(again.map(({ attempt }) => attempt)).toEqual([2, 2, 1]);
});

test("sqs-fifo: a delayed retry keeps its group back, as a message in flight does", async () => {
  const bed = await bench([fifo], sqs);
  await bed.send(fifo, text("a1", { key: "a" }), text("a2", { key: "a" }));
  const lease = await bed.lease(fifo);
  const [first, second] = (await now(lease))!;
  await release(lease, first!);
  await retry(lease, second!, 5_000);
  await bed.runtime.advance(4_999);
  expect(await now(lease)).toEqual([]);
  await bed.runtime.advance(1);
  expect(bodies(await now(lease))).toEqual(["a1", "a2"]);
});

test("sqs-fifo: deduplicates for five minutes, delays nothing, and refuses a late ack", async () => {
  const bed = await bench([fifo], sqs);
  await bed.send(fifo, text("a", { dedup: "1:0" }));
  await bed.runtime.advance(299_999);
  await bed.send(fifo, text("a", { dedup: "1:0" }), text("copy", { dedup: "1:1" }));
  await bed.runtime.advance(1);
  await bed.send(fifo, text("again", { dedup: "1:0" }));
  const lease = await bed.lease(fifo, 1_000);
  const held = (await now(lease))!;
  expect(bodies(held)).toEqual(["a", "copy", "again"]);
  expect(codes(await bed.send(fifo, text("b", { delayMs: 1 })))).toEqual(["delay-too-long"]);
  await bed.runtime.advance(1_000);
  expect(codes(await ack(lease, held[0]!))).toEqual(["hold-lost"]);
});

test("sns: a FIFO topic deduplicates for all its groups, and delays nothing", async () => {
  const group = destination({ model: "pubsub", group: "billing", ordered: true });
  const topic = destination({ model: "pubsub", ordered: true });
  const bed = await bench([topic, group], { profile: "sns" });
  await bed.send(topic, text("a", { dedup: "1:0" }));
  await bed.send(topic, text("copy", { dedup: "1:0" }));
  expect(codes(await bed.send(topic, text("b", { delayMs: 1 })))).toEqual(["delay-too-long"]);
  expect(bodies(await now(await bed.lease(group)))).toEqual(["a"]);
});

test("kinesis: records have no headers, a key of at most 256 characters, which counts, and cannot be purged", async () => {
  const log = stream();
  const bed = await bench([log], { profile: "kinesis", maxMessageBytes: 1_024 });
  const sent = await bed.send(
    log,
    text("a", { headers: { ce: "{}" } }),
    text("a", { key: "k".repeat(257) }),
    text("a", { key: "\ud800" }),
    text("x".repeat(1_014)),
    text("x".repeat(1_015)),
    text("x".repeat(1_014), { key: "k".repeat(11) }),
  );
  expect(codes(sent)).toEqual(["too-many-headers", "bad-key", "bad-key", "ok", "too-large", "too-large"]);
  await expect(bed.connection.purge!(log, none)).rejects.toThrow("cannot-purge");
});

test("rabbitmq: a hold lasts as long as its lease, half an hour at most, and what comes back has not failed", async () => {
  const bed = await bench([plain], { profile: "rabbitmq-queue" });
  await bed.send(plain, text("a"));
  const lease = await bed.lease(plain, 1_000);
  expect(lease.extend).toBeUndefined();
  expect(await now(lease)).toMatchObject([{ attempt: 1 }]);
  await bed.runtime.advance(1_799_999);
  const other = await bed.lease(plain);
  expect(await now(other)).toEqual([]);
  await bed.runtime.advance(1);
  expect(await now(other)).toMatchObject([{ attempt: 1 }]);
  await other.release("stopping", none);
  const [again] = (await now(lease))!;
  expect(again).toMatchObject({ attempt: 1 });
  await retry(lease, again!, 0);
  expect(await now(lease)).toMatchObject([{ attempt: 2 }]);
});

test.each([false, true])("rabbitmq: the broker counts returns up to its limit (ordered: %s)", async (ordered) => {
  const dead = queue({ name: "test_orders_dead", dead: true, ordered });
  const limited = queue({ ordered, deadLetter: dead, nativeAttempts: 3 });
  const bed = await bench([limited], { profile: "rabbitmq-queue" });
  await bed.send(limited, text("a", { key: "a" }));
  for (const _ of [1, 2, 3]) {
    const lease = await bed.lease(limited);
    const [held] = (await now(lease))!;
    if (ordered) await retry(lease, held!, 0);
    else await lease.release("stopping", none);
  }
  expect(await now(await bed.lease(limited))).toEqual([]);
  expect(bodies(await now(await bed.lease(dead)))).toEqual(["a"]);
});

test("rabbitmq: a failure leaves a copy, whose returns are counted anew", async () => {
  const dead = queue({ name: "test_orders_dead", dead: true });
  const limited = queue({ deadLetter: dead, nativeAttempts: 2 });
  const bed = await bench([limited], { profile: "rabbitmq-queue" });
  await bed.send(limited, text("a"));
  for (const _ of [1, 2, 3]) {
    const lease = await bed.lease(limited);
    await retry(lease, (await now(lease))![0]!, 0);
    const returned = await bed.lease(limited);
    await now(returned);
    await returned.release("stopping", none);
  }
  expect(await now(await bed.lease(limited))).toMatchObject([{ attempt: 4 }]);
});

test("rabbitmq: what is held outlives the retention, and goes when it is returned; a retry's copy is kept anew", async () => {
  const bed = await bench([plain], { profile: "rabbitmq-queue", retention: "10s" });
  await bed.send(plain, ...["acked", "released", "retried"].map((body) => text(body)));
  const lease = await bed.lease(plain);
  const [acked, released, retried] = (await now(lease))!;
  await bed.send(plain, text("waiting"));
  await bed.runtime.advance(10_000);
  expect(codes([...(await ack(lease, acked!)), ...(await release(lease, released!))])).toEqual(["ok", "ok"]);
  expect(await retry(lease, retried!, 0)).toBeUndefined();
  expect(await bed.connection.depth!(plain, none)).toMatchObject([{ ready: 1, held: 0 }]);
  expect(bodies(await now(lease))).toEqual(["retried"]);
});

test("rabbitmq: what expires becomes a dead letter", async () => {
  const dead = queue({ name: "test_orders_dead", dead: true });
  const of = queue({ deadLetter: dead, nativeAttempts: 3, retentionMs: 10_000 });
  const bed = await bench([of], { profile: "rabbitmq-queue" });
  await bed.send(of, text("a"), text("b"));
  const lease = await bed.lease(of);
  const [a] = (await now(lease, 1))!;
  await bed.runtime.advance(10_000);
  expect(await bed.connection.depth!(of, none)).toMatchObject([{ ready: 0, held: 1 }]);
  await release(lease, a!);
  expect(await now(lease)).toEqual([]);
  expect(bodies(await now(await bed.lease(dead)))).toEqual(["b", "a"]);
});

test("rabbitmq: of a partition nothing comes while a returned message waits for those that are held", async () => {
  const of = queue({ ordered: true, partitions: 1 });
  const bed = await bench([of], { profile: "rabbitmq-queue" });
  await bed.send(of, ...["a", "b", "c"].map((body) => text(body, { key: body })));
  const lease = await bed.lease(of);
  const [a, b] = (await now(lease, 2))!;
  await release(lease, a!);
  expect(bodies(await now(lease))).toEqual([]);
  await ack(lease, b!);
  expect(bodies(await now(lease))).toEqual(["a", "c"]);
});

test("a profile has the models of its broker only, and its names", () => {
  const options = {
    broker: undefined,
    profile: "sqs",
    retentionMs: 1,
    dedupMs: 0,
    duplicates: 0,
    maxMessageBytes: 1,
  } as const;
  expect(adapter.capabilities(destination({ model: "pubsub" }), options)).toBeUndefined();
  expect(adapter.capabilities(destination({ model: "stream" }), options)).toBeUndefined();
  expect(adapter.capabilities(plain, options)).toMatchObject({ ordering: "none", publishDedupMs: 0 });
  expect(adapter.capabilities(fifo, options)).toMatchObject({ ordering: "key", delayedPublishMs: 0 });
  expect(adapter.capabilities(plain, { ...options, profile: "sqs-fifo" })).toMatchObject({ ordering: "key" });
  expect(adapter.locate({ ...fifo, name: "x".repeat(76) }, options).problem).toMatch(/at most 80/);
  expect(adapter.locate({ ...plain, name: "x".repeat(76) }, options).problem).toBeUndefined();
});

test("rabbitmq: of messages that expire while somebody waits for dead letters, each becomes one", async () => {
  const dead = queue({ name: "test_orders_dead", dead: true });
  const of = queue({ deadLetter: dead, nativeAttempts: 3, retentionMs: 10_000 });
  const bed = await bench([of], { profile: "rabbitmq-queue" });
  await bed.send(of, ...["a", "b", "c"].map((body) => text(body)));
  const waiting = (await bed.lease(dead)).receive(100, 60_000, none);
  await bed.runtime.advance(10_000);
  expect(await bed.connection.depth!(of, none)).toMatchObject([{ ready: 0, held: 0 }]);
  const came = [...bodies(await waiting), ...bodies(await now(await bed.lease(dead)))];
  expect(came).toEqual(["a", "b", "c"]);
});

test("sqs: of many holds that end while somebody waits for dead letters, each message becomes one", async () => {
  const dead = queue({ name: "test_orders_dead", dead: true });
  const of = queue({ deadLetter: dead, nativeAttempts: 1 });
  const bed = await bench([of], sqs);
  const count = 4_000;
  for (let sent = 0; sent < count; sent += 10) await bed.send(of, ...Array.from({ length: 10 }, () => text("a")));
  const lease = await bed.lease(of, 1_000);
  for (let held = 0; held < count; held += 10) await now(lease);
  const waiting = (await bed.lease(dead)).receive(10, 20_000, none);
  await bed.runtime.advance(1_000);
  expect(await bed.connection.depth!(of, none)).toMatchObject([{ ready: 0, held: 0 }]);
  const got = (await waiting)!.length;
  expect(await bed.connection.depth!(dead, none)).toMatchObject([{ ready: count - got, held: got }]);
});
