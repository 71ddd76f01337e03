import type { ContractCase } from "../case.ts";
import { all, assert, deadLetters, exactly, notLog, numberOf, pulls, range, redrives, sorted, wire } from "./kit.ts";

const clause = "C4";

const fails = () => {
  throw new Error("no");
};

export const cases: readonly ContractCase[] = [
  {
    id: "C4-id-is-the-published-one",
    clause,
    title: "the delivery has the id that publish returned, in every attempt",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt < 3) throw new Error("again");
      });
      await app.consume(channel, "main", seen.handle);
      const { id } = await app.publish(channel, t.item(1));
      await t.until(() => seen.seen.length >= 3, "three attempts");
      assert.deepEqual(seen.ids, [id]);
    },
  },
  {
    id: "C4-own-id",
    clause,
    title: "an id given by the publisher is kept",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const { id } = await app.publish(channel, t.item(1), { id: "order-4711/é" });
      await exactly(t, () => seen.seen.length, 1, "the message");
      assert.deepEqual([id, seen.ids[0]], ["order-4711/é", "order-4711/é"]);
    },
  },
  {
    id: "C4-dedup-inside-the-window",
    clause,
    title: "a second send of the same id and hop is dropped within publishDedupMs, and only then",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const first = wire(t, 1);
      await seam.send([first], sender);
      await seam.send(
        [{ ...wire(t, 1), dedup: first.dedup!, ...(first.key === undefined ? {} : { key: first.key }) }],
        sender,
      );
      await seam.send([wire(t, 2)], sender);
      const reader = await seam.reader();
      const expected = t.caps.publishDedupMs > 0 ? [1, 2] : [1, 1, 2];
      const got: number[] = [];
      while (got.length < expected.length) {
        const taken = await reader.take(1);
        got.push(...taken.map(numberOf));
        await reader.settle(taken);
      }
      assert.deepEqual(sorted(got), expected);
      assert.deepEqual(await reader.once(10, 500), []);
    },
  },
  {
    id: "C4-dedup-is-by-id-not-by-body",
    clause,
    title: "equal bodies under different ids are different messages",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const ids = await app.publishAll(channel, [t.item(1), t.item(1), t.item(1)]);
      await t.until(() => seen.ids.length === 3, "all three");
      assert.equal(new Set(ids).size, 3);
    },
  },
  {
    id: "C4-dead-letter-redrive-dead-letter",
    clause,
    title: "dead letter, redrive and dead letter again inside the dedup window: no copy is swallowed, the hop rises",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const seen = t.recorder(fails);
      await app.consume(channel, "main", seen.handle);
      const { id } = await app.publish(channel, t.item(1));
      const letters = app.messaging.deadLetters(channel, "main");
      // Counted by hop, so that a second delivery of the same copy does not count.
      const hops = () => [...new Set(seen.seen.map(({ delivery }) => delivery.hop))];
      for (const round of range(3)) {
        const dead = () => hops().length === round + 1 && app.eventsOf("dead-letter").length > round;
        await t.until(dead, `dead letter ${round + 1}`, 30_000);
        if (round < 2) await t.until(async () => (await letters.redrive()).moved > 0, `redrive ${round + 1}`, 30_000);
      }
      assert.deepEqual(seen.ids, [id]);
      const [first, second, third] = hops() as [number, number, number];
      assert.ok(first < second && second < third, `hops ${hops()}`);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.id, id);
    },
  },
  {
    id: "C4-one-id-of-two-producers",
    clause,
    title: "two services may use the same id: both messages are handled, dead-lettered and redriven",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const retry = { attempts: 1 };
      const app = await t.app({ channels: [channel], retry });
      const other = await t.app({ channels: [channel], retry, service: "another-service" });
      let healthy = false;
      const handled = new Set<number>();
      await app.consume(channel, "main", ({ n }: { n: number }) => {
        if (!healthy) throw new Error("down");
        handled.add(n);
        t.changed();
      });
      await app.publish(channel, t.item(1), { id: "1" });
      await other.publish(channel, t.item(2), { id: "1" });
      await exactly(t, () => app.eventsOf("dead-letter").length, 2, "both dead letters");
      const letters = app.messaging.deadLetters(channel, "main");
      await t.until(async () => (await letters.peek(5)).length === 2, "both seen by peek", 30_000);
      healthy = true;
      await t.until(async () => (await letters.redrive(), handled.size === 2), "both handled", 30_000);
      assert.deepEqual(sorted([...handled]), [1, 2]);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "C4-id-survives-the-dead-letter",
    clause,
    title: "a dead letter has the id of its message",
    needs: all(deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      await app.consume(channel, "main", fails);
      const ids = await app.publishAll(channel, [t.item(1), t.item(2)]);
      const copies = await t.deadLetters(channel.name, "main", 2);
      assert.deepEqual(copies.map((copy) => copy.id).sort(), [...ids].sort());
    },
  },
  {
    id: "C4-redelivery-is-the-same-message",
    clause,
    title: "a returned message comes again unchanged: body, headers, key, type",
    needs: all(pulls, notLog),
    run: async (t) => {
      const seam = await t.seam();
      const headers = t.caps.headers >= 2 ? { "x-one": "1", "x-two": "zwei" } : {};
      await seam.send([wire(t, 7, { headers, type: "item" })]);
      const reader = await seam.reader();
      const [first] = await reader.take(1);
      await reader.settle([first!], "release");
      const [second] = await reader.take(1);
      for (const field of ["body", "headers", "type", "key"] as const) {
        assert.deepEqual(second!.delivery.message[field], first!.delivery.message[field], field);
      }
    },
  },
];
