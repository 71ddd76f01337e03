/** Attempts, delays, priority and stale tags on RabbitMQ, through the driver. */
import type { Delivery } from "@switchyard/core/driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipped } from "./support/rabbit.ts";
import { never, openSeam, receive, type Seam } from "./support/rabbit-seam.ts";

let seam: Seam;
beforeAll(async () => {
  if (!skipped) seam = await openSeam("settling");
}, 120_000);
afterAll(() => seam?.close());

describe.skipIf(skipped)("RabbitMQ, settling and delaying", () => {
  test("a failed attempt keeps its count through the delay queues, and a long delay does not hold up a short one", async () => {
    const of = seam.queue();
    await seam.provide(of);
    const sender = await seam.connection.sender(of, never);
    seam.closeLater(sender);
    await sender.send(
      [
        { body: "slow", headers: {} },
        { body: "fast", headers: {} },
      ],
      never,
    );
    const lease = await seam.lease(of);
    const both = await receive(lease, 2);
    const since = performance.now();
    // 5,600 ms is 5,000 and then three times 250; far from the other, for a machine that stands still.
    const delays: Record<string, number> = { slow: 5_600, fast: 300 };
    const settlements = both.map(({ receipt, message }) => ({
      receipt,
      action: "retry" as const,
      delayMs: delays[message.body as string]!,
      attempt: 1,
    }));
    expect(await lease.settle(settlements, never)).toEqual([undefined, undefined]);
    const [first] = await receive(lease, 1);
    const fast = performance.now() - since;
    const [second] = await receive(lease, 1);
    const slow = performance.now() - since;
    expect([first!.message.body, first!.attempt, second!.message.body, second!.attempt]).toEqual([
      "fast",
      2,
      "slow",
      2,
    ]);
    expect(fast).toBeGreaterThanOrEqual(300);
    expect(fast).toBeLessThan(5_600);
    expect(slow).toBeGreaterThanOrEqual(5_600);
  });

  test("a failed attempt is counted; a hand-back is not, whatever the broker counts", async () => {
    const of = seam.queue();
    await seam.provide(of);
    const sender = await seam.connection.sender(of, never);
    seam.closeLater(sender);
    await sender.send([{ body: "1", headers: {} }], never);
    const lease = await seam.lease(of);
    const attemptAfter = async (action: "retry" | "release", delivery: Delivery) => {
      const { receipt, attempt } = delivery;
      const settlement = action === "retry" ? { receipt, action, delayMs: 0, attempt: attempt! } : { receipt, action };
      await lease.settle([settlement], never);
      return (await receive(lease, 1))[0]!;
    };
    const [first] = await receive(lease, 1);
    const failed = await attemptAfter("retry", first!);
    const released = await attemptAfter("release", failed);
    const again = await attemptAfter("retry", released);
    expect([first, failed, released, again].map((delivery) => delivery!.attempt)).toEqual([1, 2, 2, 3]);
    await lease.settle([{ receipt: again.receipt, action: "ack" }], never);
  });

  test("on a classic queue, which counts nothing, a message without an id has its attempts counted, tried again at once or later", async () => {
    const of = seam.queue({ address: `settling_classic_${process.pid}` });
    const channel = await seam.raw.createChannel();
    await channel.assertQueue(of.address!, { durable: true, arguments: { "x-queue-type": "classic" } });
    channel.sendToQueue(of.address!, Buffer.from("1"), { headers: { tenant: "t" } });
    await seam.provide({ ...of, address: undefined } as never);
    const lease = await seam.lease(of);
    const attempts: unknown[] = [];
    for (const delayMs of [0, 0, 300, 0]) {
      const [{ receipt, attempt, message }] = (await receive(lease, 1)) as [Delivery];
      attempts.push([attempt, message.headers["tenant"]]);
      const failed = { receipt, action: "retry" as const, delayMs, attempt: attempt! };
      expect(await lease.settle([failed], never)).toEqual([undefined]);
    }
    const [last] = await receive(lease, 1);
    await lease.settle([{ receipt: last!.receipt, action: "ack" }], never);
    expect([...attempts, [last!.attempt, "t"]]).toEqual([1, 2, 3, 4, 5].map((attempt) => [attempt, "t"]));
    await channel.deleteQueue(of.address!);
  });

  test("native.priority goes with every message", async () => {
    const of = seam.queue({ native: { priority: 7 } });
    await seam.provide(of);
    const sender = await seam.connection.sender(of, never);
    seam.closeLater(sender);
    await sender.send([{ body: "1", headers: {} }], never);
    const channel = await seam.raw.createChannel();
    const got = await channel.get(of.name, { noAck: true });
    expect(got).toMatchObject({ properties: { priority: 7 } });
  });

  test("a delayed message of a topic comes late to each group of its time, at once to nobody", async () => {
    const [one, two] = [seam.queue({ model: "pubsub" }), seam.queue({ model: "pubsub" })];
    const other = { ...two, base: one.base };
    const { group: _, ...topic } = one;
    await seam.provide(topic, one, other);
    const sender = await seam.connection.sender(topic, never);
    seam.closeLater(sender);
    const since = performance.now();
    await sender.send([{ body: "1", type: "t", headers: {}, delayMs: 700 }], never);
    for (const group of [one, other]) {
      const [delivery] = await receive(await seam.lease(group), 1);
      expect(performance.now() - since).toBeGreaterThanOrEqual(700);
      expect([delivery!.message.body, delivery!.message.type, delivery!.attempt]).toEqual(["1", "t", 1]);
    }
  });

  test("a tag of an earlier channel settles nothing", async () => {
    const of = seam.queue();
    await seam.provide(of);
    const sender = await seam.connection.sender(of, never);
    seam.closeLater(sender);
    await sender.send([{ body: "1", headers: {} }], never);
    const receiver = await seam.connection.receiver(of, { holdMs: 60_000, prefetch: 20, start: "earliest" }, never);
    const { value: old } = await receiver.leases(never)[Symbol.asyncIterator]().next();
    const [held] = await receive(old, 1);
    await receiver.close();
    const lease = await seam.lease(of);
    const [again] = await receive(lease, 1);
    const [late] = await old.settle([{ receipt: held!.receipt, action: "ack" }], never);
    expect(seam.connection.classify(late!.cause, "settle")).toMatchObject({ kind: "lost" });
    const [crossed] = await lease.settle([{ receipt: held!.receipt, action: "ack" }], never);
    expect(seam.connection.classify(crossed!.cause, "settle")).toMatchObject({ kind: "lost" });
    expect(await lease.settle([{ receipt: again!.receipt, action: "ack" }], never)).toEqual([undefined]);
  });
});
