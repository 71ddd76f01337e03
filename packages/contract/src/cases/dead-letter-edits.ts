/** Edit and resend: a dead letter that is changed by hand reaches its group as a new message. */
import type { App, AppOptions, SuiteChannel } from "../app.ts";
import type { CaseContext, ContractCase } from "../case.ts";
import { Extras } from "../extensions.ts";
import { intercept } from "../intercept.ts";
import type { Recorder } from "../recorder.ts";
import { all, assert, manyGroups, redrives, rejected } from "./kit.ts";

const clause = "C11";
const ALLOWED = { main: { editDeadLetters: true } };

interface Dead {
  readonly channel: SuiteChannel;
  readonly app: App;
  readonly letters: any;
  readonly id: string;
  readonly seen: Recorder;
}

/** One dead letter of `main`, whose handler fails as long as `n` is 0. */
async function dead(
  t: CaseContext,
  options: Partial<AppOptions> = {},
  publish: Record<string, unknown> = {},
  data: object = {},
): Promise<Dead> {
  const channel = t.channel();
  const app = await t.app({ channels: [channel], groups: ALLOWED, retry: { attempts: 1 }, ...options });
  const seen = t.recorder((item) => {
    if (item.n === 0) throw new Error("the amount is wrong");
  });
  await app.consume(channel, "main", seen.handle);
  const { id } = await app.publish(channel, t.item(0, data), publish);
  await t.until(() => app.eventsOf("dead-letter").length === 1, "dead");
  const letters = app.messaging.deadLetters(channel, "main");
  await t.until(async () => (await letters.get(id)) !== undefined, "the letter can be seen", 30_000);
  return { channel, app, letters, id, seen };
}

/** The same data with another `n`. */
const fixed = (t: CaseContext, n = 1, extra: object = {}): object => ({ ...t.item(0, extra), n });

/** A broker may not show a letter at once. */
async function edited(t: CaseContext, letters: any, id: string, edit: object): Promise<any> {
  let done: any;
  const attempt = async () => {
    try {
      done = await letters.edit(id, edit);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "no-such-dead-letter") throw error;
    }
    return done !== undefined;
  };
  await t.until(attempt, "the letter is edited", 30_000);
  return done;
}

const none = (t: CaseContext, letters: any) =>
  t.until(async () => (await letters.groups({ by: ["code"] })).seen === 0, "no letter is left", 30_000);

