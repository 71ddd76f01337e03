import { consumer } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { assert, range, redrives, rejected, within } from "./kit.ts";

export const cases: readonly ContractCase[] = [
  {
    id: "C13-handlers-publish-while-draining",
    clause: "C13",
    title: "a handler that drains may still publish, and what it published is there",
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
    clause: "C13",
    title: "stopped as soon as it has started, a member keeps nothing from the next one",
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
    clause: "C13",
    title:
      "run() rejects with the reason when start() fails: a process that could not start must not exit as if it had ended well",
    needs: (_caps, harness) => (harness.adapter.topology === undefined ? "the adapter has no topology" : undefined),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off" });
      app.messaging.consume(consumer(channel, "main", { "*": () => {} } as never));
      const error = await within(t, 20_000, rejected(app.messaging.run(), "run"), "run");
      assert.equal(error.name, "MessagingError");
      assert.equal(error.kind, "config");
      assert.equal(app.messaging.health().state, "stopped");
    },
  },
  {
    id: "C11-redrive-of-many",
    clause: "C11",
    title: "redrive sends each of many dead letters once, though they die again meanwhile",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const seen = t.recorder(() => {
        throw new Error("still down");
      });
      await app.consume(channel, "main", seen.handle);
      const ids = await app.publishAll(
        channel,
        range(35).map((n) => t.item(n)),
      );
      const count = (times: number) =>
        ids.every((id) => app.eventsOf("dead-letter").filter((event) => event.id === id).length >= times);
      await t.until(() => count(1), "all dead", 60_000);
      const letters = app.messaging.deadLetters(channel, "main");
      // A broker may answer emptily while it has some left: what is left is the next call's.
      await t.until(async () => (await letters.redrive(), count(2)), "each died again", 90_000);
    },
  },
];
