import { Release } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import type { Seen } from "../recorder.ts";
import {
  all,
  assert,
  deadLetters,
  exactly,
  isLog,
  keyed,
  notLog,
  numberOf,
  ordered,
  pulls,
  range,
  wire,
} from "./kit.ts";

const clause = "C8";

/** Deliveries of one key that ran at the same time. */

function overlaps(seen: readonly Seen[]): string[] {
  const found: string[] = [];
  const last = new Map<string, Seen>();
  for (const one of seen) {
    const before = last.get(one.data.k);
    if (before !== undefined && (before.endedAt === undefined || before.endedAt > one.startedAt))
      found.push(`${one.data.k}: ${before.data.n} and ${one.data.n}`);
    last.set(one.data.k, one);
  }
  return found;
}

const numbersOf = (seen: readonly Seen[], k: string): number[] =>
  seen.filter((one) => one.data.k === k).map((one) => one.data.n);

export const cases: readonly ContractCase[] = [
  {
    id: "C8-batch-several-of-a-key",
    clause,
    title:
      "a batch of an ordered channel holds several messages of a key, in order, and no two batches have a key at the same time",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      await app.publishAll(
        channel,
        range(40).map((n) => ({ n, k: "ab"[n % 2]! })),
      );
      const order: Record<string, number[]> = { a: [], b: [] };
      const running = new Set<string>();
      const together: string[] = [];
      let batches = 0;
      await app.consumeBatches(
        channel,
        "main",
        async (batch) => {
          batches++;
          const keys = new Set([...batch].map((delivery) => delivery.data.k as string));
          for (const k of keys) if (running.has(k)) together.push(k);
          for (const k of keys) running.add(k);
          for (const delivery of batch) order[delivery.data.k]!.push(delivery.data.n);
          await t.sleep(20);
          for (const k of keys) running.delete(k);
          t.changed();
        },
        { batch: { size: 20, wait: "200ms" } },
      );
      await t.until(() => order["a"]!.length + order["b"]!.length >= 40, "all forty", 30_000);
      assert.deepEqual(together, []);
      for (const [at, key] of ["a", "b"].entries()) {
        assert.deepEqual(
          [...new Set(order[key])],
          range(20).map((n) => n * 2 + at),
        );
      }
      assert.ok(batches <= 20, `${batches} batches for forty messages of two keys`);
    },
  },
  {
    id: "C8-batch-failure-in-the-middle",
    clause,
    title:
      "messages after a failed one of their key in a batch are not settled and lose no attempt: they are handled after it, in order",
    needs: all(ordered, deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 }, observeHandled: true });
      const ids = await app.publishAll(
        channel,
        range(12).map((n) => ({ n, k: "ab"[n % 2]! })),
      );
      await app.consumeBatches(
        channel,
        "main",
        (batch) => {
          for (const delivery of batch) if (delivery.data.n === 4) batch.fail(delivery, new Error("poison"));
        },
        { batch: { size: 12, wait: "200ms" } },
      );
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.deepEqual([JSON.parse(copy!.body as string).n, copy!.dead?.attempts], [4, 2]);
      const handled = () => [...new Set(app.eventsOf("handled").map(({ id }) => ids.indexOf(id)))];
      await exactly(t, () => handled().length, 11, "the other eleven", 30_000);
      assert.deepEqual(
        handled().filter((n) => n % 2 === 0),
        [0, 2, 6, 8, 10],
      );
      assert.deepEqual(
        handled().filter((n) => n % 2 === 1),
        [1, 3, 5, 7, 9, 11],
      );
      await t.noDeadLetters(channel.name, "main");
      if (t.caps.attempts === "approximate") return;
      for (const { attempt, id } of app.eventsOf("handled")) assert.equal(attempt, 1, `message ${ids.indexOf(id)}`);
    },
  },
  {
    id: "C8-batch-one-per-key",
    clause,
    title: "with `perKey: 1` a batch of an ordered channel holds at most one message of a key, and keys stay in order",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const order: Record<string, number[]> = { a: [], b: [], c: [] };
      let total = 0;
      const repeated: string[] = [];
      await app.consumeBatches(
        channel,
        "main",
        (batch) => {
          const keys = [...batch].map((delivery) => delivery.data.k as string);
          if (new Set(keys).size !== keys.length) repeated.push(keys.join());
          for (const delivery of batch) order[delivery.data.k]!.push(delivery.data.n);
          total += batch.size;
          t.changed();
        },
        { batch: { size: 10, wait: "50ms", perKey: 1 } },
      );
      await app.publishAll(
        channel,
        range(18).map((n) => ({ n, k: "abc"[n % 3]! })),
      );
      await exactly(t, () => total, 18, "all eighteen", 30_000);
      assert.deepEqual(repeated, []);
      for (const [at, key] of ["a", "b", "c"].entries()) {
        assert.deepEqual(
          order[key],
          range(6).map((n) => n * 3 + at),
        );
      }
    },
  },
  {
    id: "C8-order-per-key",
    clause,
    title: "deliveries of a key start in acceptance order, one at a time, while other keys run concurrently",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], groups: { main: { concurrency: 10, maxInFlight: 40 } } });
      const seen = t.recorder(() => t.sleep(5));
      await app.consume(channel, "main", seen.handle);
      const keys = range(8).map((k) => `key-${k}`);
      await app.publishAll(
        channel,
        range(80).map((n) => ({ n, k: keys[n % 8]! })),
      );
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === 80, "all eighty", 60_000);
      for (const [at, k] of keys.entries()) {
        assert.deepEqual(
          [...new Set(numbersOf(seen.seen, k))],
          range(10).map((n) => n * 8 + at),
          k,
        );
      }
      assert.deepEqual(overlaps(seen.seen), []);
    },
  },
  {
    id: "C8-order-over-a-restart",
    clause,
    title:
      "messages of a key that wait come before later ones from another connection, also if the broker restarted in between",
    needs: ordered,
    run: async (t) => {
      const { via, restart } = await t.restartable();
      const channel = t.channel();
      const options = { channels: [channel], groups: { main: { concurrency: 16, maxInFlight: 96 } }, ...via };
      const [KEYS, EACH] = [16, 48];
      const items = (from: number) => range(EACH).map((n) => ({ n: from + n, k: `key-${n % KEYS}` }));
      const before = await t.app(options);
      await before.publishAll(channel, items(0));
      await before.stop();
      await restart();
      const after = await t.app(options);
      await after.publishAll(channel, items(EACH));
      const seen = t.recorder(() => t.sleep(5));
      await after.consume(channel, "main", seen.handle);
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === 2 * EACH, "all of both", t.patienceMs);
      assert.deepEqual(overlaps(seen.seen), []);
      for (const k of range(KEYS)) {
        assert.deepEqual(
          [...new Set(numbersOf(seen.seen, `key-${k}`))],
          range((2 * EACH) / KEYS).map((n) => n * KEYS + k),
          `key-${k}`,
        );
      }
    },
  },
  {
    id: "C8-order-with-two-members",
    clause,
    title: "two members of a group: still no key runs twice at once, and each stays in order",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const options = { channels: [channel], groups: { main: { concurrency: 4, maxInFlight: 8 } } };
      const publisher = await t.app(options);
      const seen = t.recorder(() => t.sleep(10));
      for (const _ of range(2)) await (await t.app(options)).consume(channel, "main", seen.handle);
      await publisher.publishAll(
        channel,
        range(40).map((n) => ({ n, k: `key-${n % 5}` })),
      );
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === 40, "all forty", 60_000);
      assert.deepEqual(overlaps(seen.seen), []);
      for (const k of range(5)) {
        assert.deepEqual(
          [...new Set(numbersOf(seen.seen, `key-${k}`))],
          range(8).map((n) => n * 5 + k),
        );
      }
    },
  },
  {
    id: "C8-order-after-a-retry",
    clause,
    title: "a failed message is tried again before later ones of its key",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { first: "500ms" } });
      const seen = t.recorder((data, _delivery, one) => {
        if (data.n === 2 && one.attempt < 3) throw new Error("not yet");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(6).map((n) => ({ n, k: "a" })),
      );
      await t.until(() => seen.seen.length >= 8, "six, one of them thrice", 30_000);
      assert.deepEqual(seen.numbers, [0, 1, 2, 2, 2, 3, 4, 5]);
    },
  },
  {
    id: "C8-order-after-a-release",
    clause,
    title:
      "a message its handler gives back comes again before later ones of its key, however many wait and whatever else runs",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { first: "200ms" },
        groups: { main: { concurrency: 4, maxInFlight: 8 } },
        // The sixty messages of one key are sent one after the other, which may take half a minute on a slow endpoint.
        publish: { timeout: `${Math.max(60_000, t.patienceMs * 2)}ms` },
        // One partition, so that the returned message and those after it come through the same lease.
        ...(t.caps.groupMembership === "leases" ? { channelConfig: { partitions: 1 } } : {}),
      });
      const given = new Set<number>();
      const handled: number[] = [];
      const seen = t.recorder(async (data) => {
        await t.sleep(data.k === "a" ? 2 : 15);
        const back = data.k === "a" && data.n % 10 === 2 && !given.has(data.n);
        given.add(data.n);
        if (back) throw new Release();
        if (data.k === "a") handled.push(data.n);
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(90).map((n) => ({ n, k: n % 3 === 0 ? "b" : "a" })),
      );
      const want = range(90).filter((n) => n % 3 !== 0);
      await t.until(() => new Set(handled).size === want.length, "all of the key", 60_000);
      assert.deepEqual([...new Set(handled)], want);
      assert.deepEqual(overlaps(seen.seen), []);
    },
  },
  {
    id: "C8-poison-key-blocks-no-other",
    clause,
    title: "while a failing message blocks its key, other keys continue",
    needs: keyed,
    run: async (t) => {
      // The tries take longer than the wait below: a slow machine cannot end them first.
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 3, first: "15s" } });
      const seen = t.recorder((data) => {
        if (data.k === "bad") throw new Error("poison");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(channel, [
        { n: 0, k: "bad" },
        { n: 1, k: "bad" },
        ...range(8).map((n) => ({ n: n + 2, k: `good-${n % 4}` })),
      ]);
      await t.until(() => range(8).every((n) => seen.of(n + 2).length >= 1), "the other keys", 20_000);
      for (const n of range(8)) assert.equal(seen.of(n + 2).length, 1, `item ${n + 2}`);
      assert.ok(seen.of(0).length < 3, "while the bad one was still being tried");
      assert.equal(seen.of(1).length, 0);
    },
  },
  {
    id: "C8-poison-blocks-its-partition-only",
    clause,
    title: "a failing message does not stop other partitions",
    needs: (caps, harness) =>
      ordered(caps, harness) ?? (isLog(caps) ? undefined : "settleResult: not checkpoint (no partitions)"),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 3, first: "30s" },
        channelConfig: { partitions: 8 },
      });
      const seen = t.recorder((data) => {
        if (data.k === "bad") throw new Error("poison");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(channel, [{ n: 0, k: "bad" }, ...range(64).map((n) => ({ n: n + 1, k: `good-${n}` }))]);
      const others = () => seen.ids.length >= 40 && seen.of(0).length > 0;
      await t.until(others, "the poison, and most of the other keys", 20_000);
      assert.equal(seen.of(0).length, 1);
    },
  },
  {
    id: "C8-ten-of-one-key-the-first-fails",
    clause,
    title: "ten messages of one key, the first failing for good: N attempts, then the nine others once each, in order",
    needs: all(ordered, deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 4, first: "200ms" } });
      const seen = t.recorder((data) => {
        if (data.n === 0) throw new Error("poison");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(10).map((n) => ({ n, k: "a" })),
      );
      await t.until(() => seen.seen.length >= 13, "four attempts and nine others", 60_000);
      assert.deepEqual(seen.numbers, [0, 0, 0, 0, ...range(9).map((n) => n + 1)]);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.dead?.attempts, 4);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "C8-gap-is-reported",
    clause,
    title: "a dead letter of an ordered channel leaves a gap, which is reported",
    needs: all(ordered, deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      await app.consume(channel, "main", (data) => {
        if (data.n === 0) throw new Error("poison");
      });
      await app.publish(channel, { n: 0, k: "a" });
      await exactly(t, () => app.eventsOf("order-gap").length, 1, "the report");
      assert.equal(app.eventsOf("order-gap")[0].reason, "dead-letter");
    },
  },
  {
    id: "C8-key-reaches-the-handler",
    clause,
    title: "the handler sees the ordering key as the publisher gave it",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const keys = ["plain", "with space", "ünïcödé", "x".repeat(256), "a/b:c#d", "🚚"];
      await app.publishAll(
        channel,
        keys.map((k, n) => ({ n, k })),
      );
      await t.until(() => seen.ids.length === keys.length, "all keys");
      for (const [n, k] of keys.entries()) assert.equal(seen.of(n)[0]!.key, k);
    },
  },
  {
    id: "C8-driver-keeps-order",
    clause,
    title: "the driver hands over the messages of a key in the order they were sent",
    needs: all(pulls, ordered),
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      for (const n of range(12)) await seam.send([wire(t, n, { key: "a" })], sender);
      const reader = await seam.reader();
      const order: number[] = [];
      while (order.length < 12) {
        const taken = await reader.once(10, 1_000);
        order.push(...taken.map(numberOf));
        await reader.settle(isLog(t.caps) ? taken.slice(-1) : taken);
      }
      assert.deepEqual(order, range(12));
    },
  },
  {
    id: "C8-driver-holds-the-key",
    clause,
    title: "while a message of a key is held, no other receiver gets a later one of that key",
    needs: all(pulls, all(ordered, notLog)),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 20_000 });
      await seam.send(range(4).map((n) => wire(t, n, { key: "a" })));
      await seam.send([wire(t, 9, { key: "b" })]);
      const mine = await seam.reader();
      const first = await mine.take(1, { max: 1 });
      const theirs = await (await t.open(seam.places)).reader();
      const others = await theirs.watch(1_500);
      const heldKey = numberOf(first[0]!) === 9 ? "b" : "a";
      for (const one of others)
        assert.notEqual(numberOf(one) === 9 ? "b" : "a", heldKey, `${numberOf(one)} beside ${numberOf(first[0]!)}`);
    },
  },
  {
    id: "C8-driver-gives-the-key",
    clause,
    title: "a received message carries a key, equal for equal keys, exactly where order is kept",
    needs: all(pulls, notLog),
    run: async (t) => {
      const seam = await t.seam();
      const keys = ["a", "b", "a"];
      for (const [n, key] of keys.entries()) await seam.send([wire(t, n, t.harness.ordered ? { key } : {})]);
      const reader = await seam.reader();
      const got = new Map<number, string | undefined>();
      while (got.size < 3) {
        const taken = await reader.once(10, 1_000);
        for (const one of taken) got.set(numberOf(one), one.delivery.message.key);
        await reader.settle(taken);
      }
      if (!t.harness.ordered) return assert.deepEqual([...got.values()], [undefined, undefined, undefined]);
      assert.ok(got.get(0) !== undefined && got.get(0) === got.get(2) && got.get(0) !== got.get(1));
    },
  },
];
