import { DependencyDown, middleware } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { all, assert, deadLetters, delays, exactly, pulls, range } from "./kit.ts";

const clause = "breaker";

/** A group whose breaker opens after three messages. */
const breaker = { minimum: 3, failures: 0.5, pause: "1s..4s" };
const states = (app: { eventsOf(type: string): any[] }): string[] => app.eventsOf("breaker").map(({ state }) => state);

export const cases: readonly ContractCase[] = [
  {
    id: "B-dependency-down",
    clause,
    title: "a handler that reports a dependency down uses up no attempt, and the message is handled once it is back",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1, first: "50ms", max: "200ms" } });
      let down = true;
      const seen = t.recorder(() => {
        if (down) throw new DependencyDown("the database");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => seen.of(1).length >= 4, "several tries");
      down = false;
      const before = seen.of(1).length;
      await t.until(() => seen.of(1).length > before, "the try that succeeds");
      assert.deepEqual([...new Set(seen.of(1).map(({ attempt }) => attempt))], [1]);
      assert.equal(app.eventsOf("dead-letter").length, 0);
    },
  },
  {
    id: "B-opens-and-closes",
    clause,
    title:
      "a breaker opens after enough failures, lets one message try after each pause, and closes when they succeed; no attempt is used up",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 1, first: "50ms", max: "100ms" },
        groups: { main: { breaker, concurrency: 4, maxInFlight: 8 } },
      });
      let down = true;
      const seen = t.recorder(() => {
        if (down) throw new DependencyDown("the database");
      });
      await app.publishAll(
        channel,
        range(20).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle);
      await t.until(
        () => states(app).filter((state) => state === "open").length >= 3,
        "two pauses with a failed try each",
      );
      // What ran when it opened, and one for each try afterwards.
      assert.ok(seen.seen.length <= 3 + 4 + 8 + states(app).length, `${seen.seen.length} tries`);
      assert.notEqual(app.messaging.health().status, "green");
      down = false;
      await t.until(
        () => seen.done.filter(({ data }) => data !== undefined).length > 0 && seen.ids.length === 20,
        "all",
      );
      await t.until(() => states(app).at(-1) === "closed", "closed");
      await t.until(() => app.messaging.health().status === "green", "green");
      assert.deepEqual([...new Set(seen.seen.map(({ attempt }) => attempt))], [1]);
      assert.equal(app.eventsOf("dead-letter").length, 0);
    },
  },
  {
    id: "B-poison-does-not-open",
    clause,
    title: "messages that fail by themselves do not open the breaker, and become dead letters as ever",
    needs: all(pulls, deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 }, groups: { main: { breaker } } });
      const seen = t.recorder(() => {
        throw new TypeError("poison");
      });
      await app.publishAll(
        channel,
        range(6).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => app.eventsOf("dead-letter").length, 6, "dead letters");
      assert.deepEqual(states(app), []);
    },
  },
  {
    id: "B-probe-and-resume",
    clause,
    title: "a probe decides when messages are tried again, and resume() does not wait for the end of the pause",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { first: "50ms", max: "100ms" },
        groups: { main: { breaker: { ...breaker, pause: "500ms..1h" } } },
      });
      let down = true;
      let probes = 0;
      const seen = t.recorder(() => {
        if (down) throw new DependencyDown("the database");
      });
      const probe = () => {
        probes++;
        if (down) throw new Error("still down");
      };
      await app.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle, { probe });
      await t.until(() => probes >= 2, "two probes");
      const tries = seen.seen.length;
      assert.deepEqual([...new Set(states(app))], ["open"]);
      down = false;
      app.messaging.resume(channel, "main");
      await t.until(() => seen.ids.length === 5 && seen.seen.length >= tries + 5, "all after resume()");
      assert.ok(states(app).includes("half-open"));
    },
  },
  {
    id: "B-retry-total",
    clause,
    title: "retry.total ends the tries of a message whose dependency stays down: it becomes a dead letter",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 1, first: "100ms", max: "200ms", total: "2s" },
      });
      const seen = t.recorder(() => {
        throw new DependencyDown("the database");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => app.eventsOf("dead-letter").length === 1, "the dead letter");
      assert.equal(app.eventsOf("dead-letter")[0].code, "retry-time-over");
      assert.ok(seen.seen.length >= 3, `${seen.seen.length} tries`);
    },
  },
  {
    id: "B-retry-total-unattempted",
    clause,
    title:
      "retry.total ends no message whose handler never began: once its middleware lets it through, it has one attempt",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 1, first: "100ms", max: "200ms", total: "1s" },
      });
      let down = true;
      let refused = 0;
      const claims = middleware(async (_delivery, next) => {
        if (!down) return next();
        refused++;
        throw new DependencyDown("the inbox's store");
      });
      const seen = t.recorder(() => {
        throw new DependencyDown("the database");
      });
      await app.consume(channel, "main", seen.handle, { use: [claims] });
      const at = t.runtime.monotonic();
      await app.publish(channel, t.item(1));
      await t.until(() => refused >= 4 && t.runtime.monotonic() - at > 3_000, "more than total");
      assert.deepEqual([seen.seen.length, app.eventsOf("dead-letter").length], [0, 0]);
      down = false;
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      assert.equal(app.eventsOf("dead-letter")[0].code, "retry-time-over");
      assert.equal(seen.seen.length, 1);
    },
  },
  {
    id: "B-retry-total-after-delay",
    clause,
    title:
      "a delay that the publisher asked for does not count towards retry.total: it is counted from when it is over",
    needs: all(deadLetters, delays),
    run: async (t) => {
      const channel = t.channel({ needs: { delay: "10s" } });
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 1, first: "100ms", max: "200ms", total: "2s" },
      });
      const seen = t.recorder(() => {
        throw new DependencyDown("the database");
      });
      await app.consume(channel, "main", seen.handle);
      const at = t.runtime.monotonic();
      await app.publish(channel, t.item(1), { delay: "3s" });
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter", 30_000);
      assert.equal(app.eventsOf("dead-letter")[0].code, "retry-time-over");
      // The time is looked at when the attempt has ended.
      const last = seen.seen.at(-1)!.endedAt! - at;
      assert.ok(last >= 4_900, `the last try ended after ${last} ms`);
      assert.ok(seen.seen.length >= 3, `${seen.seen.length} tries`);
    },
  },
  {
    id: "B-release-with-delay",
    clause,
    title: "a released message comes no earlier than its delay, and uses up no attempt where it can be kept",
    run: async (t) => {
      const { Release } = await import("@switchyard/core");
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      let released = false;
      const seen = t.recorder(() => {
        if (released) return;
        released = true;
        throw new Release({ delay: "700ms" });
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => seen.of(1).length === 2, "the second delivery");
      const [first, second] = seen.of(1);
      assert.ok(second!.startedAt - first!.endedAt! >= 690, `${second!.startedAt - first!.endedAt!} ms`);
      assert.equal(second!.attempt, 1);
    },
  },
  {
    id: "B-rate",
    clause,
    title: "a rate limit spreads messages over time; waiting for it is no failure",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        groups: { main: { rate: { max: 5, per: "1s" }, concurrency: 10, maxInFlight: 20 } },
      });
      const seen = t.recorder();
      await app.publishAll(
        channel,
        range(15).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 15, "all");
      const starts = seen.seen.map(({ startedAt }) => startedAt).sort((a, b) => a - b);
      // Five at once and then five a second: the fifteenth comes two seconds after the first.
      assert.ok(starts[14]! - starts[0]! >= 1_900, `${starts[14]! - starts[0]!} ms`);
      for (const [i, at] of starts.entries()) {
        const within = starts.filter((other) => other >= at && other < at + 990).length;
        assert.ok(within <= 10, `${within} within a second of message ${i}`);
      }
      assert.equal(app.eventsOf("retry").length, 0);
    },
  },
];
