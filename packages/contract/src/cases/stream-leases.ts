import type { ContractCase } from "../case.ts";
import { all, assert, harnessCan, log, numberOf, pulls, range, signal, wire } from "./kit.ts";

const clause = "stream";

export const cases: readonly ContractCase[] = [
  {
    id: "S-zombie-checkpoint",
    clause,
    title: "a holder that lost its lease cannot move the checkpoint",
    needs: all(pulls, log),
    run: async (t) => {
      const seam = await t.seam({ partitions: 2 });
      await seam.send(range(24).map((n) => wire(t, n)));
      const zombie = await seam.reader();
      await zombie.lease(1);
      const taken = await zombie.take(24);
      const other = await t.open(seam.places);
      const heir = await other.reader();
      // The zombie is asked to hand one lease over and does nothing. After a while the lease is taken from it.
      const inherited = await heir.lease();
      const old = zombie.leases.find((lease) => lease.id === inherited.id)!;
      const theirs = taken.filter((one) => one.lease === old);
      assert.ok(theirs.length >= 3, "enough records in the partition that moves");
      assert.ok(old.lost.aborted, "the old holder is told");
      if (t.caps.fencingToken) assert.ok(inherited.fencingToken! > old.fencingToken!);
      await heir.settle(await heir.take(1, { max: 1 }));
      const outcome = await old.settle([{ receipt: theirs.at(-1)!.delivery.receipt, action: "ack" }], signal()).then(
        ([one]) => one,
        (cause: unknown) => ({ cause }),
      );
      assert.ok(outcome !== undefined, "the zombie's checkpoint was taken");
      await zombie.close();
      await heir.close();
      const third = await (await t.open(seam.places)).reader();
      await third.lease(1);
      const again = (await third.take(23)).filter((one) => one.lease.id === inherited.id);
      assert.deepEqual(again.map(numberOf), theirs.slice(1).map(numberOf));
    },
  },
  {
    id: "S-checkpoint-never-passes-the-unsettled",
    clause,
    title: "records settled out of order: the checkpoint stays before the first unsettled record",
    needs: all(pulls, log),
    run: async (t) => {
      const channel = t.channel({ ordered: false });
      const options = {
        channels: [channel],
        groups: { main: { concurrency: 10, maxInFlight: 20 } },
        channelConfig: { partitions: 1 },
      };
      const first = await t.mortalApp(options);
      const seen = t.recorder((data) => (data.n === 3 ? new Promise(() => {}) : undefined));
      await first.consume(channel, "main", seen.handle);
      await first.publishAll(
        channel,
        range(10).map((n) => ({ n })),
      );
      await t.until(() => seen.seen.some((one) => one.data.n === 3), "the one that hangs");
      await t.sleep(2_000);
      first.crash();
      const second = await t.app(options);
      const after = t.recorder();
      await second.consume(channel, "main", after.handle);
      await t.until(
        () => after.numbers.includes(3) && after.numbers.includes(9),
        "the hanging one and the last, again",
        120_000,
      );
      assert.ok(!after.numbers.includes(0), "what was settled before it does not come again");
    },
  },
  {
    id: "S-failover-keeps-order",
    clause,
    title: "when a worker dies, another takes over its partitions: keys stay in order and nothing is lost",
    needs: all(pulls, log),
    run: async (t) => {
      const channel = t.channel({ ordered: true });
      const options = { channels: [channel], channelConfig: { partitions: 4 } };
      const first = await t.mortalApp(options);
      const second = await t.app(options);
      const [one, two] = [t.recorder(() => t.sleep(20)), t.recorder()];
      await first.consume(channel, "main", one.handle);
      await first.publishAll(
        channel,
        range(40).map((n) => ({ n, k: `key-${n % 8}` })),
      );
      await t.until(() => one.done.length >= 8, "some");
      first.crash();
      await second.consume(channel, "main", two.handle);
      const all = () => new Set([...one.done, ...two.done].map((record) => record.id)).size;
      await t.until(() => all() === 40, "every record", 180_000);
      for (const k of range(8)) {
        const numbers = two.seen.filter((record) => record.data.k === `key-${k}`).map((record) => record.data.n);
        assert.deepEqual(
          numbers,
          [...numbers].sort((a, b) => a - b),
        );
      }
    },
  },
  {
    id: "S-a-new-worker-gets-its-share",
    clause,
    title: "a worker that joins in the middle takes over partitions; nothing is lost, keys stay in order",
    needs: log,
    run: async (t) => {
      const channel = t.channel({ ordered: true });
      const options = { channels: [channel], channelConfig: { partitions: 4 } };
      const [first, second] = [await t.app(options), await t.app(options)];
      const seen = t.recorder(() => t.sleep(10));
      const joined = t.recorder(() => t.sleep(10));
      await first.consume(channel, "main", seen.handle);
      await first.publishAll(
        channel,
        range(20).map((n) => ({ n, k: `key-${n % 10}` })),
      );
      await t.until(() => seen.done.length >= 5, "some");
      await second.consume(channel, "main", joined.handle);
      let sent = 20;
      const another = async () => {
        await t.sleep(1_000);
        await first.publishAll(
          channel,
          range(20).map((n) => ({ n: n + sent, k: `key-${n % 10}` })),
        );
        sent += 20;
        return joined.seen.length > 0;
      };
      await t.until(another, "records for the new worker", 90_000);
      await t.until(
        () => new Set([...seen.done, ...joined.done].map((record) => record.id)).size === sent,
        "all that were sent",
        60_000,
      );
      assert.ok(joined.seen.length > 0, "the new worker took part");
      for (const recorder of [seen, joined]) {
        for (const k of range(10)) {
          const numbers = [
            ...new Set(recorder.seen.filter((record) => record.data.k === `key-${k}`).map((record) => record.data.n)),
          ];
          assert.deepEqual(
            numbers,
            [...numbers].sort((a, b) => a - b),
          );
        }
      }
    },
  },
  {
    id: "S-record-that-kills-its-worker",
    clause,
    title: "a record that kills every worker that handles it becomes a dead letter, and the log continues",
    needs: all(pulls, log),
    run: async (t) => {
      const channel = t.channel({ ordered: false });
      const options = { channels: [channel], retry: { attempts: 3 }, channelConfig: { partitions: 1 } };
      const publisher = await t.app(options);
      // Published one after the other, because without a key nothing else keeps their order.
      for (const n of range(4)) await publisher.publish(channel, { n });
      let deaths = 0;
      let over = false;
      for (const _ of range(20)) {
        const worker = await t.mortalApp(options);
        // Other records that a worker was handling when it died were not settled, so they come again.
        const handled = t.recorder();
        let dead = false;
        const handle = async (data: any, delivery: any) => {
          // A dead process handles nothing.
          if (dead) await new Promise(() => {});
          if (data.n !== 1) return handled.handle(data, delivery);
          dead = true;
          deaths++;
          worker.crash();
          t.changed();
          await new Promise(() => {});
        };
        await worker.consume(channel, "main", handle);
        await t.until(() => dead || handled.numbers.includes(3), "a death or the end", 180_000);
        over = !dead;
        if (over) break;
      }
      assert.ok(over, `the record still killed the worker after ${deaths} deaths`);
      assert.ok(deaths <= 12, `${deaths} deaths with 3 attempts`);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(JSON.parse(copy!.body as string).n, 1);
    },
  },
  ...(["split", "merge"] as const).map(
    (change): ContractCase => ({
      id: `S-${change}-during-failover`,
      clause,
      title: `a ${change} while the worker dies: parents are read to their end before their children, nothing is lost`,
      needs: all(log, harnessCan(change)),
      run: async (t) => {
        const channel = t.channel({ ordered: true });
        const options = { channels: [channel], channelConfig: { partitions: change === "split" ? 1 : 2 } };
        const first = await t.mortalApp(options);
        const one = t.recorder(() => t.sleep(20));
        await first.consume(channel, "main", one.handle);
        const items = (from: number) => range(20).map((n) => ({ n: from + n, k: `key-${n % 5}` }));
        await first.publishAll(channel, items(0));
        await t.until(() => one.done.length >= 3, "some");
        const { to } = t.layout(channel.name, ["main"]);
        await t.harness.native![change]!(to);
        await first.publishAll(channel, items(20));
        first.crash();
        const second = await t.app(options);
        await second.publishAll(channel, items(40));
        const two = t.recorder();
        await second.consume(channel, "main", two.handle);
        const handled = () => new Set([...one.done, ...two.done].map((record) => record.id)).size;
        await t.until(() => handled() === 60, "all that were sent", 180_000);
        for (const k of range(5)) {
          const numbers = two.seen.filter((record) => record.data.k === `key-${k}`).map((record) => record.data.n);
          assert.deepEqual(
            numbers,
            [...numbers].sort((a, b) => a - b),
            `key-${k}`,
          );
        }
      },
    }),
  ),
];
