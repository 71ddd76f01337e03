import { expect, test } from "vitest";
import { ack, bench, bodies, none, now, queue, release, retry, text } from "../fixtures/bench.ts";

const from = queue();
const ordered = queue({ ordered: true });
const fault = (outcome: unknown) => (outcome as { cause: { fault: { code: string; kind: string } } }).cause.fault;

test("a hold keeps the message from others, and its end brings it back with the attempt counted", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"));
  const lease = await bed.lease(from, 30_000);
  const [first] = (await now(lease))!;
  expect(first).toMatchObject({ attempt: 1, deadline: bed.runtime.monotonic() + 30_000 });
  await bed.runtime.advance(29_999);
  expect(await now(lease)).toEqual([]);
  await bed.runtime.advance(1);
  const [second] = (await now(lease))!;
  expect(second).toMatchObject({ attempt: 2, message: { body: "a" } });
  expect(fault((await ack(lease, first!))[0])).toMatchObject({ kind: "lost" });
  expect(await ack(lease, second!)).toEqual([undefined]);
  expect(fault((await ack(lease, second!))[0])).toMatchObject({ kind: "lost" });
});

test("an extension counts from the call; an ack at the deadline is late", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"));
  const lease = await bed.lease(from, 30_000);
  const [held] = (await now(lease))!;
  await bed.runtime.advance(20_000);
  expect(await lease.extend!([held!.receipt], 30_000, none)).toEqual([undefined]);
  await bed.runtime.advance(30_000);
  expect(fault((await ack(lease, held!))[0]).kind).toBe("lost");
  expect(fault((await lease.extend!([held!.receipt], 1, none))[0]).kind).toBe("lost");
});

test("a waiting receive is woken by a publish, by the end of a hold and by the end of a delay, each at its time", async () => {
  const bed = await bench([from]);
  const lease = await bed.lease(from, 5_000);
  const seen: [string, number][] = [];
  const listen = async () => {
    for (;;) {
      const got = await lease.receive(1, 20_000, none);
      for (const { message, attempt } of got ?? []) seen.push([`${message.body}${attempt}`, bed.runtime.elapsed]);
      if (seen.length === 3) return;
    }
  };
  const listening = listen();
  await bed.runtime.advance(1_000);
  await bed.send(from, text("a"), text("b", { delayMs: 2_000 }));
  await bed.runtime.advance("10s");
  await listening;
  expect(seen).toEqual([
    ["a1", 1_000],
    ["b1", 3_000],
    ["a2", 6_000],
  ]);
});

test("a receive that waits ends empty at its time, and at once on abort", async () => {
  const bed = await bench([from]);
  const lease = await bed.lease(from);
  const waited = lease.receive(1, 20_000, none);
  await bed.runtime.advance("20s");
  expect(await waited).toEqual([]);
  const stop = new AbortController();
  const aborted = lease.receive(1, 20_000, stop.signal);
  stop.abort();
  expect(await aborted).toEqual([]);
  expect(bed.runtime.pending).toBe(0);
});

test("a receive that follows one that was answered has its own time", async () => {
  const bed = await bench([from]);
  const lease = await bed.lease(from, 600_000);
  const stop = new AbortController();
  const ended: [string, number][] = [];
  const listen = async (name: string) => {
    const got = await lease.receive(1, 20_000, stop.signal);
    ended.push([name + String(got?.length), bed.runtime.elapsed]);
  };
  const first = listen("first ");
  await bed.runtime.advance(10_000);
  await bed.send(from, text("a"));
  await first;
  void listen("second ");
  await bed.runtime.advance(5_000);
  void listen("third ");
  await bed.runtime.advance(60_000);
  expect(ended).toEqual([
    ["first 1", 10_000],
    ["second 0", 30_000],
    ["third 0", 35_000],
  ]);
  const last = listen("last ");
  stop.abort();
  await last;
  expect(ended.at(-1)).toEqual(["last 0", 75_000]);
});

test("a retry is never early, and the next attempt is one above the one that failed", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"));
  const lease = await bed.lease(from);
  const [first] = (await now(lease))!;
  await retry(lease, first!, 5_000, 3);
  await bed.runtime.advance(4_999);
  expect(await now(lease)).toEqual([]);
  await bed.runtime.advance(1);
  expect((await now(lease))![0]).toMatchObject({ attempt: 4 });
});

