import type { Position } from "@switchyard/core/driver";
import { expect, test } from "vitest";
import { ack, bench, bodies, next, none, now, retry, stream, text } from "./fixtures/bench.ts";
import { controlOf } from "./control.ts";

const from = stream();
const four = stream({ partitions: 4 });
const keyed = (key: string, ...names: string[]) => names.map((name) => text(name, { key }));

test("a checkpoint says that all up to it is done; the next holder goes on after it", async () => {
  const bed = await bench([from]);
  const sent = await bed.send(from, ...keyed("k", "a", "b", "c"));
  const { leases, receiver } = await bed.open(from);
  const lease = await next(leases);
  const got = (await now(lease))!;
  expect(got.map(({ position }) => position)).toEqual(sent.map((one) => ("id" in one ? one.position : one)));
  expect(got[0]!.message.key).toBe("k");
  await ack(lease, got[1]!);
  expect(await bed.connection.depth!(from, none)).toMatchObject([{ ready: 0, held: 1 }]);
  await lease.release("drained", none);
  await receiver.close();
  expect(bodies(await now(await bed.lease(from)))).toEqual(["c"]);
});

test("a log takes nothing back", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...keyed("k", "a"));
  const lease = await bed.lease(from);
  const [record] = (await now(lease))!;
  expect(bed.connection.classify((await retry(lease, record!, 0))!.cause, "settle")).toMatchObject({
    kind: "permanent",
  });
});

test("records of a key stay in one partition, in order; every partition gets some", async () => {
  const bed = await bench([four]);
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
  for (const round of [1, 2]) await bed.send(four, ...keys.map((key) => text(`${key}:${round}`, { key })));
  const { leases } = await bed.open(four);
  const seen = new Map<string, string[]>();
  for (let i = 0; i < 4; i++) {
    const lease = await next(leases);
    const got = bodies(await now(lease, 100)) as string[];
    expect(got.length).toBeGreaterThan(0);
    for (const body of got) {
      const key = body.split(":")[0]!;
      seen.set(key, [...(seen.get(key) ?? []), `${lease.id}/${body.split(":")[1]}`]);
    }
  }
  for (const rounds of seen.values()) {
    expect(rounds.map((round) => round.split("/")[1])).toEqual(["1", "2"]);
    expect(new Set(rounds.map((round) => round.split("/")[0])).size).toBe(1);
  }
  expect(seen.size).toBe(40);
});

test("a waiting receive is woken by an append", async () => {
  const bed = await bench([from]);
  const lease = await bed.lease(from);
  const waiting = lease.receive(10, 20_000, none);
  await bed.runtime.advance(1_000);
  await bed.send(from, ...keyed("k", "a", "b"));
  expect(bodies(await waiting)).toEqual(["a", "b"]);
  const idle = lease.receive(10, 20_000, none);
  await bed.runtime.advance("20s");
  expect(await idle).toEqual([]);
});

test("each group keeps its own position; a new one starts where it says", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...keyed("k", "a", "b"));
  await bed.runtime.advance(1_000);
  const time = bed.runtime.now();
  const [third] = await bed.send(from, ...keyed("k", "c"));
  const at = (third as { position: string }).position;
  const read = async (group: string, start: Position) => {
    const { leases, receiver } = await bed.open(stream({ group }), undefined, start);
    const got = bodies(await now(await next(leases)));
    await receiver.close();
    return got;
  };
  expect(await read("one", "earliest")).toEqual(["a", "b", "c"]);
  expect(await read("two", "latest")).toEqual([]);
  expect(await read("three", { time })).toEqual(["c"]);
  expect(await read("four", { at })).toEqual(["c"]);
  await bed.send(from, ...keyed("k", "d"));
  expect(await read("two", "earliest")).toEqual(["d"]);
});

