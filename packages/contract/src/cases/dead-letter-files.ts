/** Dead letters that leave the broker as lines of JSON and come back; and a dead-letter channel that several groups share. */
import type { App, AppOptions, SuiteChannel } from "../app.ts";
import type { CaseContext, ContractCase } from "../case.ts";
import { Extras } from "../extensions.ts";
import type { Harness } from "../harness.ts";
import type { Recorder } from "../recorder.ts";
import { all, assert, deadLetters, range, redrives, rejected, sorted } from "./kit.ts";

const clause = "C11";

interface Dead {
  readonly channel: SuiteChannel;
  readonly app: App;
  readonly letters: any;
  readonly seen: Recorder;
  readonly cure: () => void;
}

/** `count` dead letters with texts that are easily changed on the way. */
async function dead(t: CaseContext, count: number, options: Partial<AppOptions> = {}): Promise<Dead> {
  const channel = t.channel();
  const app = await t.app({ channels: [channel], retry: { attempts: 1 }, ...options });
  let healthy = false;
  const seen = t.recorder(() => {
    if (!healthy) throw new Error("the bank is closed");
  });
  await app.consume(channel, "main", seen.handle);
  for (const n of range(count))
    await app.publish(channel, t.item(n, { text: `漢字 "${n}"\n\u2028\\ud83d 😀` }), { headers: { "x-n": `${n}` } });
  await t.until(() => app.eventsOf("dead-letter").length === count, "all dead", 60_000);
  const letters = app.messaging.deadLetters(channel, "main");
  return { channel, app, letters, seen, cure: () => (healthy = true) };
}

/** A sink in memory. */
function sink() {
  const written: string[] = [];
  let safe = 0;
  return {
    written,
    get safe() {
      return safe;
    },
    write: (line: string) => void written.push(line),
    sync: async () => {
      safe = written.length;
    },
  };
}

/** Exports until `count` lines are written: a broker may not show all at once. */
async function exported(t: CaseContext, letters: any, count: number, options: object = {}): Promise<string[]> {
  const to = sink();
  const lines = () => to.written;
  const copies = () => lines().map((line) => JSON.parse(line).copy as string);
  await t.until(
    async () => {
      await letters.export({ to, resume: copies(), ...options });
      return lines().length >= count;
    },
    `${count} lines`,
    60_000,
  );
  assert.equal(lines().length, count);
  return lines();
}

const count = async (letters: any): Promise<number> => (await letters.groups({ by: ["code"] })).seen as number;
const emptied = (t: CaseContext, letters: any) =>
  t.until(async () => (await count(letters)) === 0, "no letter is left", 30_000);

/** Redrives until so many were sent. */
async function redriven(t: CaseContext, letters: any, wanted: number): Promise<void> {
  let moved = 0;
  await t.until(
    async () => {
      return (moved += (await letters.redrive()).moved) >= wanted;
    },
    `${wanted} are sent`,
    60_000,
  );
}

/** A harness whose adapter also has queues, for a dead-letter channel. */
function hasQueues({ adapter }: Harness): boolean {
  const of = { channel: "q", base: "q", name: "q_q", model: "queue", ordered: false, group: "q", native: {} } as const;
  try {
    return adapter.capabilities(of, {}) !== undefined;
  } catch {
    return false;
  }
}