test("a message that is given back unread after a wait has used up no attempt", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"));
  const lease = await bed.lease(from);
  const [first] = (await now(lease))!;
  await retry(lease, first!, 1_000, 0);
  await bed.runtime.advance(1_000);
  expect((await now(lease))![0]).toMatchObject({ attempt: 1 });
});

test("a release brings the message back at once and costs no attempt", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"), text("b"));
  const lease = await bed.lease(from);
  const held = (await now(lease))!;
  await release(lease, ...held);
  const again = (await now(lease))!;
  expect(new Set(bodies(again))).toEqual(new Set(["a", "b"]));
  expect(again.map((delivery) => delivery.attempt)).toEqual([1, 1]);
});

test("after the broker's own limit a message goes to the dead letters, a release not counted", async () => {
  const dead = queue({ name: "test_orders_billing_dead", dead: true });
  const to = queue({ deadLetter: dead, nativeAttempts: 2 });
  const bed = await bench([to]);
  await bed.send(to, text("poison"));
  const lease = await bed.lease(to, 1_000);
  await release(lease, ...(await now(lease))!);
  await now(lease);
  await bed.runtime.advance(1_000);
  const [second] = (await now(lease))!;
  expect(second).toMatchObject({ attempt: 2 });
  await retry(lease, second!, 0);
  expect(await now(lease)).toEqual([]);
  expect(bodies(await now(await bed.lease(dead)))).toEqual(["poison"]);
});

test("one message of a key is out at a time, in order, also after a retry; other keys go on", async () => {
  const bed = await bench([ordered]);
  await bed.send(ordered, text("a1", { key: "a" }), text("a2", { key: "a" }), text("b1", { key: "b" }), text("x"));
  const lease = await bed.lease(ordered);
  const held = (await now(lease))!;
  expect(bodies(held)).toEqual(["a1", "b1", "x"]);
  expect(held[0]!.message.key).toBe("a");
  expect(await now(lease)).toEqual([]);
  await retry(lease, held[0]!, 5_000);
  await bed.send(ordered, text("b2", { key: "b" }));
  await ack(lease, held[1]!);
  const b2 = (await now(lease))!;
  expect(bodies(b2)).toEqual(["b2"]);
  await bed.runtime.advance(5_000);
  const again = (await now(lease))!;
  expect(bodies(again)).toEqual(["a1"]);
  await ack(lease, again[0]!);
  expect(bodies(await now(lease))).toEqual(["a2"]);
});

test("a key waits for the hold of its message, and for a delayed one accepted before", async () => {
  const bed = await bench([ordered]);
  await bed.send(ordered, text("a1", { key: "a" }), text("a2", { key: "a" }));
  const lease = await bed.lease(ordered, 1_000);
  await now(lease);
  await bed.runtime.advance(1_000);
  const again = (await now(lease))!;
  expect(bodies(again)).toEqual(["a1"]);
  await release(lease, ...again);
  expect(bodies(await now(lease))).toEqual(["a1"]);
  await bed.send(ordered, text("c1", { key: "c", delayMs: 3_000 }), text("c2", { key: "c" }));
  expect(await now(lease)).toEqual([]);
  await bed.runtime.advance(3_000);
  expect(bodies(await now(lease))).toContain("c1");
});

test("tenants take turns however much one of them has waiting", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...Array.from({ length: 100 }, (_, i) => text(`noisy${i}`, { fairness: "noisy" })));
  await bed.send(from, text("quiet1", { fairness: "quiet" }), text("quiet2", { fairness: "quiet" }));
  const lease = await bed.lease(from);
  expect(bodies(await now(lease, 4))).toEqual(["noisy0", "quiet1", "noisy1", "quiet2"]);
});

test("members that wait share what comes", async () => {
  const bed = await bench([from]);
  const leases = await Promise.all([bed.lease(from), bed.lease(from)]);
  const waiting = leases.map((lease) => lease.receive(10, 1_000, none));
  await bed.send(from, text("a"), text("b"), text("c"), text("d"));
  expect((await Promise.all(waiting)).map((got) => got!.length)).toEqual([2, 2]);
});

