import { Retry } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import {
  all,
  assert,
  brokerRetry,
  delays,
  exactly,
  noDelays,
  notBefore,
  notLog,
  numberOf,
  pulls,
  range,
  rejected,
  wire,
} from "./kit.ts";

const clause = "C10";

/** Brokers count delays in whole seconds. */

const SECOND = 1_000;

export const cases: readonly ContractCase[] = [
  {
    id: "C10-publish-delay",
    clause,
    title: "a delayed message is delivered, never earlier than asked",
    needs: delays,
    run: async (t) => {
      const channel = t.channel({ needs: { delay: "10s" } });
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const at = t.runtime.monotonic();
      await Promise.all([
        app.publish(channel, t.item(0), { delay: "2500ms" }),
        app.publish(channel, t.item(1)),
        app.publish(channel, t.item(2), { delay: "1s" }),
      ]);
      await t.until(() => seen.ids.length === 3, "all three", 20_000);
      notBefore(seen.of(0)[0]!.startedAt, at + 2_500, "the delayed by 2.5 s");
      notBefore(seen.of(2)[0]!.startedAt, at + SECOND, "the delayed by 1 s");
      assert.ok(seen.of(1)[0]!.startedAt < seen.of(0)[0]!.startedAt, "the undelayed did not wait for it");
    },
  },
  {
    id: "C10-driver-delay",
    clause,
    title: "delayedPublishMs observed: the driver keeps delayMs of a message",
    needs: all(pulls, delays),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 20_000 });
      const at = t.runtime.monotonic();
      await seam.send([wire(t, 1, { delayMs: 2_000 }), wire(t, 2)]);
      const reader = await seam.reader();
      const taken = await reader.take(2);
      assert.deepEqual(taken.map(numberOf), [2, 1]);
      notBefore(taken[1]!.at, at + 2_000, "the delayed");
    },
  },
  {
    id: "C10-delay-beyond-the-limit",
    clause,
    title: "a delay beyond what the channel declares is refused, never shortened",
    needs: delays,
    run: async (t) => {
      const channel = t.channel({ needs: { delay: "5s" } });
      const app = await t.app({ channels: [channel] });
      const error = await rejected(
        app.publish(channel, t.item(1), { delay: t.caps.delayedPublishMs + 60_000 }),
        "too long a delay",
      );
      assert.equal(error.kind, "permanent");
      assert.match(error.message, /delay/i);
    },
  },
  {
    id: "C10-undeclared-delay-refused",
    clause,
    title: "a channel that needs an unsupported delay is refused at connect, by name",
    needs: noDelays,
    run: async (t) => {
      const channel = t.channel({ needs: { delay: "5s" } });
      const error = await rejected(t.app({ channels: [channel] }), "connect");
      assert.equal(error.kind, "config");
      assert.match(`${error.message} ${JSON.stringify(error.problems)}`, /delay/);
    },
  },
  {
    id: "C10-undeclared-delay-not-ignored",
    clause,
    title: "a delay that the channel did not declare is refused at publish, not ignored",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const error = await rejected(app.publish(channel, t.item(1), { delay: "5s" }), "a delay without its need");
      assert.equal(error.kind, "permanent");
    },
  },
  {
    id: "C10-retry-delay",
    clause,
    title: "Retry({ delay }) is respected: the next attempt is never early",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt === 1) throw new Retry({ delay: "3s" });
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.seen.length, 2, "the second attempt", 30_000);
      notBefore(seen.seen[1]!.startedAt, seen.seen[0]!.endedAt! + 3_000, "the second attempt");
    },
  },
  {
    id: "C10-backoff-is-kept",
    clause,
    title: "the policy's back-off is respected between attempts",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 3, backoff: "linear", first: "600ms" } });
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt < 3) throw new Error("not yet");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.seen.length, 3, "three attempts", 30_000);
      notBefore(seen.seen[1]!.startedAt, seen.seen[0]!.endedAt! + 600, "the second");
      notBefore(seen.seen[2]!.startedAt, seen.seen[1]!.endedAt! + 1_200, "the third");
    },
  },
  {
    id: "C10-jitter-only-adds",
    clause,
    title:
      "exponential back-off never comes earlier than its nominal wait: jitter only adds, at most the share the policy says",
    run: async (t) => {
      const channel = t.channel();
      const retry = { attempts: 3, backoff: "exponential", first: "300ms", max: "10s", jitter: 0.5 };
      const app = await t.app({ channels: [channel], retry });
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt < 3) throw new Error("not yet");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(4).map((n) => t.item(n)),
      );
      await t.until(() => range(4).every((n) => seen.of(n).length >= 3), "three attempts each", 30_000);
      assert.equal(seen.seen.length, 12);
      for (const n of range(4)) {
        const [first, second, third] = seen.of(n);
        notBefore(second!.startedAt, first!.endedAt! + 300, `the second of ${n}`);
        notBefore(third!.startedAt, second!.endedAt! + 600, `the third of ${n}`);
      }
      for (const { attempt, delayMs } of app.eventsOf("retry")) {
        const nominal = 300 * 2 ** (attempt - 1);
        assert.ok(delayMs >= nominal && delayMs <= nominal * 1.5, `${delayMs} ms after attempt ${attempt}`);
      }
    },
  },
  {
    id: "C10-retry-longer-than-the-hold",
    clause,
    title: "a retry delay longer than the hold is respected",
    needs: notLog,
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const delay = t.holdMs * 2;
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt === 1) throw new Retry({ delay });
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.seen.length, 2, "the second attempt", delay + 30_000);
      notBefore(seen.seen[1]!.startedAt, seen.seen[0]!.endedAt! + delay, "the second attempt");
    },
  },
  {
    id: "C10-driver-retry-delay",
    clause,
    title: "retryDelayMs observed: a message given back with a delay is never early",
    needs: all(pulls, brokerRetry),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 30_000 });
      await seam.send(range(2).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(2);
      const at = t.runtime.monotonic();
      await reader.settle([taken[0]!], { retryMs: 2_000 });
      await reader.settle([taken[1]!], { retryMs: 0 });
      const again = await reader.take(2);
      assert.deepEqual(again.map(numberOf), [numberOf(taken[1]!), numberOf(taken[0]!)]);
      notBefore(again[1]!.at, at + 2_000, "the delayed");
    },
  },
  {
    id: "C10-retry-at-stop-is-not-early",
    clause,
    title: "a message waiting for its retry when the process stops is not early at the next one",
    needs: all(brokerRetry),
    run: async (t) => {
      const channel = t.channel();
      const [one, two] = [await t.app({ channels: [channel], drain: "1s" }), await t.app({ channels: [channel] })];
      const seen = t.recorder((_data, _delivery, record) => {
        if (record.attempt === 1) throw new Retry({ delay: "6s" });
      });
      await one.consume(channel, "main", seen.handle);
      await one.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 1, "the first attempt");
      await one.stop();
      await two.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.seen.length, 2, "the second attempt", 60_000);
      notBefore(seen.seen[1]!.startedAt, seen.seen[0]!.endedAt! + 6_000, "the second attempt");
    },
  },
];