export const cases: readonly ContractCase[] = [
  {
    id: "C11-export-keeps",
    clause,
    title: "an export writes each dead letter as one line of JSON, and leaves them all where they are",
    needs: deadLetters,
    run: async (t) => {
      const { letters, channel } = await dead(t, 6);
      const lines = await exported(t, letters, 6);
      for (const line of lines) {
        assert.ok(line.endsWith("\n") && !line.slice(0, -1).includes("\n"), "one line");
        const { format, version, group, code, ...parsed } = JSON.parse(line);
        assert.deepEqual(
          [format, version, parsed.channel, group, code],
          ["switchyard-dead-letter", 1, channel.name, "main", "attempts-exhausted"],
        );
      }
      await t.until(async () => (await count(letters)) === 6, "all are left", 30_000);
    },
  },
  {
    id: "C11-export-import",
    clause,
    title: "dead letters that were exported and removed come back by an import, and a redrive sends each as it was",
    needs: redrives,
    run: async (t) => {
      const { letters, seen, cure } = await dead(t, 6);
      const original = new Map(seen.seen.map((one) => [one.id, one]));
      const lines = await exported(t, letters, 6, { remove: true });
      await emptied(t, letters);
      const done = await letters.import({ from: lines });
      assert.deepEqual([done.imported, done.failed, done.line, done.stopped], [6, 0, 6, undefined]);
      cure();
      await redriven(t, letters, 6);
      await t.until(() => seen.seen.length >= 12, "all are handled");
      for (const again of seen.seen.slice(6)) {
        const before = original.get(again.id)!;
        assert.deepEqual(again.data, before.data);
        assert.deepEqual(again.headers, before.headers);
        assert.deepEqual(
          [again.type, again.key, again.delivery.source],
          [before.type, before.key, before.delivery.source],
        );
      }
      assert.equal(new Set(seen.seen.slice(6).map(({ id }) => id)).size, 6);
      await emptied(t, letters);
    },
  },
  {
    id: "C11-export-removes-what-is-safe",
    clause,
    title: "an export removes a dead letter only once its line is safe",
    needs: deadLetters,
    run: async (t) => {
      const { letters } = await dead(t, 3);
      // Only the first fails: a later one says nothing of what was written before it.
      let failed = false;
      const sync = async (): Promise<void> => {
        if (failed) return;
        failed = true;
        throw new Error("the disk is full");
      };
      const to = { write: () => {}, sync };
      const attempt = async (): Promise<unknown> => {
        await t.until(async () => (await count(letters)) === 3, "all can be seen", 30_000);
        return letters.export({ to, remove: true }).result;
      };
      await rejected(attempt(), "an export that cannot be made safe");
      assert.equal(
        (await rejected(letters.export({ to: { write: () => {} }, remove: true }).result, "no sync")).code,
        "bad-export",
      );
      await t.until(async () => (await count(letters)) === 3, "all are left", 30_000);
    },
  },
  {
    id: "C11-import-refuses",
    clause,
    title:
      "an import refuses letters of another channel or group and lines that were changed, by their number, and sends none of them",
    needs: deadLetters,
    run: async (t) => {
      const { letters } = await dead(t, 1);
      const [line] = (await exported(t, letters, 1, { remove: true })) as [string];
      const changed = (change: object) => JSON.stringify({ ...JSON.parse(line), ...change });
      const refused = async (bad: string, words: RegExp) => {
        const error = await rejected(letters.import({ from: ["\n", bad] }).result, bad.slice(0, 80));
        assert.equal(error.code, "bad-import");
        assert.match(error.message, /^line 2: /);
        assert.match(error.message, words);
      };
      await refused(changed({ group: "other" }), /group "other"/);
      await refused(changed({ channel: "other" }), /of "other"/);
      await refused(changed({ version: 2 }), /version/);
      await refused(changed({ format: "text" }), /format/);
      await refused(
        changed({ message: { ...JSON.parse(line).message, body: '{"n":9}' } }),
        /not the one that was exported/,
      );
      await refused(line.slice(0, -20), /JSON/);
      await emptied(t, letters);
      assert.deepEqual(await letters.import({ from: [line], dryRun: true }), { imported: 0, failed: 0, line: 1 });
      await emptied(t, letters);
      assert.equal((await letters.import({ from: [line] })).imported, 1);
      await t.until(async () => (await count(letters)) === 1, "the letter is back", 30_000);
    },
  },
  {
    id: "C11-import-twice",
    clause,
    title: "a dead letter that was imported twice is redriven under its id, and none of it is left",
    needs: redrives,
    run: async (t) => {
      const { letters, seen, cure } = await dead(t, 2);
      const ids = new Set(seen.ids);
      const lines = await exported(t, letters, 2, { remove: true });
      await emptied(t, letters);
      for (const _ of range(2)) assert.equal((await letters.import({ from: lines })).imported, 2);
      cure();
      await t.until(async () => (await count(letters)) === 4, "all copies can be seen", 30_000);
      await t.until(async () => (await letters.redrive(), (await count(letters)) === 0), "none is left", 60_000);
      await t.until(() => new Set(seen.seen.slice(2).map(({ id }) => id)).size === 2, "both are handled");
      assert.ok(seen.seen.every(({ id }) => ids.has(id)));
    },
  },
  {
    id: "D-exported",
    clause: "content",
    title:
      "exported dead letters stay encrypted and keep their pointers; an import of one whose stored body is gone fails alone",
    needs: redrives,
    run: async (t) => {
      const extras = new Extras();
      const secret = "the-marked-secret";
      const channelConfig = { encrypt: { keys: "main" }, claimCheck: { store: extras.store, above: "2KiB" } };
      const keys = { main: { use: extras.keys } };
      const channel = t.channel();
      const app = await t.app({ channels: [channel], keys, channelConfig, retry: { attempts: 1 } });
      let healthy = false;
      const seen = t.recorder(() => {
        if (!healthy) throw new Error("closed");
      });
      await app.consume(channel, "main", seen.handle);
      const big = secret.repeat(300);
      await app.publishAll(channel, [t.item(0, { secret }), t.item(1, { big }), t.item(2, { big })]);
      await t.until(() => app.eventsOf("dead-letter").length === 3, "all dead");
      const letters = app.messaging.deadLetters(channel, "main");
      const [fetched, opened] = [extras.fetched, extras.opened];
      const lines = await exported(t, letters, 3, { remove: true });
      assert.deepEqual([extras.fetched, extras.opened], [fetched, opened], "nothing was fetched or decrypted");
      assert.ok(!lines.join("").includes(secret), "the lines hold plain text");
      const gone = seen.of(2)[0]!.id;
      for (const ref of extras.objects.keys()) if (ref.endsWith(encodeURIComponent(gone))) extras.objects.delete(ref);
      const done = await letters.import({ from: lines });
      assert.deepEqual(
        [done.imported, done.failed, done.errors[0].code, done.errors[0].id],
        [2, 1, "claim-missing", gone],
      );
      healthy = true;
      await redriven(t, letters, 2);
      await t.until(() => seen.seen.length >= 5, "both are handled");
      assert.equal(seen.of(0)[1]!.data.secret, secret);
      assert.equal(seen.of(1)[1]!.data.big, big);
    },
  },
  {
    id: "C11-shared-dead-letters",
    clause,
    title: "of a dead-letter channel that several groups share, a group sees, sends, exports and deletes only its own",
    needs: all(redrives, (_caps, harness) =>
      hasQueues(harness) ? undefined : "no queues: a dead-letter channel is one",
    ),
    run: async (t) => {
      const [one, other] = [t.channel(), t.channel()];
      const graves = t.channel();
      const app = await t.app({
        channels: [one, other, graves],
        deadLetter: { channel: graves.name },
        retry: { attempts: 1 },
        byChannel: { [graves.name]: { model: "queue", policy: "kept" } },
        policies: { kept: { deadLetter: "block" } },
      });
      let healthy = false;
      const handled: number[] = [];
      const seen = t.recorder((data) => {
        if (!healthy) throw new Error("closed");
        handled.push(data.n);
      });
      await app.consume(one, "main", seen.handle);
      await app.consume(other, "main", seen.handle);
      for (const n of range(6)) await app.publish(n % 2 === 0 ? one : other, t.item(n));
      await t.until(() => app.eventsOf("dead-letter").length === 6, "all dead", 60_000);
      const [mine, theirs] = [one, other].map((channel) => app.messaging.deadLetters(channel, "main"));
      assert.equal((await exported(t, mine, 3)).length, 3);
      healthy = true;
      await redriven(t, mine, 3);
      await t.until(() => handled.length >= 3, "mine are handled");
      assert.deepEqual(sorted(handled), [0, 2, 4]);
      assert.equal((await mine.purge({ filter: { code: "attempts-exhausted" } })).deleted, 0);
      await redriven(t, theirs, 3);
      await t.until(() => handled.length >= 6, "theirs are handled");
      assert.deepEqual(sorted(handled), [0, 1, 2, 3, 4, 5]);
    },
  },
];
