/** The states of an application, from connected to stopped: what each says of its health, and which calls it refuses. */
import { consumer } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { all, assert, countedTimers, pulls, redrives, rejected, within } from "./kit.ts";

const clause = "C13";

export const cases: readonly ContractCase[] = [
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
    id: "C13-stop-ends-dead-letter-work",
    clause,
    title:
      "stop ends a redrive that waits and a look at dead letters that nobody goes on with, and leaves no timer that would keep the process alive",
    needs: all(pulls, redrives),
    run: async (t) => {
      const { runtime, left } = countedTimers(t.runtime);
      const [looked, redriven] = [t.channel(), t.channel()];
      const app = await t.app({ channels: [looked, redriven], retry: { attempts: 1 }, runtime });
      for (const channel of [looked, redriven]) {
        await app.consume(channel, "main", () => {
          throw new Error("no");
        });
        await app.publishAll(channel, [t.item(1), t.item(2)]);
      }
      await t.until(() => app.eventsOf("dead-letter").length >= 4, "four dead letters", 60_000);
      const look = app.messaging.deadLetters(looked, "main").scan({ hide: "11h" })[Symbol.asyncIterator]();
      assert.equal((await look.next()).done, false);
      const slow = { rate: { max: 1, per: "11h" }, hide: "11h" };
      const redrive = app.messaging.deadLetters(redriven, "main").redrive(slow);
      for await (const { moved } of redrive) if (moved === 1) break;
      await app.stop();
      assert.deepEqual(left(), [], "milliseconds of the timers that are left");
      const { moved, stopped, errors } = await within<any>(t, 10_000, redrive, "the redrive");
      assert.deepEqual([moved, stopped, errors[0].code], [1, "error", "closed"]);
      assert.equal((await rejected(look.next(), "the look that nobody went on with")).code, "closed");
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
];