test("seek takes leases away and reads again from there", async () => {
  const bed = await bench([from]);
  const [first] = await bed.send(from, ...keyed("k", "a", "b", "c"));
  const { leases } = await bed.open(from);
  const lease = await next(leases);
  const got = (await now(lease))!;
  await ack(lease, got[2]!);
  await bed.connection.seek!(from, "earliest", none);
  expect(lease.lost.aborted).toBe(true);
  expect(bed.connection.classify((await ack(lease, got[2]!))[0]!.cause, "settle").kind).toBe("lost");
  expect(await lease.receive(1, 1_000, none)).toBeNull();
  const again = await next(leases);
  expect(again.fencingToken).toBeGreaterThan(lease.fencingToken!);
  expect(bodies(await now(again, 1))).toEqual(["a"]);
  await bed.connection.seek!(from, { at: (first as { position: string }).position }, none);
  expect(bodies(await now(await next(leases)))).toEqual(["a", "b", "c"]);
  await bed.connection.seek!(from, "latest", none);
  expect(await now(await next(leases))).toEqual([]);
});

test("members share the partitions evenly; a joining one is handed its share, which is settled first", async () => {
  const bed = await bench([four]);
  await bed.send(four, ...Array.from({ length: 40 }, (_, i) => text(`${i}`, { key: `key-${i}` })));
  const one = await bed.open(four);
  const held = [await next(one.leases), await next(one.leases), await next(one.leases), await next(one.leases)];
  const waiting = held.map(async (lease) => ({ lease, got: await lease.receive(100, 60_000, none) }));
  const got = new Map((await Promise.all(waiting)).map(({ lease, got }) => [lease, got!]));
  const later = held.map((lease) => lease.receive(1, 60_000, none));
  const two = await bed.open(four);
  const granted = next(two.leases);
  await bed.runtime.settle();
  const asked: typeof held = [];
  for (const [i, lease] of held.entries()) {
    const answer = await Promise.race([later[i]!, bed.runtime.settle().then(() => "waits")]);
    if (answer === null) asked.push(lease);
  }
  expect(asked.length).toBe(2);
  const leaving = asked[0]!;
  await ack(leaving, got.get(leaving)!.at(-1)!);
  await leaving.release("drained", none);
  const taken = await granted;
  expect(taken.id).toBe(leaving.id);
  expect(taken.fencingToken).toBeGreaterThan(leaving.fencingToken!);
  expect(await now(taken)).toEqual([]);
});

test("a holder that does not hand over in 30 seconds loses the lease; its checkpoint is refused", async () => {
  const two = stream({ partitions: 2 });
  const bed = await bench([two]);
  await bed.send(two, ...Array.from({ length: 20 }, (_, i) => text(`${i}`, { key: `key-${i}` })));
  const one = await bed.open(two);
  const held = [await next(one.leases), await next(one.leases)];
  const got = await Promise.all(held.map((lease) => now(lease, 100)));
  const other = await bed.open(two);
  const granted = next(other.leases);
  await bed.runtime.advance("29s");
  expect(held.map((lease) => lease.lost.aborted)).toEqual([false, false]);
  await bed.runtime.advance("1s");
  const zombie = held.findIndex((lease) => lease.lost.aborted);
  const taken = await granted;
  expect(taken.id).toBe(held[zombie]!.id);
  expect(bed.connection.classify((await ack(held[zombie]!, got[zombie]!.at(-1)!))[0]!.cause, "settle").kind).toBe(
    "lost",
  );
  expect((await now(taken, 100))!.length).toBe(got[zombie]!.length);
});

test("holders in a row without progress are counted on the first record; a graceful release is nobody's fault", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...keyed("k", "a", "b"));
  const first = async () => {
    const { leases, receiver } = await bed.open(from);
    const lease = await next(leases);
    return { lease, receiver, got: (await now(lease))! };
  };
  const one = await first();
  expect(one.got.map(({ attempt }) => attempt)).toEqual([1, undefined]);
  await one.lease.release("stopping", none);
  await one.receiver.close();
  const two = await first();
  expect(two.got[0]!.attempt).toBe(1);
  await two.receiver.close();
  const three = await first();
  expect(three.got[0]!.attempt).toBe(2);
  await ack(three.lease, three.got[0]!);
  await three.receiver.close();
  const four = await first();
  expect([bodies(four.got), four.got[0]!.attempt]).toEqual([["b"], 1]);
});

