import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import { all, assert, exactly, isLog, leases, notLog, pulls, range, rejected, signal, wire } from "./kit.ts";

const clause = "C12";

export const cases: readonly ContractCase[] = [
  {
    id: "C12-concurrency",
    clause,
    title: "at most `concurrency` handlers run at once, and that many if there is work",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        groups: { main: { concurrency: 4, maxInFlight: 20 } },
        channelConfig: isLog(t.caps) ? { partitions: 8 } : {},
      });
      const seen = t.recorder(() => t.sleep(50));
      await app.publishAll(
        channel,
        range(40).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.done.length, 40, "all forty", 30_000);
      assert.equal(seen.mostRunning, 4);
    },
  },
  {
    id: "C12-max-in-flight",
    clause,
    title: "nothing is fetched while maxInFlight messages are unsettled, the driver's buffers included",
    run: async (t) => {
      const channel = t.channel();
      let [held, most, asked] = [0, 0, 0];
      const prefetches: number[] = [];
      const counting = intercept(t.harness.adapter, {
        receive: async (max, call, from) => {
          if (from.dead === true) return call(max);
          asked = Math.max(asked, max);
          const got = await call(max);
          held += got?.length ?? 0;
          most = Math.max(most, held);
          return got;
        },
      });
      const adapter = {
        ...counting,
        open: async (...args: Parameters<typeof counting.open>) => {
          const connection = await counting.open(...args);
          const { receiver } = connection;
          return Object.assign(connection, {
            receiver: (...given: Parameters<typeof receiver>) => {
              prefetches.push(given[1].prefetch);
              return receiver.apply(connection, given);
            },
          });
        },
      };
      const app = await t.app({ channels: [channel], adapter, groups: { main: { concurrency: 2, maxInFlight: 5 } } });
      const gate = new AbortController();
      const seen = t.recorder(() => t.runtime.sleep(600_000, gate.signal));
      await app.publishAll(
        channel,
        range(30).map((n) => t.item(n)),
      );
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.running >= 2, "two running");
      await t.sleep(1_000);
      assert.ok(most <= 5, `${most} held at once`);
      assert.ok(asked <= 5, `asked for ${asked} at once`);
      assert.ok(
        prefetches.every((prefetch) => prefetch <= 5),
        `prefetch ${prefetches}`,
      );
      gate.abort();
      await t.until(() => seen.done.length >= 30, "all thirty", 30_000);
    },
  },
  {
    id: "C12-max-in-flight-bytes",
    clause,
    title: "the bytes in flight stay near their limit, the driver's buffers included: only fetches under way exceed it",
    needs: all(pulls, notLog),
    run: async (t) => {
      const channel = t.channel();
      const groups = { main: { concurrency: 1, maxInFlight: 60, maxInFlightBytes: 30_000 } };
      const app = await t.app({ channels: [channel], groups });
      let received = 0;
      const counting = intercept(t.harness.adapter, {
        receive: async (max, call, from) => {
          const got = await call(max);
          if (from.dead !== true) received += got?.length ?? 0;
          return got;
        },
      });
      const limited = await t.app({ channels: [channel], adapter: counting, groups });
      const large = (from: number, to: number) =>
        range(to - from).map((n) => t.item(from + n, { big: "x".repeat(10_000) }));
      await app.publishAll(channel, large(0, 10));
      const gate = new AbortController();
      const seen = t.recorder(() => t.runtime.sleep(600_000, gate.signal));
      await limited.consume(channel, "main", seen.handle);
      await t.until(() => seen.running >= 1, "one running");
      // Receives that are under way end within their wait, a third of the drain.
      await t.sleep(2_500);
      await app.publishAll(channel, large(10, 60));
      await t.sleep(1_500);
      assert.ok(received <= 10, `${received} were fetched although three fill the limit`);
      // The driver must not buffer them either.
      if (t.caps.groupMembership === "competing" && t.caps.depth !== "none") {
        const places = t.layout(channel.name, ["main"]);
        const other = await t.open(places);
        const depth = await other.connection.depth!(places.groups["main"]!, signal());
        const ready = depth.reduce((sum, one) => sum + (one.ready ?? 0), 0);
        assert.ok(ready >= 40, `${ready} of 50 stayed at the broker although three fill the limit`);
      }
      gate.abort();
      await t.until(() => seen.done.length >= 60, "all sixty", 60_000);
    },
  },
  {
    id: "C12-idle-lease-leaves-room",
    clause,
    title: "a new lease is read within a second, even if an idle lease holds the whole budget",
    needs: leases,
    run: async (t) => {
      const channel = t.channel();
      const gate = Promise.withResolvers<void>();
      t.after(gate.resolve);
      const given: string[] = [];
      const asked = new Set<string>();
      let brief = true;
      let whole = false;
      const adapter = intercept(t.harness.adapter, {
        lease: async ({ id }, from) => {
          if (from.dead === true) return;
          if (given.length > 0) await gate.promise;
          given.push(id);
        },
        receive: (max, call, _from, signal, lease) => {
          asked.add(lease.id);
          // After an empty receive, the next one asks for the whole budget.
          if (brief) return lease.receive(max, 100, signal);
          whole ||= max === 10;
          return call(max);
        },
      });
      const app = await t.app({
        channels: [channel],
        adapter,
        groups: { main: { concurrency: 10, maxInFlight: 10 } },
        channelConfig: { partitions: 2 },
        // An idle receive waits for up to a third of this.
        drain: "60s",
      });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => asked.size > 0, "the first lease's receive");
      let sent = 0;
      // A log's first record is read alone. Its lease asks for more only after that.
      while (isLog(t.caps) && seen.done.length === 0) {
        await app.publish(channel, t.item(sent, { k: `key-${sent++}` }));
        await t.until(() => seen.done.length > 0, "a record of the first lease", 1_500).catch(() => {});
      }
      brief = false;
      await t.until(() => whole, "a receive with the whole budget");
      gate.resolve();
      const began = t.runtime.monotonic();
      await t.until(() => asked.size > 1, "the second lease's receive", 25_000);
      const waited = t.runtime.monotonic() - began;
      assert.ok(waited <= 1_000 + t.slackMs, `the second lease was not read for ${waited} ms`);
      await app.publishAll(
        channel,
        range(12).map((n) => t.item(sent + n, { k: `key-${sent + n}` })),
      );
      await t.until(() => seen.done.length >= sent + 12, "all");
    },
  },
  {
    id: "C12-driver-max",
    clause,
    title: "receive never gives more than it was asked for",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(8).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const lease = await reader.lease();
      let total = 0;
      for (let turn = 0; total < 8 && turn < 40; turn++) {
        const got = await lease.receive(3, 1_000, t.signal);
        assert.ok(got !== null && got.length <= 3, `${got?.length} for 3`);
        total += got.length;
        const settlements = got.map(({ receipt }) => ({ receipt, action: "ack" as const }));
        if (got.length > 0) await lease.settle(isLog(t.caps) ? settlements.slice(-1) : settlements, t.signal);
      }
      assert.equal(total, 8);
    },
  },
  {
    id: "C12-driver-waits",
    clause,
    title: "an empty receive waits its time and then gives [], and a message that comes meanwhile ends it early",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      const lease = await reader.lease();
      const began = t.runtime.monotonic();
      assert.deepEqual(await lease.receive(10, 1_000, t.signal), []);
      const waited = t.runtime.monotonic() - began;
      assert.ok(waited <= 1_000 + t.slackMs + 500, `waited ${waited} ms for 1000`);
      const receiving = reader.take(1, { withinMs: 20_000 });
      await seam.send([wire(t, 1)]);
      const [taken] = await receiving;
      assert.equal(taken!.delivery.message.body, '{"n":1}');
    },
  },
  {
    id: "C12-publisher-waits",
    clause,
    title: "publishers beyond maxPending wait; nothing is dropped",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { maxPending: 5, whenFull: "wait" }, ...via });
      control.next("send", "throttle", 2);
      const ids = await Promise.all(range(30).map((n) => app.publish(channel, t.item(n))));
      assert.equal(new Set(ids.map(({ id }) => id)).size, 30);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 30, "all thirty");
    },
  },
  {
    id: "C12-publisher-refused",
    clause,
    title: "with whenFull: reject a publisher beyond maxPending gets backpressure at once; the others go through",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { maxPending: 5, whenFull: "reject" }, ...via });
      await app.publish(channel, t.item(100));
      control.next("send", "throttle", 1);
      const results = await Promise.allSettled(range(12).map((n) => app.publish(channel, t.item(n))));
      const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      assert.equal(refused.length, 7);
      for (const error of refused) assert.equal(error.code, "backpressure");
    },
  },
  {
    id: "C12-blocked-publisher-consumes-on",
    clause,
    title: "a publisher whose broker is stuck does not keep its own consumers from working",
    needs: all(notLog),
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const other = await t.app({ channels: [channel] });
      const app = await t.app({ channels: [channel], publish: { timeout: "3s" }, ...via });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      control.next("send", "stall");
      const stuck = rejected(app.publish(channel, t.item(0)), "a stuck publish");
      const { id } = await other.publish(channel, t.item(1));
      await t.until(() => seen.ids.includes(id), "a message while a publish is stuck");
      assert.equal((await stuck).kind, "ambiguous");
      control.heal();
    },
  },
];
