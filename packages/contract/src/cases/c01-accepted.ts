import type { ContractCase } from "../case.ts";
import {} from "../schema.ts";
import { accepted, assert, exactly, numberOf, published, pulls, range, rejected, sorted, wire, within } from "./kit.ts";

const clause = "C1";

export const cases: readonly ContractCase[] = [
  {
    id: "C1-accepted-survives-close",
    clause,
    title: "an accepted message survives its publisher's close right after",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const sent = await seam.send(
        range(5).map((n) => wire(t, n)),
        sender,
      );
      assert.ok(sent.every(accepted));
      await sender.close();
      await seam.connection.close();
      const reader = await (await t.open(seam.places)).reader();
      assert.deepEqual(sorted((await reader.take(5)).map(numberOf)), range(5));
    },
  },
  {
    id: "C1-bulk-none-lost",
    clause,
    title: "thousands of accepted messages: none is lost",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], groups: { main: { concurrency: 50, maxInFlight: 200 } } });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const count = t.harness.limits?.bulk ?? 2_000;
      const ids: string[] = [];
      for (let at = 0; at < count; at += 500) {
        const items = range(Math.min(500, count - at)).map((n) => t.item(at + n));
        ids.push(...(await app.publishAll(channel, items)));
      }
      assert.equal(new Set(ids).size, count);
      await t.until(
        () => seen.seen.length >= count && new Set(seen.ids).size >= count,
        `all ${count} messages`,
        60_000,
      );
      const missing = ids.filter((id) => !new Set(seen.ids).has(id));
      assert.deepEqual(missing, []);
    },
  },
  {
    id: "C1-throttled-then-accepted",
    clause,
    title: "a throttled publish is sent again until it is accepted",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.next("send", "throttle", 2);
      const { id } = await app.publish(channel, t.item(1));
      assert.equal(control.hits, 2);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.seen.length > 0, "the message");
      assert.deepEqual(seen.ids, [id]);
    },
  },
  {
    id: "C1-server-error-sent-again",
    clause,
    title: "a message is sent again after an internal error of the broker",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.next("send", "error", 1);
      const { id } = await app.publish(channel, t.item(1));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.includes(id), "the message");
    },
  },
  {
    id: "C1-cut-connection",
    clause,
    title: "a connection cut in the middle of publishing loses nothing that was accepted",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      control.next("send", "cut", 2);
      const ids = await app.publishAll(
        channel,
        range(20).map((n) => t.item(n)),
      );
      assert.equal(control.hits, 2);
      await t.until(() => ids.every((id) => seen.ids.includes(id)), "every accepted message");
    },
  },
  {
    id: "C1-lost-reply-is-one-message-or-more",
    clause,
    title: "a reply lost once: accepted at the second try, delivered at least once, under one id",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.next("send", "lose-reply", 1);
      const { id } = await app.publish(channel, t.item(1));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.seen.length > 0, "the message");
      assert.deepEqual(seen.ids, [id]);
    },
  },
  {
    id: "C1-ambiguous-when-never-answered",
    clause,
    title: "when every reply is lost, publish rejects as ambiguous",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { timeout: "2s" }, ...via });
      await published(t, app, channel, t.item(0)); // opening the sender is not what is timed
      control.next("send", "lose-reply");
      const error = await rejected(app.publish(channel, t.item(1)), "a publish without replies");
      assert.equal(error.kind, "ambiguous");
      control.heal();
    },
  },
  {
    id: "C1-ambiguous-then-throttled",
    clause,
    title: "ambiguity is sticky: a later certain failure does not undo it",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { timeout: "2s" }, ...via });
      await published(t, app, channel, t.item(0)); // opening the sender is not what is timed
      control.next("send", "lose-reply", 1);
      control.next("send", "throttle");
      const error = await rejected(app.publish(channel, t.item(1)), "ambiguous, then throttled");
      assert.equal(error.kind, "ambiguous");
      control.heal();
    },
  },
  {
    id: "C1-not-accepted-is-certain",
    clause,
    title: "a publish throttled until its timeout rejects as not accepted, and the broker has no message",
    run: async (t) => {
      // A call that is on the network at the deadline would rightly be ambiguous. A fault at the seam refuses at once.
      const { control, via } = await t.faults("seam");
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { timeout: "2s" }, ...via });
      await published(t, app, channel, t.item(0));
      control.next("send", "throttle");
      const error = await rejected(app.publish(channel, t.item(1)), "a publish throttled to the end");
      assert.ok(["throttled", "retryable"].includes(error.kind), `kind ${error.kind}`);
      control.heal();
      const id = await published(t, app, channel, t.item(2));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.includes(id), "the later message");
      await t.until(() => seen.numbers.includes(0), "the earlier message");
      assert.ok(!seen.numbers.includes(1), "what was not accepted was delivered");
    },
  },
  {
    id: "C1-stalled-does-not-hang",
    clause,
    title: "a broker that never answers: publish rejects as ambiguous within its timeout",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { timeout: "2s" }, ...via });
      await published(t, app, channel, t.item(0)); // opening the sender is not what is timed
      control.next("send", "stall");
      const error = await within(
        t,
        10_000,
        rejected(app.publish(channel, t.item(1)), "a stalled publish"),
        "a stalled publish",
      );
      assert.equal(error.kind, "ambiguous");
      control.heal();
    },
  },
  {
    id: "C1-missing-destination",
    clause,
    title: "using a destination that does not exist fails with a typed error and does not hang",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off", publish: { timeout: "5s" } });
      const publishing = rejected(app.publish(channel, t.item(1)), "publishing to nothing");
      const error = await within(t, 15_000, publishing, "publishing to nothing");
      assert.equal(error.name, "MessagingError");
      assert.ok(["config", "permanent"].includes(error.kind), `kind ${error.kind}`);
    },
  },
  {
    id: "C1-aborted-publish-is-ambiguous",
    clause,
    title: "a publish aborted while it is in flight rejects as ambiguous",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      await app.publish(channel, t.item(0));
      control.next("send", "stall", 1);
      const giveUp = new AbortController();
      const publishing = rejected(app.publish(channel, t.item(1), { signal: giveUp.signal }), "an aborted publish");
      await exactly(t, () => control.hits, 1, "the send to be under way");
      giveUp.abort();
      assert.equal((await publishing).kind, "ambiguous");
    },
  },
  {
    id: "C1-missing-shows-in-health",
    clause,
    title: "a publisher whose destination is missing: health is red and names it",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off", publish: { timeout: "2s" } });
      await within(
        t,
        15_000,
        rejected(app.publish(channel, t.item(1)), "publishing to nothing"),
        "publishing to nothing",
      );
      const { status, problems } = app.messaging.health();
      assert.equal(status, "red");
      assert.ok(
        problems.some((problem: string) => problem.includes(`"${channel.name}"`)),
        problems.join(),
      );
    },
  },
];