test("retention ends ready, delayed and held messages, and frees their key", async () => {
  const bed = await bench([ordered], { retention: "60s" });
  await bed.send(ordered, text("a1", { key: "a" }), text("b1", { key: "b", delayMs: 59_000 }));
  const lease = await bed.lease(ordered, 3_600_000);
  const [held] = (await now(lease))!;
  await bed.runtime.advance("30s");
  await bed.send(ordered, text("a2", { key: "a" }));
  await bed.runtime.advance("30s");
  expect(bodies(await now(lease))).toEqual(["a2"]);
  expect(fault((await ack(lease, held!))[0]).kind).toBe("lost");
  expect(await bed.connection.depth!(ordered, none)).toMatchObject([{ ready: 0, delayed: 0, held: 1 }]);
});

test("depth is exact, and purge removes held messages too", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"), text("b"), text("c"), text("d", { delayMs: 60_000 }));
  const lease = await bed.lease(from);
  const [held] = (await now(lease, 1))!;
  await bed.runtime.advance(5_000);
  const depth = () => bed.connection.depth!(from, none);
  expect(await depth()).toEqual([{ lease: from.name, ready: 2, delayed: 1, held: 1, oldestMs: 5_000 }]);
  await bed.connection.purge!(from, none);
  expect(await depth()).toEqual([{ lease: from.name, ready: 0, delayed: 0, held: 0 }]);
  expect(fault((await ack(lease, held!))[0]).kind).toBe("lost");
  await bed.runtime.advance(60_000);
  expect(await now(lease)).toEqual([]);
  await bed.send(from, text("e"));
  expect(bodies(await now(lease))).toEqual(["e"]);
});

test("bytes and headers arrive as sent; the key of an unordered queue does not", async () => {
  const bed = await bench([from]);
  const body = new Uint8Array([0, 255, 128]);
  const headers = { a: "\u0000\ud800", __proto__x: "y" };
  await bed.send(from, { body, headers, type: "t", key: "k", dedup: "d", delayMs: 0 });
  body[0] = 9;
  const [got] = (await now(await bed.lease(from)))!;
  expect(got!.message).toEqual({ body: new Uint8Array([0, 255, 128]), headers, type: "t" });
});

test("a second send within the configured window is swallowed", async () => {
  const bed = await bench([from], { dedup: "1m" });
  const [first] = await bed.send(from, text("a", { dedup: "1:0" }));
  const [again] = await bed.send(from, text("a", { dedup: "1:0" }));
  expect(again).toEqual(first);
  await bed.runtime.advance("1m");
  await bed.send(from, text("a", { dedup: "1:0" }));
  expect(bodies(await now(await bed.lease(from)))).toEqual(["a", "a"]);
});

test("what is declared is enforced: size, delay, headers, batch", async () => {
  const bed = await bench([from], { maxMessageBytes: 2_048 });
  const sender = await bed.connection.sender(from, none);
  const sent = await sender.send(
    [
      text("x".repeat(2_048)),
      text("x".repeat(2_049)),
      text("a", { delayMs: sender.capabilities.delayedPublishMs + 1 }),
      { body: "a", headers: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`h${i}`, "v"])) },
    ],
    none,
  );
  expect(sent.map((one) => (one.cause === undefined ? "ok" : fault(one).code))).toEqual([
    "ok",
    "too-large",
    "delay-too-long",
    "too-many-headers",
  ]);
  await expect(
    sender.send(
      Array.from({ length: 1_001 }, () => text("a")),
      none,
    ),
  ).rejects.toThrow("too-many-in-batch");
});

test("a deep backlog is neither lost nor doubled, whatever becomes of it", async () => {
  const bed = await bench([from]);
  const sender = await bed.connection.sender(from, none);
  const batch = Array.from({ length: 1_000 }, (_, i) => text(`${i}`));
  for (let i = 0; i < 100; i++) await sender.send(batch, none);
  const lease = await bed.lease(from, 1_000);
  const seen = new Set<string>();
  for (let got = await now(lease, 1_000); got!.length > 0; got = await now(lease, 1_000)) {
    for (const { id } of got!) seen.add(id);
    await ack(lease, ...got!.slice(0, 500));
  }
  expect(seen.size).toBe(100_000);
  expect(await bed.connection.depth!(from, none)).toMatchObject([{ ready: 0, held: 50_000 }]);
  await bed.runtime.advance(1_000);
  expect(await bed.connection.depth!(from, none)).toMatchObject([{ ready: 50_000, held: 0 }]);
});
