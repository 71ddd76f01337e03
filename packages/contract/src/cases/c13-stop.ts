/** What a stop does with the work in hand: handlers end, what has not started goes back, publishes are answered, and a deadline holds. */
import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import { assert, exactly, isLog, pulls, range, within } from "./kit.ts";

const clause = "C13";

export const cases: readonly ContractCase[] = [
  {
    id: "C13-running-handlers-finish",
    clause,
    title: "stop waits for running handlers and settles their messages, which do not come again",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const [one, two] = [await t.app({ channels: [channel] }), await t.app({ channels: [channel] })];
      const seen = t.recorder(() => t.sleep(1_000));
      await one.consume(channel, "main", seen.handle);
      await one.publishAll(channel, [t.item(1), t.item(2)]);
      await t.until(() => seen.running >= 1, "a running handler");
      const report = await one.stop();
      assert.equal(seen.running, 0);
      assert.ok(report.completed >= 1 && report.abandoned === 0, JSON.stringify(report));
      assert.equal(report.drained, report.completed);
      const finished = new Set(seen.done.map((record) => record.id));
      const later = t.recorder();
      await two.consume(channel, "main", later.handle);
      await t.sleep(t.holdMs + 1_000);
      assert.deepEqual(
        later.ids.filter((id) => finished.has(id)),
        [],
      );
    },
  },
  {
    id: "C13-unstarted-are-given-back",
    clause,
    title: "received but unstarted messages are returned at once, not when their holds end",
    run: async (t) => {
      const channel = t.channel();
      const groups = { main: { concurrency: 1, maxInFlight: 10, hold: "60s" } };
      const [one, two] = [await t.app({ channels: [channel], groups }), await t.app({ channels: [channel], groups })];
      const seen = t.recorder(() => t.sleep(500));
      const ids = await one.publishAll(
        channel,
        range(6).map((n) => t.item(n)),
      );
      await one.consume(channel, "main", seen.handle);
      await t.until(() => seen.running >= 1, "a running handler");
      const report = await one.stop();
      assert.equal(report.abandoned, 0);
      const started = seen.seen.length;
      const later = t.recorder();
      await two.consume(channel, "main", later.handle);
      await t.until(
        () => new Set([...seen.ids, ...later.ids]).size === ids.length,
        "the rest, in another process",
        isLog(t.caps) ? 40_000 : 20_000,
      );
      assert.equal(seen.seen.length, started);
    },
  },
  {
    id: "C13-many-unstarted",
    clause,
    title:
      "a stop with 100 running handlers and 900 unstarted messages, or as many as the broker lets a process hold: the 100 end and the 900 are given back, within 1.5 times the handler's time",
    needs: pulls,
    run: async (t) => {
      const [quick, running, unstarted, handlerMs] = [200, 100, 900, 4_000];
      const channel = t.channel();
      let received = 0;
      const adapter = intercept(t.harness.adapter, {
        receive: async (max, call, from) => {
          const got = await call(max);
          if (from.dead !== true) received += got?.length ?? 0;
          t.changed();
          return got;
        },
      });
      // Twice the room: core does not ask for a few messages while half of it is taken. A poll may last a third of the drain.
      const groups = { main: { concurrency: running, maxInFlight: 2 * (running + unstarted), hold: "60s" } };
      const options = { channels: [channel], groups, drain: "9s" };
      const [one, two] = [await t.app({ ...options, adapter }), await t.app(options)];
      const stopping = Promise.withResolvers<void>();
      const seen = t.recorder(async ({ n }) => {
        if (n < quick) return;
        await stopping.promise;
        await t.sleep(handlerMs);
      });
      const ids = await one.publishAll(
        channel,
        range(quick).map((n) => t.item(n)),
      );
      await one.consume(channel, "main", seen.handle);
      // A broker that pushes sends as many as handlers finish in time, which is measured first.
      await t.until(() => seen.done.length >= quick, "the quick ones");
      const before = received;
      const slow = range(running + unstarted).map((n) => t.item(quick + n));
      ids.push(...(await one.publishAll(channel, slow)));
      // Readers of partitions that push hold few messages each, so all of them may be with handlers.
      const few = isLog(t.caps) ? 1 : (t.caps.minInFlight ?? 1);
      const full = () => received - before >= slow.length && seen.running === running;
      await t.until(() => full() || (few > 1 && seen.running >= few), "a full process", 20_000);
      const [held, began] = [received - before, seen.running];
      const at = t.runtime.monotonic();
      const stop = one.stop();
      stopping.resolve();
      const report = await stop;
      const tookMs = t.runtime.monotonic() - at;
      assert.ok(tookMs <= 1.5 * handlerMs, `the stop took ${tookMs} ms`);
      assert.equal(report.drained, began);
      assert.equal(report.abandoned, 0);
      // What was given back may come into a poll that has not ended, and is then given back again.
      assert.ok(report.released >= held - began, `${report.released} of ${held - began} given back`);
      assert.equal(seen.done.length, quick + began);
      const later = t.recorder();
      await two.consume(channel, "main", later.handle);
      await t.until(() => new Set([...seen.ids, ...later.ids]).size === ids.length, "the rest, in another process");
    },
  },
  {
    id: "C13-no-new-handler-after-stop",
    clause,
    title: "no handler starts after stop was called, even under load",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], groups: { main: { concurrency: 3 } } });
      let stopping = false;
      let late = 0;
      const seen = t.recorder(() => {
        if (stopping) late++;
        return t.sleep(50);
      });
      await app.publishAll(
        channel,
        range(60).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.done.length >= 5, "some");
      stopping = true;
      await app.stop();
      assert.equal(late, 0);
      const atStop = seen.seen.length;
      await t.sleep(1_000);
      assert.equal(seen.seen.length, atStop);
    },
  },
  {
    id: "C13-handlers-publish-while-draining",
    clause,
    title: "a draining handler may still publish, and its messages are accepted",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      let stopping = false;
      let published: string | undefined;
      const seen = t.recorder(async () => {
        await t.until(() => stopping, "the stop");
        published ??= (await app.publish(channel, t.item(2))).id;
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => seen.running >= 1, "a running handler");
      const stopped = app.stop();
      stopping = true;
      assert.equal((await stopped).abandoned, 0);
      const next = await t.app({ channels: [channel] });
      const later = t.recorder();
      await next.consume(channel, "main", later.handle);
      await t.until(() => published !== undefined && later.ids.includes(published), "what it published", 60_000);
    },
  },
  {
    id: "C13-pending-publishes-are-flushed",
    clause,
    title: "stop waits for pending publishes: each is answered, and the broker has every accepted message",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const publishing = Promise.allSettled(range(20).map((n) => app.publish(channel, t.item(n))));
      await app.stop();
      const accepted = (await publishing).flatMap((result) => (result.status === "fulfilled" ? [result.value.id] : []));
      const next = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await next.consume(channel, "main", seen.handle);
      await t.until(() => accepted.every((id) => seen.ids.includes(id)), "what was accepted");
      assert.ok(accepted.length > 0);
    },
  },
  {
    id: "C13-stop-while-waiting-for-a-retry",
    clause,
    title: "stop does not wait out a long retry delay",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 3, first: "10m", max: "10m" } });
      const seen = t.recorder(() => {
        throw new Error("later");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 1, "the failure");
      await within(t, 15_000, app.stop(), "stop during a retry delay");
    },
  },
  {
    id: "C13-deadline-abandons",
    clause,
    title: "at the deadline delivery.signal aborts, stop ends and counts the abandoned; the message comes again",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const [one, two] = [await t.app({ channels: [channel] }), await t.app({ channels: [channel] })];
      let aborted = false;
      const stuck = t.recorder((_data, delivery) => {
        delivery.signal.addEventListener("abort", () => {
          aborted = true;
        });
        return new Promise(() => {});
      });
      await one.consume(channel, "main", stuck.handle);
      const { id } = await one.publish(channel, t.item(1));
      await t.until(() => stuck.running >= 1, "a running handler");
      const report = await within(t, 10_000, one.stop({ deadline: "1s" }), "stop with a deadline of 1 s");
      assert.equal(report.abandoned, 1);
      assert.equal(aborted, true);
      const seen = t.recorder();
      await two.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.includes(id), "the message again", 120_000);
    },
  },
  {
    id: "C13-stop-with-a-silent-broker",
    clause,
    title: "with a broker that no longer answers, stop takes at most its deadline plus four seconds",
    run: async (t) => {
      const channel = t.channel();
      let speak!: () => void;
      const silence = new Promise<void>((resolve) => {
        speak = resolve;
      });
      let silent = false;
      const hear = async () => (silent ? silence : undefined);
      const adapter = intercept(t.harness.adapter, {
        settle: async (batch, call) => (await hear(), call(batch)),
        release: async () => (await hear(), true),
        close: async () => (await hear(), true),
      });
      const app = await t.app({ channels: [channel], adapter });
      t.after(speak);
      const seen = t.recorder(() => {
        silent = true;
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 1, "the handler");
      const began = t.runtime.monotonic();
      await within(t, 15_000, app.stop({ deadline: "100ms" }), "stop");
      const took = t.runtime.monotonic() - began;
      assert.ok(took <= 4_100 + t.slackMs, `stop took ${took} ms`);
    },
  },
];
