/** What an operator does with dead letters: look, count by cause, send back some, delete some. */
import type { App, SuiteChannel } from "../app.ts";
import type { CaseContext, ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import { all, assert, deadLetters, ordered, range, redrives, rejected, sorted, within } from "./kit.ts";

const clause = "C11";

class Declined extends Error {
  override readonly name = "Declined";
}

interface Dead {
  readonly channel: SuiteChannel;
  readonly app: App;
  readonly letters: any;
  readonly ids: readonly string[];
  readonly cure: () => void;
  readonly handled: () => readonly number[];
}

/** `count` dead letters: those with an even number of `Declined`, the others of `Error`. All have one key. */
async function dead(t: CaseContext, count: number): Promise<Dead> {
  const channel = t.channel();
  const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
  let healthy = false;
  const done: number[] = [];
  const seen = t.recorder((data) => {
    if (healthy) done.push(data.n);
    else throw data.n % 2 === 0 ? new Declined(`card ${data.n}`) : new Error(`bank ${data.n}`);
  });
  await app.consume(channel, "main", seen.handle);
  const key = t.harness.ordered ? { k: "one" } : {};
  const ids = await app.publishAll(
    channel,
    range(count).map((n) => t.item(n, key)),
  );
  const diedAll = () => new Set(app.eventsOf("dead-letter").map(({ id }) => id)).size === count;
  await t.until(diedAll, "all dead", 60_000);
  const letters = app.messaging.deadLetters(channel, "main");
  const handled = () => sorted(done);
  return { channel, app, letters, ids, cure: () => (healthy = true), handled };
}

async function scanned(letters: any, options: object): Promise<{ items: any[]; result: any }> {
  const scan = letters.scan(options);
  const items: any[] = [];
  for await (const item of scan) items.push(item);
  return { items, result: await scan.result };
}

export const cases: readonly ContractCase[] = [
  {
    id: "C11-scan",
    clause,
    title: "a scan sees each dead letter once, however many have one key, says so, and gives them back at once",
    needs: deadLetters,
    run: async (t) => {
      const { letters, ids } = await dead(t, 50);
      for (const round of ["first", "second"]) {
        const all = new Set<string>();
        // A broker may give no message although some are left, or show those given back only after a while. The scan then says so.
        await t.until(
          async () => {
            const { items, result } = await scanned(letters, { hide: "20s" });
            assert.equal(result.seen, items.length, `${round}: each once`);
            assert.equal(new Set(items.map(({ id }) => id)).size, items.length, `${round}: each once`);
            if (result.complete) assert.equal(items.length, ids.length, `${round}: complete, but not all`);
            for (const { id } of items) all.add(id);
            return items.length === ids.length;
          },
          `the ${round} scan sees all`,
          15_000,
        );
        assert.deepEqual([...all].sort(), [...ids].sort());
      }
    },
  },
  {
    id: "C11-scan-filter-and-groups",
    clause,
    title: "dead letters are found by error class, reason and id, and counted by cause",
    needs: deadLetters,
    run: async (t) => {
      const { letters, ids } = await dead(t, 7);
      const numbers = async (filter: object) =>
        sorted((await scanned(letters, filter)).items.map(({ data }) => data.n as number));
      await t.until(async () => (await numbers({})).length === 7, "all are there", 30_000);
      assert.deepEqual(await numbers({ errorClass: "Declined" }), [0, 2, 4, 6]);
      assert.deepEqual(await numbers({ reason: "CARD 4", code: "attempts-exhausted" }), [4]);
      assert.deepEqual(await numbers({ olderThan: "1h" }), []);
      assert.deepEqual(await numbers({ newerThan: "1h" }), range(7));
      assert.equal((await letters.get(ids[3])).data.n, 3);
      assert.equal(await letters.get("no-such-id"), undefined);
      const { groups, seen } = await letters.groups({ by: ["errorClass"] });
      assert.equal(seen, 7);
      assert.deepEqual(
        groups.map(({ of, count }: any) => [of.errorClass, count]),
        [
          ["Declined", 4],
          ["Error", 3],
        ],
      );
    },
  },
  {
    id: "C11-redrive-filter",
    clause,
    title: "a redrive with a filter sends what it wants, and leaves the rest where it is",
    needs: redrives,
    run: async (t) => {
      const { letters, cure, handled } = await dead(t, 9);
      cure();
      const filter = { errorClass: "Error" };
      await t.until(async () => (await letters.redrive({ filter, dryRun: true })).matched === 4, "dry run", 30_000);
      assert.deepEqual(handled(), []);
      let moved = 0;
      await t.until(async () => (moved += (await letters.redrive({ filter })).moved) === 4, "four are sent", 30_000);
      await t.until(() => handled().length >= 4, "they are handled", 30_000);
      assert.deepEqual(handled(), [1, 3, 5, 7]);
      let left: number[] = [];
      const look = async () => {
        left = sorted((await scanned(letters, {})).items.map(({ data }) => data.n as number));
        return left.length >= 5;
      };
      await t.until(look, "the rest is there", 30_000);
      assert.deepEqual(left, [0, 2, 4, 6, 8]);
    },
  },
  {
    id: "C11-redrive-whole-key",
    clause,
    title:
      "with `wholeKey` a redrive takes with a letter that its filter wants all letters of the key, in the order in which they were published, and no other key",
    needs: all(ordered, redrives),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      let healthy = false;
      const done: string[] = [];
      const seen = t.recorder(({ n, k }) => {
        if (!healthy) throw k === "a" && n % 3 === 2 ? new Declined(`card ${n}`) : new Error(`bank ${n}`);
        if (!done.includes(`${k}${n}`)) done.push(`${k}${n}`);
      });
      await app.consume(channel, "main", seen.handle);
      for (const n of range(9)) for (const k of ["a", "b"]) await app.publish(channel, t.item(n, { k }));
      await t.until(() => app.eventsOf("dead-letter").length >= 18, "all dead", 60_000);
      const letters: any = app.messaging.deadLetters(channel, "main");
      const asked = { filter: { errorClass: "Declined" }, wholeKey: true };
      const dry = async () => (await letters.redrive({ ...asked, dryRun: true })).matched === 9;
      await t.until(dry, "a dry run counts the whole key", 60_000);
      healthy = true;
      let moved = 0;
      await t.until(async () => (moved += (await letters.redrive(asked)).moved) >= 9, "the key is sent", 60_000);
      await t.until(() => done.length >= 9, "it is handled", 30_000);
      assert.deepEqual(
        done,
        range(9).map((n) => `a${n}`),
      );
      let left: number[] = [];
      const look = async () => {
        left = sorted((await scanned(letters, {})).items.map(({ data }) => data.n as number));
        return left.length >= 9;
      };
      await t.until(look, "the other key is there", 30_000);
      assert.deepEqual(left, range(9));
    },
  },
  {
    id: "C11-redrive-canary",
    clause,
    title: "a redrive sends its canary first, and stops when too many of it die again; nothing is lost",
    needs: redrives,
    run: async (t) => {
      const { letters, ids } = await dead(t, 12);
      let done: any;
      const canary = { count: 3, wait: "20s" };
      await t.until(
        async () => (done = await letters.redrive({ canary, stopAt: 0.3 })).moved > 0,
        "the canary is sent",
        60_000,
      );
      assert.equal(done.stopped, "share");
      assert.ok(done.moved <= 3 && done.canary.returned >= 1, JSON.stringify(done));
      let items: any[] = [];
      await t.until(
        async () => new Set((items = (await scanned(letters, {})).items).map(({ id }) => id)).size === ids.length,
        "all are dead letters again",
        60_000,
      );
      assert.equal(items.filter(({ redrives: times }) => times === 1).length, done.moved);
    },
  },
  {
    id: "C11-redrive-canary-once",
    clause,
    title: "a canary has one attempt, whatever the policy says, and the run says of each what became of it",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const retry = { attempts: 3, backoff: "constant", first: "100ms" };
      const app = await t.app({ channels: [channel], retry });
      const again: number[] = [];
      const seen = t.recorder((_data, delivery) => {
        if (delivery.hop > 0) again.push(delivery.attempt);
        throw new Error("still sick");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(4).map((n) => t.item(n)),
      );
      await t.until(() => new Set(app.eventsOf("dead-letter").map(({ id }) => id)).size === 4, "all dead", 60_000);
      const letters: any = app.messaging.deadLetters(channel, "main");
      let done: any;
      await t.until(
        async () => (done = await letters.redrive({ canary: { count: 2, wait: "20s" } })).moved === 2,
        "the canary is sent",
        60_000,
      );
      assert.equal(done.stopped, "canary", JSON.stringify(done));
      const { ms, ...outcome } = done.canary;
      assert.deepEqual(outcome, { sent: 2, returned: 2, settled: 0, unknown: 0 });
      assert.ok(ms >= 0 && ms <= 30_000, `the canary of at most 20 s took ${ms} ms`);
      assert.deepEqual(again, [1, 1]);
    },
  },
  {
    id: "C11-redrive-killed",
    clause,
    title:
      "a redrive that is killed between sending and removing, while letters die again, loses none, and another one ends it",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const sick = (n: number) => n % 3 === 0;
      const done = new Set<number>();
      let healthy = false;
      const seen = t.recorder(({ n }) => {
        if (!healthy || sick(n)) throw new Error(`down ${n}`);
        done.add(n);
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(12).map((n) => t.item(n)),
      );
      await t.until(() => new Set(app.eventsOf("dead-letter").map(({ id }) => id)).size === 12, "all dead", 60_000);
      healthy = true;
      // Its removals never reach the broker, as if it died before each of them.
      const adapter = intercept(t.harness.adapter, {
        settle: async (batch, call, from) =>
          from.dead === true && batch.some(({ action }) => action === "ack") ? batch.map(() => undefined) : call(batch),
      });
      const killed = await t.mortalApp({ channels: [channel], retry: { attempts: 1 }, adapter });
      await t.until(
        async () => (await killed.messaging.deadLetters(channel, "main").redrive({ max: 6 })).moved > 0,
        "some are sent",
        60_000,
      );
      killed.crash();
      const letters: any = app.messaging.deadLetters(channel, "main");
      const left = async () => new Set((await scanned(letters, {})).items.map(({ data }) => data.n as number));
      await t.until(
        async () => {
          await letters.redrive({ filter: { reason: "down" }, maxRedrives: 20 });
          return done.size === 8;
        },
        "all that can be are handled",
        60_000,
      );
      await t.until(async () => range(12).every((n) => done.has(n) || sick(n)), "none is lost");
      let dead = new Set<number>();
      await t.until(
        async () => (dead = new Set([...dead, ...(await left())])).size >= 4,
        "the others are dead letters",
        60_000,
      );
      assert.ok(
        range(12)
          .filter(sick)
          .every((n) => dead.has(n)),
      );
    },
  },
  {
    id: "C11-redrive-limit",
    clause,
    title: "a dead letter that was redriven as often as allowed is refused and stays",
    needs: redrives,
    run: async (t) => {
      const { letters, app } = await dead(t, 1);
      const run = async () => letters.redrive({ max: 1, maxRedrives: 2 });
      for (const round of [1, 2]) {
        await t.until(async () => (await run()).moved === 1, `redrive ${round}`, 30_000);
        await t.until(() => app.eventsOf("dead-letter").length > round, `death ${round}`, 30_000);
      }
      await t.until(async () => (await run()).refused === 1, "refused", 15_000);
      assert.equal(app.eventsOf("dead-letter").length, 3);
    },
  },
  {
    id: "C11-purge-filter",
    clause,
    title: "a purge with a filter deletes what it wants and nothing else; a dry one deletes nothing",
    needs: deadLetters,
    run: async (t) => {
      const { letters } = await dead(t, 6);
      const filter = { errorClass: "Declined" };
      const count = async () => (await scanned(letters, {})).items.length;
      await t.until(async () => (await letters.purge({ filter, dryRun: true })).matched === 3, "dry run", 30_000);
      await t.until(async () => (await count()) === 6, "all are left", 30_000);
      assert.equal((await letters.purge({ filter })).deleted, 3);
      let left: number[] = [];
      const look = async () => {
        left = sorted((await scanned(letters, {})).items.map(({ data }) => data.n as number));
        return left.length >= 3;
      };
      await t.until(look, "the rest is there", 30_000);
      assert.deepEqual(left, [1, 3, 5]);
    },
  },
  {
    id: "C11-dead-twice",
    clause,
    title:
      "a message that was sent and dead-lettered several times is seen as often, and a purge with a filter deletes all of it",
    needs: all(deadLetters, (caps) =>
      caps.publishDedupMs === 0 ? undefined : `publishDedupMs: ${caps.publishDedupMs}: the second is dropped`,
    ),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const seen = t.recorder(() => {
        throw new Error("always");
      });
      await app.consume(channel, "main", seen.handle);
      const TIMES = 12;
      for (let i = 0; i < TIMES; i++) await app.publish(channel, t.item(1), { id: "twice" });
      await app.publish(channel, t.item(2), { id: "once" });
      await t.until(() => app.eventsOf("dead-letter").length > TIMES, "all dead", 60_000);
      const letters: any = app.messaging.deadLetters(channel, "main");
      const count = async () => (await scanned(letters, {})).items.length;
      await t.until(async () => (await count()) > TIMES, "all are seen", 30_000);
      const filter = { errorClass: "Error" };
      let deleted = 0;
      const purge = async () => (deleted += (await letters.purge({ filter })).deleted) > TIMES;
      await t.until(purge, "all are deleted", 30_000);
      assert.equal(deleted, TIMES + 1);
      assert.equal(await count(), 0);
    },
  },
  {
    id: "C11-dead-letters-missing",
    clause,
    title: "where the dead letters should be there is nothing: each operation says so, as the configuration's error",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off" });
      const letters: any = app.messaging.deadLetters(channel, "main");
      const operations: Record<string, () => Promise<unknown>> = {
        // Who cannot tell a depth does not look.
        ...(t.caps.depth === "none" ? {} : { count: () => letters.count() }),
        peek: () => letters.peek(),
        get: () => letters.get("x"),
        groups: () => letters.groups({ by: ["code"] }),
        redrive: () => letters.redrive().result,
        purge: () => letters.purge({ filter: { code: "x" } }),
      };
      for (const [name, operation] of Object.entries(operations)) {
        const error = await within(t, 30_000, rejected(operation(), name), name);
        assert.equal(error.kind, "config", `${name}: ${error.code}: ${error.message}`);
        assert.equal(error.channel, channel.name, name);
      }
    },
  },
];
