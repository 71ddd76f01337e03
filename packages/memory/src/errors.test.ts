import { expect, test } from "vitest";
import { controlOf } from "./control.ts";
import { ack, bench, bodies, next, none, now, queue, stream, text } from "./fixtures/bench.ts";

const from = queue();
const kindOf = (bed: Awaited<ReturnType<typeof bench>>, cause: unknown) =>
  bed.connection.classify(cause, "receive").kind;

test("a cut connection gives holds back, aborts the lease, ends receives and senders; opening again works", async () => {
  const bed = await bench([from]);
  const sender = await bed.connection.sender(from, none);
  await sender.send([text("a")], none);
  const { leases } = await bed.open(from);
  const lease = await next(leases);
  const [held] = (await now(lease))!;
  const ended = leases.next();
  const waiting = lease.receive(1, 60_000, none);
  controlOf(bed.settings)!.faults.dropConnection();
  await expect(waiting).rejects.toThrow("connection-lost");
  await expect(ended).rejects.toThrow("connection-lost");
  await expect(sender.send([text("b")], none)).rejects.toThrow("connection-lost");
  expect(lease.lost.aborted).toBe(true);
  expect(kindOf(bed, (await ack(lease, held!))[0]!.cause)).toBe("lost");
  expect(bed.events.map(({ type }) => type)).toEqual(["up", "down", "up"]);
  expect((await now(await bed.lease(from)))![0]).toMatchObject({ attempt: 2 });
});

test("a cut connection takes a stream's leases; others get them", async () => {
  const log = stream();
  const bed = await bench([log]);
  const { leases } = await bed.open(log);
  const lease = await next(leases);
  const ended = leases.next();
  controlOf(bed.settings)!.faults.dropConnection();
  await expect(ended).rejects.toThrow("connection-lost");
  expect(lease.lost.aborted).toBe(true);
  expect((await bed.lease(log)).fencingToken).toBeGreaterThan(1);
});

test("an ambiguous publish may or may not be stored", async () => {
  const bed = await bench([from]);
  const { faults } = controlOf(bed.settings)!;
  faults.ambiguousPublish(1);
  const cause = await bed.send(from, text("stored")).catch((error: unknown) => error);
  expect(bed.connection.classify(cause, "send").kind).toBe("ambiguous");
  faults.ambiguousPublish(1, { stored: false });
  await expect(bed.send(from, text("gone"))).rejects.toThrow("no-answer");
  await bed.send(from, text("after"));
  expect(bodies(await now(await bed.lease(from)))).toEqual(["stored", "after"]);
});

test("refused messages are refused each by itself; receives fail; messages come twice; clear forgets the rest", async () => {
  const bed = await bench([from]);
  const { faults } = controlOf(bed.settings)!;
  faults.failPublish(1, "throttled");
  const [refused, stored] = await bed.send(from, text("a"), text("b"));
  expect([kindOf(bed, refused!.cause), stored!.cause]).toEqual(["throttled", undefined]);
  faults.duplicate(1);
  await bed.send(from, text("c"), text("d"));
  const lease = await bed.lease(from);
  faults.failReceive(1, "auth");
  expect(kindOf(bed, await now(lease).catch((error: unknown) => error))).toBe("auth");
  expect(bodies(await now(lease))).toEqual(["b", "c", "c", "d"]);
  faults.failReceive(5);
  faults.clear();
  expect(await now(lease)).toEqual([]);
});

test("a lost ack brings the message again when its hold ends, whatever the caller was told", async () => {
  const bed = await bench([from]);
  const { faults } = controlOf(bed.settings)!;
  await bed.send(from, text("a"), text("b"));
  const lease = await bed.lease(from, 1_000);
  const held = (await now(lease))!;
  faults.loseAcks(1);
  faults.loseAcks(1, { reply: "ok" });
  const outcomes = await ack(lease, ...held);
  expect([kindOf(bed, outcomes[0]!.cause), outcomes[1]]).toEqual(["retryable", undefined]);
  await bed.runtime.advance(1_000);
  expect((await now(lease))!.map(({ attempt }) => attempt)).toEqual([2, 2]);
});

test("closing ends a waiting receive and everything after it, and what was held comes back when its hold ends", async () => {
  const bed = await bench([from]);
  await bed.send(from, text("a"));
  const { leases, receiver } = await bed.open(from, 5_000);
  const lease = await next(leases);
  await now(lease);
  const end = leases.next();
  const waiting = lease.receive(1, 60_000, none);
  await receiver.close();
  await receiver.close();
  await expect(waiting).rejects.toThrow("closed");
  expect((await end).done).toBe(true);
  const other = await bed.lease(from);
  expect(await now(other)).toEqual([]);
  await bed.runtime.advance(5_000);
  expect(bodies(await now(other))).toEqual(["a"]);
  await bed.connection.close();
  await bed.connection.close();
  expect(kindOf(bed, await bed.open(from).catch((error: unknown) => error))).toBe("closed");
});
