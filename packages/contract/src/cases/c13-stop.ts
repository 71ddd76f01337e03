import { consumer } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import { all, assert, exactly, isLog, notLog, numberOf, pulls, range, rejected, sorted, wire, within } from "./kit.ts";

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
    id: "C13-stop-under-load-loses-nothing",
    clause,
    title: "stopping and taking over under load loses nothing",
    run: async (t) => {
      const channel = t.channel();
      const seen = t.recorder(() => t.sleep(5));
      const publisher = await t.app({ channels: [channel] });
      const ids = await publisher.publishAll(
        channel,
        range(80).map((n) => t.item(n)),
      );
      const first = await t.app({ channels: [channel] });
      await first.consume(channel, "main", seen.handle);
      await t.until(() => seen.done.length >= 10, "some");
      const second = await t.app({ channels: [channel] });
      await Promise.all([first.stop(), second.consume(channel, "main", seen.handle)]);
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === ids.length, "every message", 60_000);
    },
  },
  {
    id: "C13-idempotent",
    clause,
    title: "stop may be called repeatedly and concurrently: each call resolves with the same report",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder(() => t.sleep(200));
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => seen.running >= 1, "a running handler");
      const [one, two] = await Promise.all([app.stop(), app.stop()]);
      assert.deepEqual(one, two);
      assert.deepEqual(await app.stop(), one);
    },
  },
  {
    id: "C13-many-come-and-go-at-once",
    clause,
    title: "many members that start and stop at the same time lose nothing: a later one gets all that is left",
    run: async (t) => {
      const channel = t.channel();
      const publisher = await t.app({ channels: [channel] });
      const seen = t.recorder(() => t.sleep(10));
      const members = await Promise.all(range(6).map(() => t.app({ channels: [channel], drain: "1s" })));
      const publishing = publisher.publishAll(
        channel,
        range(60).map((n) => t.item(n)),
      );
      await Promise.all(
        members.map(async (member, n) => {
          await member.consume(channel, "main", seen.handle);
          await t.sleep(n * 20);
          await member.stop();
        }),
      );
      const ids = await publishing;
      const last = await t.app({ channels: [channel] });
      await last.consume(channel, "main", seen.handle);
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === ids.length, "every message", 60_000);
    },
  },
  {
    id: "C13-stop-before-start",
    clause,
    title: "an application that was never started can stop",
    run: async (t) => {
      const app = await t.app({ channels: [t.channel()] });
      assert.deepEqual(await app.stop(), { completed: 0, drained: 0, released: 0, abandoned: 0 });
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
    id: "C13-publish-after-stop",
    clause,
    title: "publishing after stop is refused as closed",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      await app.publish(channel, t.item(1));
      await app.stop();
      assert.equal((await rejected(app.publish(channel, t.item(2)), "a publish after stop")).kind, "closed");
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
    id: "C13-driver-close-while-receiving",
    clause,
    title: "closing a receiver ends its running receive without loss",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      const lease = await reader.lease();
      const receiving = lease.receive(10, 20_000, t.signal).then(
        (got) => got?.length ?? 0,
        () => 0,
      );
      await t.sleep(50);
      await within(t, 15_000, reader.close(), "close");
      assert.equal(await within(t, 15_000, receiving, "the running receive"), 0);
      await seam.send(range(3).map((n) => wire(t, n)));
      const next = await (await t.open(seam.places)).reader();
      const taken = await next.take(3, { withinMs: 60_000 });
      assert.deepEqual(sorted(taken.map(numberOf)), range(3));
    },
  },
  {
    id: "C13-driver-close-twice",
    clause,
    title: "closing repeatedly or concurrently is harmless, for senders, receivers and connections",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const reader = await seam.reader();
      await reader.lease();
      await Promise.all([reader.driver.close(), reader.driver.close(), sender.close(), sender.close()]);
      await reader.driver.close();
      await seam.connection.close();
      await seam.connection.close();
      const again = await t.open(seam.places);
      await again.send([wire(t, 1)]);
      assert.equal((await (await again.reader()).take(1, { withinMs: 60_000 })).length, 1);
    },
  },
  {
    id: "C13-driver-abort-loses-nothing",
    clause,
    title: "aborting receives while messages come loses none: what was read is given, the rest stays",
    needs: all(pulls, all(notLog)),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      const lease = await reader.lease();
      const sender = await seam.sender();
      const got: number[] = [];
      for (const round of range(6)) {
        const abort = new AbortController();
        const receiving = lease.receive(10, 1_000, abort.signal);
        const sending = seam.send([wire(t, round * 2), wire(t, round * 2 + 1)], sender);
        // Aborts at once, a tick later or some milliseconds later: before, while or after the messages are read.
        if (round % 3 === 1) await Promise.resolve();
        if (round % 3 === 2) await t.sleep(round);
        abort.abort();
        const taken = (await receiving) ?? [];
        got.push(...taken.map((delivery) => numberOf({ lease, delivery, at: 0 })));
        if (taken.length > 0) {
          await lease.settle(
            taken.map(({ receipt }) => ({ receipt, action: "ack" as const })),
            t.signal,
          );
        }
        await sending;
      }
      const rest = await reader.take(12 - got.length, { withinMs: t.holdMs + 20_000 });
      assert.deepEqual(sorted([...got, ...rest.map(numberOf)]), range(12));
    },
  },
  {
    id: "C13-health-tells-a-forgotten-start",
    clause,
    title:
      "health is red while a consumer is registered and not started, green and ready once it receives, red after stop; a process that works is live",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      assert.deepEqual([app.messaging.health().status, app.messaging.health().problems], ["green", []]);
      app.messaging.consume(consumer(channel, "main", { "*": () => {} } as never));
      assert.equal(app.messaging.health().status, "red");
      assert.match(app.messaging.health().problems.join(), /call start\(\)/);
      assert.deepEqual([app.messaging.health().live, app.messaging.health().ready], [true, false]);
      assert.equal(app.messaging.health().channels[channel.name].status, "red");
      const starting = app.messaging.start();
      assert.equal(app.messaging.health().status, "yellow");
      await starting;
      await t.until(() => app.messaging.health().status === "green", "health, green");
      assert.deepEqual([app.messaging.health().live, app.messaging.health().ready], [true, true]);
      assert.deepEqual(app.messaging.health().channels, { [channel.name]: { status: "green", problems: [] } });
      const stopping = app.stop();
      assert.deepEqual([app.messaging.health().status, app.messaging.health().ready], ["yellow", false]);
      await stopping;
      assert.equal(app.messaging.health().status, "red");
    },
  },
  {
    id: "C13-closed-after-stop",
    clause,
    title: "after stop no call reaches the broker: depth, dead letters and replay reject as closed",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const letters = app.messaging.deadLetters(channel, "main");
      await app.stop();
      const closed = async (work: Promise<unknown>, what: string) => {
        const error = await within(t, 10_000, rejected(work, what), what);
        assert.deepEqual([error.code, error.kind], ["closed", "closed"], `${what}: ${error.message}`);
      };
      await closed(app.messaging.depth(channel), "depth");
      await closed(app.messaging.replay(channel, "main", "earliest"), "replay");
      await closed(letters.peek(), "peek");
      await closed(letters.redrive(), "redrive");
      await closed(letters.purge(), "purge");
      await closed(app.messaging.deadLetters(channel, "main").peek(), "peek of another box");
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
    id: "C13-stop-right-after-start",
    clause,
    title: "a member stopped right after its start withholds no message from the next one",
    run: async (t) => {
      const channel = t.channel();
      const publisher = await t.app({ channels: [channel] });
      const ids = await publisher.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      const seen = t.recorder();
      for (let i = 0; i < 3; i++) {
        const member = await t.app({ channels: [channel], drain: "1s" });
        await member.consume(channel, "main", seen.handle);
        await member.stop();
      }
      const last = await t.app({ channels: [channel] });
      await last.consume(channel, "main", seen.handle);
      await t.until(() => new Set(seen.done.map(({ id }) => id)).size === ids.length, "every message", 90_000);
    },
  },
  {
    id: "C13-run-rejects-when-start-fails",
    clause,
    title:
      "run() rejects with the reason when start() fails: a process that could not start must not exit as if it had ended well",
    needs: all(pulls, (_caps, harness) =>
      harness.adapter.topology === undefined ? "the adapter has no topology" : undefined,
    ),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off" });
      app.messaging.consume(consumer(channel, "main", { "*": () => {} } as never));
      const error = await within(t, 20_000, rejected(app.messaging.run(), "run"), "run");
      assert.equal(error.name, "MessagingError");
      assert.equal(error.kind, "config");
      assert.equal(app.messaging.health().state, "stopped");
      // No stop was requested, so none was shortened.
      assert.deepEqual(app.eventsOf("stop-shortened"), []);
    },
  },
];
