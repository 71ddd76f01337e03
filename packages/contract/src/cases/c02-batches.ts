import type { WireMessage } from "@switchyard/core/driver";
import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import { Refusal, all, assert, classifyRefusal, ordered, pulls, range, signal, wire } from "./kit.ts";

const clause = "C2";

export const cases: readonly ContractCase[] = [
  {
    id: "C2-one-result-each",
    clause,
    title: "a batch sent to the driver gives one result per message, with distinct ids",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const count = Math.min(sender.capabilities.maxBatch.count, 10);
      const sent = await sender.send(
        range(count).map((n) => wire(t, n)),
        signal(),
      );
      assert.equal(sent.length, count);
      const ids = sent.map((one) => ("id" in one ? one.id : undefined));
      assert.ok(ids.every((id) => typeof id === "string" && id !== ""));
      assert.equal(new Set(ids).size, count);
    },
  },
  {
    id: "C2-result-per-input",
    clause,
    title: "publishMany gives one result per input, in input order; one bad item fails alone",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const items: unknown[] = range(25).map((n) => t.item(n));
      items[7] = { ...t.item(7), n: "seven" };
      items[19] = { ...t.item(19), big: "x".repeat(t.caps.maxMessageBytes) };
      const results = await app.publishMany(channel, items);
      assert.equal(results.length, 25);
      for (const [n, result] of results.entries()) assert.equal(result.ok, n !== 7 && n !== 19, `item ${n}`);
      assert.equal(results[7].error.code, "invalid-message");
      assert.equal(results[19].error.code, "too-large");
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 23, "the other 23");
      for (const one of seen.seen) assert.equal(results[one.data.n].id, one.id);
    },
  },
  {
    id: "C2-empty",
    clause,
    title: "an empty batch is not an error and sends nothing",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      assert.deepEqual(await app.publishMany(channel, []), []);
    },
  },
  {
    id: "C2-only-failed-are-sent-again",
    clause,
    title: "after a partial failure only the failed items of a batch are sent again",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.refuseEntries("send", '"n":3,', 1);
      const items = range(8).map((n) => ({ n, k: `k${n}`, tail: 0 }));
      const ids = await app.publishAll(channel, items);
      assert.equal(control.hits, 1);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 8, "all eight");
      assert.equal(seen.seen.length, 8);
      for (const one of seen.seen) assert.equal(ids[one.data.n], one.id);
    },
  },
  {
    id: "C2-failure-maps-to-its-item",
    clause,
    title: "the result of a permanently refused item says so, and no other result does",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.refuseEntries("send", '"n":5,', 1_000, { permanent: true });
      const items = range(8).map((n) => ({ n, k: `k${n}`, tail: 0 }));
      const results = await app.publishMany(channel, items);
      assert.deepEqual(
        results.map((result) => result.ok),
        range(8).map((n) => n !== 5),
      );
      assert.equal(results[5].error.kind, "permanent");
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 7, "the other seven");
      assert.ok(!seen.numbers.includes(5));
    },
  },
  {
    id: "C2-refused-as-a-batch",
    clause,
    title: "when a whole batch is refused, only items that are also refused alone fail",
    run: async (t) => {
      const channel = t.channel();
      const alone: number[] = [];
      const numberIn = (message: WireMessage) => Number(/"n":(\d+)/.exec(String(message.body))?.[1]);
      const adapter = intercept(t.harness.adapter, {
        send: async (batch, call) => {
          const numbers = batch.map(numberIn);
          if (batch.length === 1) alone.push(...numbers);
          // Acts as a broker whose batch limit is lower than the driver knows, and which also refuses item 5.
          if (batch.length > 2 || numbers.includes(5)) throw new Refusal({ kind: "permanent", code: "batch-refused" });
          return call(batch);
        },
        classify: classifyRefusal,
      });
      const app = await t.app({ channels: [channel], adapter });
      const results = await app.publishMany(
        channel,
        range(8).map((n) => ({ n, k: `k${n}` })),
      );
      assert.deepEqual(
        results.map((result) => result.ok),
        range(8).map((n) => n !== 5),
      );
      assert.equal(results[5].error.code, "batch-refused");
      assert.ok(alone.includes(5));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => new Set(seen.numbers).size >= 7, "the other seven");
      assert.ok(!seen.numbers.includes(5));
    },
  },
  {
    id: "C2-blocked-by-earlier",
    clause,
    title: "when an item fails for good, later items of its key are not sent; other keys are",
    needs: ordered,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const big = "x".repeat(t.caps.maxMessageBytes);
      const items = [
        { n: 0, k: "a" },
        { n: 1, k: "a", big },
        { n: 2, k: "b" },
        { n: 3, k: "a" },
        { n: 4, k: "b" },
      ];
      const results = await app.publishMany(channel, items);
      assert.deepEqual(
        results.map((result) => result.ok),
        [true, false, true, false, true],
      );
      assert.equal(results[3].error.code, "blocked-by-earlier");
      const later = await app.publish(channel, { n: 5, k: "a" });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.includes(later.id), "a later publish of the key, which is not blocked");
      await t.until(() => seen.ids.length === 4, "all that were accepted");
      assert.deepEqual(
        seen.seen.filter((one) => one.data.k === "a").map((one) => one.data.n),
        [0, 5],
      );
    },
  },
  {
    id: "C2-call-order-per-key",
    clause,
    title: "calls for one key are sent in call order, also when one is throttled in between",
    needs: ordered,
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      const calls = range(10).map((n) => app.publish(channel, { n, k: "a" }));
      control.next("send", "throttle", 1);
      calls.push(...range(10).map((n) => app.publish(channel, { n: n + 10, k: "a" })));
      await Promise.all(calls);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 20, "all twenty");
      assert.deepEqual([...new Set(seen.numbers)], range(20));
    },
  },
  {
    id: "C2-order-kept-when-one-is-refused-once",
    clause,
    title: "an item refused once holds its key back until it is accepted",
    needs: all(ordered),
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.refuseEntries("send", '"n":2,', 1);
      await app.publishAll(
        channel,
        range(6).map((n) => ({ n, k: "a", tail: 0 })),
      );
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 6, "all six");
      assert.deepEqual([...new Set(seen.numbers)], range(6));
    },
  },
];