test("aborting leases() keeps what was handed out until it is released, and takes no more", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...keyed("k", "a"));
  const stop = new AbortController();
  const receiver = await bed.connection.receiver(from, { holdMs: 1, prefetch: 1, start: "earliest" }, none);
  const leases = receiver.leases(stop.signal)[Symbol.asyncIterator]();
  const lease = await next(leases);
  const [record] = (await now(lease))!;
  const end = leases.next();
  stop.abort();
  expect((await end).done).toBe(true);
  expect(await ack(lease, record!)).toEqual([undefined]);
  await lease.release("drained", none);
  expect(await now(await bed.lease(from))).toEqual([]);
});

test("split and merge: a child is read only after its parents, to their end", async () => {
  const bed = await bench([from]);
  const control = controlOf(bed.settings)!;
  await bed.send(from, ...keyed("a", "a1"), ...keyed("b", "b1"));
  control.split(from.base, `${from.base}-0`);
  await bed.send(from, ...keyed("a", "a2"), ...keyed("b", "b2"));
  control.merge(from.base, `${from.base}-1`, `${from.base}-2`);
  await bed.send(from, ...keyed("a", "a3"), ...keyed("b", "b3"));
  const { leases } = await bed.open(from);
  const order: string[] = [];
  const seen: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    const lease = await next(leases);
    order.push(lease.id.slice(-1));
    for (let got = await now(lease); got !== null && got.length > 0; got = await now(lease)) {
      seen.push(...bodies(got));
      await ack(lease, got.at(-1)!);
    }
    if (i < 3) expect(await now(lease)).toBeNull();
    await lease.release("drained", none);
  }
  expect([order[0], order.slice(1, 3).sort(), order[3]]).toEqual(["0", ["1", "2"], "3"]);
  for (const key of ["a", "b"])
    expect(seen.filter((body) => String(body)[0] === key)).toEqual([1, 2, 3].map((n) => key + n));
});

test("a parent given up before its end is read on before its children, by whoever gets it", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...keyed("a", "a1", "a2"));
  controlOf(bed.settings)!.reshard(from.base, 2);
  await bed.send(from, ...keyed("a", "a3"));
  const one = await bed.open(from);
  const lease = await next(one.leases);
  const got = (await now(lease))!;
  expect(await now(lease)).toBeNull();
  await ack(lease, got[0]!);
  await one.receiver.close();
  const two = await bed.open(from);
  const again = await next(two.leases);
  expect([again.id, bodies(await now(again))]).toEqual([lease.id, ["a2"]]);
});

test("more or fewer partitions are a planned update", async () => {
  const bed = await bench([from]);
  const plan = await bed.topology.plan([stream({ partitions: 3 })], none);
  expect(plan.changes).toMatchObject([{ action: "update", resource: "stream" }]);
  await bed.topology.apply(plan, none);
  expect((await bed.topology.plan([stream({ partitions: 3 })], none)).changes).toEqual([]);
});

test("a position past retention is reported, and reading goes on with what is kept", async () => {
  const bed = await bench([from], { retention: "60s" });
  await bed.send(from, ...keyed("k", "a", "b"));
  const lease = await bed.lease(from);
  await bed.runtime.advance("30s");
  await bed.send(from, ...keyed("k", "c"));
  await bed.runtime.advance("30s");
  expect(bodies(await now(lease))).toEqual(["c"]);
  expect(bed.events).toMatchObject([{ type: "up" }, { type: "position-lost", id: lease.id }]);
  expect(String(bed.events[1]!.cause)).toContain("2 records");
});

test("purge removes what is there for every group, and goes on with what comes", async () => {
  const bed = await bench([from]);
  await bed.send(from, ...keyed("k", "a"));
  const { leases } = await bed.open(from);
  const lease = await next(leases);
  await bed.connection.purge!(from, none);
  expect(await now(lease)).toEqual([]);
  await bed.send(from, ...keyed("k", "b"));
  expect(bodies(await now(lease))).toEqual(["b"]);
  expect(bed.events.map(({ type }) => type)).toEqual(["up"]);
});
