import { DeadLetter, middleware, Release, Retry, Skip } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import {
  all,
  assert,
  brokerRetry,
  deadLetters,
  exactly,
  notBefore,
  notLog,
  numberOf,
  pulls,
  range,
  sorted,
  wire,
} from "./kit.ts";

const clause = "C5";

export const cases: readonly ContractCase[] = [
  {
    id: "C5-returning-acknowledges",
    clause,
    title: "a handler that returns has acknowledged, whatever it returns",
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const answers: unknown[] = [undefined, false, null, "retry", new Error("returned, not thrown")];
      const seen: number[] = [];
      await app.consume(channel, "main", (data) => {
        seen.push(data.n);
        t.changed();
        return answers[data.n];
      });
      await app.publishAll(
        channel,
        answers.map((_, n) => t.item(n)),
      );
      await exactly(t, () => seen.length, answers.length, "all");
      await t.sleep(t.holdMs + 500);
      assert.deepEqual(sorted(seen), range(answers.length));
    },
  },
  {
    id: "C5-throwing-fails",
    clause,
    title: "a handler that throws has failed, whatever it throws, and comes again",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const thrown: unknown[] = [new Error("e"), "text", undefined, 0, { name: "Odd" }];
      const seen = t.recorder((data, _delivery, one) => {
        if (one.attempt === 1) throw thrown[data.n];
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        thrown.map((_, n) => t.item(n)),
      );
      await t.until(() => range(5).every((n) => seen.of(n).length >= 2), "two attempts each");
      assert.equal(seen.seen.length, 10);
      assert.equal(app.eventsOf("retry").length, 5);
    },
  },
  {
    id: "C5-sync-throw",
    clause,
    title: "a handler that throws before its first await has failed like any other",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      let calls = 0;
      await app.consume(channel, "main", () => {
        calls++;
        t.changed();
        if (calls === 1) throw new Error("at once");
      });
      await app.publish(channel, t.item(1));
      await exactly(t, () => calls, 2, "the second attempt");
    },
  },
  {
    id: "C5-dead-letter-verdict",
    clause,
    title: "DeadLetter sends to the dead letters at once, with its reason, without retries",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder(() => {
        throw new DeadLetter("card declined", { cause: new Error("no funds") });
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.dead?.reason, "card declined");
      assert.equal(copy!.dead?.attempts, 1);
      assert.equal(seen.seen.length, 1);
    },
  },
  {
    id: "C5-release-verdict",
    clause,
    title: "Release gives the message back; it comes again and no attempt is counted where the transport can",
    needs: notLog,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder(() => {
        if (seen.seen.length === 1) throw new Release();
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.seen.length, 2, "the second delivery");
      assert.equal(seen.seen[0]!.attempt, 1);
      if (t.caps.releaseWithoutPenalty) assert.equal(seen.seen[1]!.attempt, 1);
      assert.equal(app.eventsOf("retry").length, 0);
    },
  },
  {
    id: "C5-driver-release-delay",
    clause,
    title: "releaseDelayMs observed: a message released with a delay is never early, and its attempt is as declared",
    needs: all(pulls, (caps) => ((caps.releaseDelayMs ?? 0) > 0 ? undefined : "releaseDelayMs: 0")),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 30_000 });
      await seam.send(range(2).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(2);
      const at = t.runtime.monotonic();
      await reader.settle([taken[0]!], { releaseMs: 2_000 });
      await reader.settle([taken[1]!], "release");
      const again = await reader.take(2);
      assert.deepEqual(again.map(numberOf), [numberOf(taken[1]!), numberOf(taken[0]!)]);
      notBefore(again[1]!.at, at + 2_000, "the delayed");
      for (const { delivery } of again) assert.equal(delivery.attempt, t.caps.releaseWithoutPenalty ? 1 : 2);
    },
  },
  {
    id: "C5-release-at-stop-is-not-early",
    clause,
    title: "a message that waits after its release when the process stops is not early at the next one",
    needs: brokerRetry,
    run: async (t) => {
      const channel = t.channel();
      const [one, two] = [await t.app({ channels: [channel], drain: "5s" }), await t.app({ channels: [channel] })];
      const stopping = Promise.withResolvers<void>();
      const seen = t.recorder(async ({ n }, _delivery, record) => {
        if (record.attempt > 1 || seen.of(n).length > 1) return;
        // The second is released while the process stops already.
        if (n === 1) await stopping.promise;
        throw new Release({ delay: "6s" });
      });
      await one.consume(channel, "main", seen.handle);
      await one.publishAll(
        channel,
        range(2).map((n) => t.item(n)),
      );
      await t.until(
        () => seen.of(0).length + seen.of(1).length === 2 && seen.done.length === 1,
        "both and one release",
      );
      const stopped = one.stop();
      stopping.resolve();
      await stopped;
      await two.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.seen.length, 4, "both again", 60_000);
      for (const n of range(2)) {
        const [first, second] = seen.of(n);
        notBefore(second!.startedAt, first!.endedAt! + 6_000, `message ${n}`);
        if (t.caps.releaseWithoutPenalty) assert.equal(second!.attempt, 1);
      }
    },
  },
  {
    id: "C5-skip-verdict",
    clause,
    title: "Skip, thrown by a middleware or a handler, settles the message unhandled and says so with its reason",
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const inbox = middleware(async (delivery: any, next: any) => {
        if (delivery.data.n === 0) throw new Skip("a duplicate");
        return next();
      });
      const seen = t.recorder((data) => {
        if (data.n === 1) throw new Skip("nothing to do");
      });
      await app.consume(channel, "main", seen.handle, { use: [inbox] });
      const ids = await app.publishAll(channel, [t.item(0), t.item(1), t.item(2)]);
      await t.until(() => app.eventsOf("skipped").length >= 2 && seen.of(2).length >= 1, "two skipped, one handled");
      await t.sleep(t.holdMs + 500);
      assert.deepEqual(sorted(seen.numbers), [1, 2]);
      const skipped = app.eventsOf("skipped").map(({ id, by, reason }) => `${ids.indexOf(id)} ${by} ${reason}`);
      assert.deepEqual(skipped.sort(), ["0 handler a duplicate", "1 handler nothing to do"]);
      assert.equal(app.eventsOf("retry").length + app.eventsOf("dead-letter").length, 0);
    },
  },
  {
    id: "C5-next-not-called",
    clause,
    title:
      "a middleware that ends without next() and without an error has failed: nothing is acknowledged that no handler saw",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 } });
      let runs = 0;
      const forgetful = middleware(async (delivery: any, next: any) => {
        if (delivery.data.n === 1) return next();
        runs++;
        t.changed();
      });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle, { use: [forgetful] });
      await app.publishAll(channel, [t.item(0), t.item(1)]);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(JSON.parse(copy!.body as string).n, 0);
      assert.ok(copy!.dead!.reason.includes("next()"), copy!.dead!.reason);
      assert.equal(runs, 2);
      await exactly(t, () => seen.numbers.length, 1, "the other message");
      assert.deepEqual(seen.numbers, [1]);
    },
  },
  {
    id: "C5-batch-verdict-per-item",
    clause,
    title: "of a batch only the items given to fail() come again; the others are acknowledged",
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consumeBatches(
        channel,
        "main",
        async (batch) => {
          for (const delivery of batch) {
            await seen.handle(delivery.data, delivery);
            if (delivery.data.n % 3 === 0 && delivery.attempt === 1) batch.fail(delivery, new Error("not this one"));
          }
        },
        { batch: { size: 5, wait: "50ms" } },
      );
      await app.publishAll(
        channel,
        range(12).map((n) => t.item(n)),
      );
      await t.until(() => seen.seen.length >= 16, "twelve and four again");
      await t.sleep(t.holdMs);
      for (const n of range(12)) assert.equal(seen.of(n).length, n % 3 === 0 ? 2 : 1, `item ${n}`);
    },
  },
  {
    id: "C5-batch-verdicts",
    clause,
    title: "fail() takes Retry, DeadLetter and Release for single items of one batch",
    needs: all(deadLetters, notLog),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      const verdict = [undefined, new Retry({ delay: "200ms" }), new DeadLetter("bad row"), new Release()];
      const given = new Set<number>();
      await app.consumeBatches(
        channel,
        "main",
        async (batch) => {
          for (const delivery of batch) {
            await seen.handle(delivery.data, delivery);
            const { n } = delivery.data;
            if (verdict[n] !== undefined && !given.has(n)) batch.fail(delivery, verdict[n]);
            given.add(n);
          }
        },
        { batch: { size: 4, wait: "100ms" } },
      );
      await app.publishAll(
        channel,
        range(4).map((n) => t.item(n)),
      );
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.dead?.reason, "bad row");
      await t.until(() => seen.of(1).length >= 2 && seen.of(3).length >= 2, "the retried and the released again");
      assert.deepEqual(
        range(4).map((n) => seen.of(n).length),
        [1, 2, 1, 2],
      );
    },
  },
  {
    id: "C5-batch-that-throws",
    clause,
    title: "a batch handler that throws has failed every item of its batch",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consumeBatches(
        channel,
        "main",
        async (batch) => {
          const all = [...batch];
          for (const delivery of all) await seen.handle(delivery.data, delivery);
          if (all.some((delivery) => delivery.attempt === 1)) throw new Error("all of you");
        },
        { batch: { size: 3, wait: "50ms" } },
      );
      await app.publishAll(
        channel,
        range(3).map((n) => t.item(n)),
      );
      await t.until(() => range(3).every((n) => seen.of(n).some((one) => one.attempt >= 2)), "a second attempt each");
      await t.noDeadLetters(channel.name, "main");
    },
  },
];