export const cases: readonly ContractCase[] = [
  {
    id: "C11-edit",
    clause,
    title: "an edited dead letter reaches its group as a new message that names the old one, and the letter is gone",
    needs: redrives,
    run: async (t) => {
      const { letters, id, seen } = await dead(t, {}, { headers: { "x-keep": "yes" } });
      const done = await edited(t, letters, id, { data: fixed(t) });
      assert.equal(done.causationId, id);
      assert.equal(done.removed, true);
      assert.notEqual(done.id, id);
      await t.until(() => seen.of(1).length === 1, "the new message");
      const { delivery, headers, key } = seen.of(1)[0]!;
      assert.deepEqual(
        [delivery.id, delivery.causationId, delivery.hop, delivery.source, delivery.foreign],
        [done.id, id, 0, "suite", false],
      );
      assert.equal(headers["x-keep"], "yes");
      if (t.harness.ordered) assert.equal(key, "k0");
      await none(t, letters);
      assert.equal(seen.of(0).length, 1, "the old one is not sent");
    },
  },
  {
    id: "C11-edit-not-allowed",
    clause,
    title: "a dead letter is not edited unless the group's configuration allows it, and stays as it is",
    needs: redrives,
    run: async (t) => {
      const { app, letters, id, channel } = await dead(t, { groups: { main: {} } });
      const refusal = await rejected(letters.edit(id, { data: fixed(t) }), "edit");
      assert.deepEqual([refusal.code, refusal.kind], ["edit-not-allowed", "config"]);
      assert.equal(app.messaging.explain().channels[channel.name].groups.main.editDeadLetters, false);
      assert.equal((await letters.get(id)).data.n, 0);
    },
  },
  {
    id: "C11-edit-is-checked",
    clause,
    title:
      "an edit that does not fit the schema, changes the ordering key or changes nothing is refused, and the letter stays",
    needs: redrives,
    run: async (t) => {
      const { letters, id, seen } = await dead(t);
      const codes = async (edit: object) => (await rejected(letters.edit(id, edit), JSON.stringify(edit))).code;
      assert.equal(await codes({ data: { ...fixed(t), n: "one" } }), "invalid-message");
      assert.equal(await codes({ type: "no-such-type" }), "unknown-type");
      assert.equal(await codes({ headers: { "Not Portable": "x" } }), "bad-header");
      assert.equal(await codes({}), "bad-edit");
      assert.equal(await codes({ dat: fixed(t) }), "bad-edit");
      if (t.harness.ordered) assert.equal(await codes({ data: { ...fixed(t), k: "another" } }), "edit-changes-key");
      assert.equal(
        (await rejected(letters.edit("no-such-id", { data: fixed(t) }), "no such id")).code,
        "no-such-dead-letter",
      );
      await t.until(async () => (await letters.get(id))?.data.n === 0, "the letter stays", 30_000);
      assert.equal(seen.seen.length, 1);
    },
  },
  {
    id: "C11-edit-again-is-the-same",
    clause,
    title:
      "the same edit of the same letter is the same message, as after a crash before the letter was removed; another edit is another",
    needs: redrives,
    run: async (t) => {
      let crashes = true;
      // As if the process died between the acceptance of the new message and the removal of the letter.
      const adapter = intercept(t.harness.adapter, {
        settle: (batch, call, from) =>
          call(batch.map((one) => (crashes && from.dead === true ? { receipt: one.receipt, action: "release" } : one))),
      });
      const { letters, id, seen } = await dead(t, { adapter });
      const first = await edited(t, letters, id, { data: fixed(t) });
      const other = await edited(t, letters, id, { data: fixed(t, 2) });
      crashes = false;
      const again = await edited(t, letters, id, { data: fixed(t) });
      assert.equal(again.id, first.id);
      assert.notEqual(other.id, first.id);
      await t.until(() => seen.of(1).length > 0 && seen.of(2).length > 0, "both");
      assert.deepEqual([...new Set(seen.of(1).map((one) => one.id))], [first.id]);
      await none(t, letters);
    },
  },
  {
    id: "C11-edit-reaches-its-group-only",
    clause,
    title: "an edited dead letter reaches only the group that failed it",
    needs: all(redrives, manyGroups),
    run: async (t) => {
      const { app, channel, letters, id, seen } = await dead(t, { groups: { ...ALLOWED, other: {} } });
      const others = t.recorder();
      await app.consume(channel, "other", others.handle);
      await t.until(() => others.of(0).length === 1, "the other group has the original");
      await edited(t, letters, id, { data: fixed(t) });
      await t.until(() => seen.of(1).length === 1, "the new message");
      await app.publish(channel, t.item(5));
      await t.until(() => others.of(5).length === 1, "a later message");
      assert.equal(others.of(1).length, 0);
    },
  },
  {
    id: "D-edited",
    clause: "content",
    title:
      "an edited dead letter is encrypted and stored elsewhere again, and its data can be kept while its headers change",
    needs: redrives,
    run: async (t) => {
      const extras = new Extras();
      const content = { encrypt: { keys: "main" }, claimCheck: { store: extras.store, above: "2KiB" } };
      const options = { keys: { main: { use: extras.keys } }, channelConfig: content };
      const big = "x".repeat(4_000);
      const { letters, id, seen } = await dead(t, options, {}, { big });
      const [sealed, stored] = [extras.sealed, extras.stored];
      await edited(t, letters, id, { data: fixed(t, 0, { big }), headers: { "x-round": "2" } });
      await t.until(() => seen.of(0).length === 2, "the first edit");
      assert.ok(extras.sealed > sealed && extras.stored > stored, "encrypted and stored again");
      const second = seen.of(0)[1]!;
      assert.deepEqual([second.data.big, second.headers["x-round"], second.delivery.encrypted], [big, "2", true]);
      // It has died again. Now the data is read, decrypted and sent once more.
      const next = await edited(t, letters, second.id, { headers: { "x-round": "3" } });
      await t.until(() => seen.of(0).length === 3, "the second edit");
      const third = seen.of(0)[2]!;
      assert.deepEqual([third.id, third.delivery.causationId, third.data.big], [next.id, second.id, big]);
      assert.equal(third.headers["x-round"], "3");
    },
  },
];
