import type { ContractCase } from "../case.ts";
import { all, assert, exactly, ordered } from "./kit.ts";

const clause = "C14";

export const cases: readonly ContractCase[] = [
  {
    id: "C14-expired-is-not-handled",
    clause,
    title: "an expired message is settled and reported, not handled",
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const { id } = await app.publish(channel, t.item(1), { expires: "1s" });
      await app.publish(channel, t.item(2), { expires: "10m" });
      await t.sleep(1_500);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.seen.length >= 1 && app.eventsOf("expired").length >= 1, "one handled, one expired");
      assert.deepEqual(seen.numbers, [2]);
      assert.equal(app.eventsOf("expired")[0].id, id);
      await t.sleep(t.holdMs + 500);
      assert.equal(app.eventsOf("expired").length, 1);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "C14-expires-while-retrying",
    clause,
    title: "a message that expires while it waits for its retry is not tried again",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 5, first: "3s" } });
      const seen = t.recorder((data) => {
        if (data.n === 1) throw new Error("later");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(0));
      await exactly(t, () => seen.done.length, 1, "the consumer to be at work", 60_000);
      await app.publish(channel, t.item(1), { expires: "1500ms" });
      await exactly(t, () => app.eventsOf("expired").length, 1, "the expiry", 30_000);
      assert.equal(seen.of(1).length, 1);
    },
  },
  {
    id: "C14-expiry-leaves-a-gap",
    clause,
    title: "an expired message of a key does not block it, and the gap is reported",
    needs: all(ordered),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      await app.publish(channel, { n: 1, k: "a" }, { expires: "500ms" });
      await app.publish(channel, { n: 2, k: "a" });
      await t.sleep(1_000);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.done.length, 1, "the other");
      assert.deepEqual(seen.numbers, [2]);
      assert.deepEqual(
        app.eventsOf("order-gap").map((event) => event.reason),
        ["expiry"],
      );
    },
  },
];
