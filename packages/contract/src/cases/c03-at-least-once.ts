import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import {
  all,
  assert,
  competing,
  isLog,
  manyGroups,
  notLog,
  numberOf,
  ownDeadline,
  pulls,
  range,
  sorted,
  wire,
} from "./kit.ts";

const clause = "C3";

export const cases: readonly ContractCase[] = [
  {
    id: "C3-acked-stays-away",
    clause,
    title: "an acknowledged message does not come again after its hold would have ended",
    needs: all(pulls, notLog),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(6).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(6);
      const settled = taken.filter((one) => numberOf(one) % 2 === 0);
      assert.deepEqual(await reader.settle(settled), [undefined, undefined, undefined]);
      // A hold without a deadline ends when its receiver closes.
      if (!t.caps.holdExtend) await reader.close();
      const later = t.caps.holdExtend ? reader : await (await t.open(seam.places)).reader();
      const again = await later.watch(t.holdMs + t.slackMs / 2 + 1_000, true);
      assert.deepEqual(sorted(again.map(numberOf)), [1, 3, 5]);
      assert.ok(!isLog(t.caps));
    },
  },
  {
    id: "C3-published-before-the-consumer",
    clause,
    title: "messages accepted before a consumer started are delivered to its group",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const ids = await app.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 5, "all five");
      assert.deepEqual([...seen.ids].sort(), [...ids].sort());
    },
  },
  {
    id: "C3-members-compete",
    clause,
    title: "two members of a group share the messages: each goes to one of them",
    run: async (t) => {
      const channel = t.channel();
      const shared = {
        channels: [channel],
        groups: { main: { concurrency: 2, maxInFlight: Math.max(2, t.caps.minInFlight ?? 1) } },
        channelConfig: t.harness.model === "stream" ? { partitions: 4 } : {},
      };
      const publisher = await t.app(shared);
      const one = t.recorder(() => t.sleep(20));
      const two = t.recorder(() => t.sleep(20));
      await (await t.app(shared)).consume(channel, "main", one.handle);
      await (await t.app(shared)).consume(channel, "main", two.handle);
      if (t.caps.groupMembership === "leases") await t.sleep(5_000 + t.slackMs);
      const ids = await publisher.publishAll(
        channel,
        range(60).map((n) => t.item(n)),
      );
      await t.until(() => new Set([...one.ids, ...two.ids]).size === 60, "all sixty", 30_000);
      // A standard queue may now and then deliver a message twice. A group whose members do not compete would deliver every message twice.
      const again = one.seen.length + two.seen.length - ids.length;
      assert.ok(again <= (t.caps.ordering === "none" ? ids.length / 10 : 0), `${again} of ${ids.length} came twice`);
      assert.ok(one.seen.length > 0 && two.seen.length > 0, `shared ${one.seen.length} to ${two.seen.length}`);
    },
  },
  {
    id: "C3-each-group-gets-all",
    clause,
    title: "each group gets every message, whatever the others do",
    needs: manyGroups,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], groups: { first: {}, second: {} }, retry: { attempts: 2 } });
      const fine = t.recorder();
      const failing = t.recorder(() => {
        throw new Error("no");
      });
      await app.consume(channel, "first", fine.handle);
      await app.consume(channel, "second", failing.handle);
      const ids = await app.publishAll(
        channel,
        range(10).map((n) => t.item(n)),
      );
      await t.until(
        () => fine.ids.length === 10 && failing.seen.length >= 20,
        "ten in one group, twenty attempts in the other",
      );
      assert.deepEqual([...fine.ids].sort(), [...ids].sort());
      assert.equal(fine.seen.length, 10);
    },
  },
  {
    id: "C3-groups-of-the-time",
    clause,
    title: "a message goes to the groups that exist when it is accepted: a group added later does not get it",
    needs: all(manyGroups, notLog, (_caps, harness) =>
      harness.adapter.topology === undefined ? "the adapter has no topology" : undefined,
    ),
    run: async (t) => {
      const { to, groups } = t.layout("grown", ["early", "late"]);
      const { early, late } = groups;
      await t.provision([to, early!]);
      const seam = await t.open(t.layout("grown", ["early", "late"]));
      await seam.send([wire(t, 1)], await seam.sender(to));
      await t.provision([to, early!, late!]);
      await seam.send([wire(t, 2)], await seam.sender(to));
      const [first, second] = [await seam.readerOf(early!), await seam.readerOf(late!)];
      assert.deepEqual(sorted((await first.take(2)).map(numberOf)), [1, 2]);
      assert.deepEqual((await second.watch(1_500, true)).map(numberOf), [2]);
    },
  },
  {
    id: "C3-channels-are-apart",
    clause,
    title: "two channels in parallel each deliver their own messages",
    run: async (t) => {
      const [left, right] = [t.channel(), t.channel()];
      const app = await t.app({ channels: [left, right] });
      const [a, b] = [t.recorder(), t.recorder()];
      await app.consume(left, "main", a.handle);
      await app.consume(right, "main", b.handle);
      const [ours, theirs] = await Promise.all([
        app.publishAll(
          left,
          range(20).map((n) => t.item(n)),
        ),
        app.publishAll(
          right,
          range(20).map((n) => t.item(n)),
        ),
      ]);
      await t.until(() => a.ids.length === 20 && b.ids.length === 20, "twenty each");
      assert.deepEqual([...a.ids].sort(), [...ours].sort());
      assert.deepEqual([...b.ids].sort(), [...theirs].sort());
    },
  },
  {
    id: "C3-many-publishers-many-consumers",
    clause,
    title: "concurrent publishers and consumers: every id arrives",
    run: async (t) => {
      const channel = t.channel();
      const apps = await Promise.all(range(3).map(() => t.app({ channels: [channel] })));
      const seen = t.recorder();
      for (const app of apps) await app.consume(channel, "main", seen.handle);
      const published = await Promise.all(
        apps.flatMap((app, a) => range(40).map((n) => app.publish(channel, t.item(a * 100 + n)))),
      );
      await t.until(() => seen.ids.length >= 120, "all 120", 30_000);
      assert.deepEqual([...seen.ids].sort(), published.map(({ id }) => id).sort());
    },
  },
  {
    id: "C3-resume-without-loss",
    clause,
    title: "consumers that come and go while messages are published lose none",
    run: async (t) => {
      const channel = t.channel();
      const options = { channels: [channel], groups: { main: { concurrency: 3 } }, drain: "2s" };
      const publisher = await t.app(options);
      const seen = t.recorder(() => t.sleep(10));
      const ids: string[] = [];
      for (const round of range(4)) {
        ids.push(
          ...(await publisher.publishAll(
            channel,
            range(15).map((n) => t.item(round * 100 + n)),
          )),
        );
        const app = await t.app(options);
        const before = seen.done.length;
        await app.consume(channel, "main", seen.handle);
        await t.until(() => seen.done.length > before + 3, "some to be handled", 30_000);
        await Promise.all([app.stop(), app.stop()]);
      }
      const last = await t.app(options);
      await last.consume(channel, "main", seen.handle);
      await t.until(() => ids.every((id) => seen.ids.includes(id)), "every message", 60_000);
    },
  },
  {
    id: "C3-every-ack-lost",
    clause,
    title: "if no ack reaches the broker, every message comes again and none is lost",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      let swallowed = 0;
      const adapter = intercept(t.harness.adapter, {
        settle: async (batch, call) => {
          if (swallowed >= 10) return call(batch);
          swallowed += batch.length;
          t.changed();
          return batch.map(() => undefined);
        },
      });
      const app = await t.app({ channels: [channel], adapter });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      await t.until(() => swallowed >= 10, "each message to lose two acknowledgements", t.holdMs * 4 + t.slackMs);
      await t.until(
        () => range(5).every((n) => seen.of(n).length >= 3),
        "each message once more",
        t.holdMs * 4 + t.slackMs,
      );
      const settledAt = seen.seen.length;
      await t.sleep(t.holdMs * 2);
      assert.ok(seen.seen.length <= settledAt + 5, "they stay away once an ack got through");
    },
  },
  {
    id: "C3-receive-survives-a-cut",
    clause,
    title: "consuming resumes by itself after a cut connection, and nothing is lost",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const first = await app.publish(channel, t.item(1));
      await t.until(() => seen.ids.includes(first.id), "the first");
      control.next("receive", "cut", 3);
      await t.until(() => control.hits >= 1, "the cut", 30_000);
      const second = await app.publish(channel, t.item(2));
      await t.until(() => seen.ids.includes(second.id), "the second", 30_000 + t.holdMs);
    },
  },
  {
    id: "C3-receive-throttled",
    clause,
    title: "a throttled receive is retried later",
    needs: all(pulls, competing),
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.next("receive", "throttle", 3);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const { id } = await app.publish(channel, t.item(1));
      await t.until(() => seen.ids.includes(id), "the message", 30_000);
      assert.equal(control.hits, 3);
    },
  },
];
