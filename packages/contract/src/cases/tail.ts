/** Watching a channel: an operator sees what passes, and the groups do not notice. */
import type { CaseContext, ContractCase } from "../case.ts";
import { assert, pulls, range, rejected, sorted, within } from "./kit.ts";

const clause = "tail";

interface Watching {
  readonly seen: any[];
  /** Resolves once the tail has ended and has removed what it made. */
  readonly ended: Promise<void>;
  end(): void;
}

/** Watches in the background. Undefined: the transport cannot, and said so. */
async function watching(
  t: CaseContext,
  messaging: any,
  channel: any,
  options: object = {},
): Promise<Watching | undefined> {
  const over = new AbortController();
  const tail = messaging.tail(channel, { ...options, signal: over.signal });
  const seen: any[] = [];
  const ended = (async () => {
    for await (const message of tail) {
      seen.push(message);
      t.changed();
    }
  })();
  ended.catch(() => undefined);
  t.after(() => over.abort());
  // Without a limit of its own: virtual time would pass while the code of tails is being loaded.
  const refused = await tail.watching.then(
    () => undefined,
    (error: unknown) => error as any,
  );
  if (refused === undefined) return { seen, ended, end: () => over.abort() };
  assert.equal(refused.code, "tail-unsupported", refused.message);
  return undefined;
}

export const cases: readonly ContractCase[] = [
  {
    id: "W-takes-nothing",
    clause,
    title:
      "a tail shows what is accepted while it watches, its data only if asked, and the group gets all of it; a queue is refused",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const plain = await watching(t, app.messaging, channel);
      assert.equal(plain === undefined, t.harness.model === "queue", "topics and streams are watched, queues are not");
      const whole = await watching(t, app.messaging, channel, { data: true });
      const ids = await app.publishAll(
        channel,
        range(10).map((n) => t.item(n)),
      );
      await t.until(() => new Set(seen.ids).size === ids.length, "the group has all", 30_000);
      if (plain === undefined || whole === undefined) return;
      const all = (of: Watching) => new Set(of.seen.map(({ id }) => id)).size === ids.length;
      await t.until(() => all(plain) && all(whole), "the tails have all", 30_000);
      assert.deepEqual(new Set(plain.seen.map(({ id }) => id)), new Set(ids));
      assert.ok(
        plain.seen.every((one) => !("data" in one) && !("headers" in one) && one.bytes > 0 && one.type === "item"),
      );
      assert.deepEqual(
        sorted([...new Map(whole.seen.map(({ id, data }) => [id, data.n as number])).values()]),
        range(10),
      );
    },
  },
  {
    id: "W-leaves-nothing",
    clause,
    title: "a tail that has ended leaves nothing at the broker, and one that watches is not swept",
    needs: (caps, harness) => (harness.model === "queue" ? "a queue is not watched" : pulls(caps, harness)),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const one = await watching(t, app.messaging, channel, { for: "1h" });
      if (one === undefined) return;
      const swept = (): Promise<readonly any[]> => app.messaging.sweepTails(channel);
      for (const { expiresAt, removed } of await swept()) {
        assert.equal(removed, false, "a tail that runs was swept");
        assert.ok(expiresAt.getTime() > t.runtime.now(), "a tail that runs has expired");
      }
      await app.publish(channel, t.item(1));
      await t.until(() => one.seen.length > 0, "it still watches", 30_000);
      one.end();
      await within(t, 30_000, one.ended, "the end of a tail");
      assert.deepEqual(await swept(), []);
      const other = await watching(t, app.messaging, channel);
      await within(t, 30_000, app.stop({ deadline: 0 }), "stop while a tail watches");
      await within(t, 30_000, other!.ended, "the end of a tail by stop");
      const later = await t.app({ channels: [channel] });
      assert.deepEqual(await later.messaging.sweepTails(channel), []);
      const after = (async () => app.messaging.tail(channel).watching)();
      const error = await rejected(after, "a tail after stop");
      assert.equal(error.code, "closed");
    },
  },
];
