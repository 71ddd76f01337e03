import { type Claims, claim, type ClaimStore, memoryStore } from "@switchyard/inbox";
import type { Adapter, Capabilities } from "@switchyard/core/driver";
import type { CaseContext, ContractCase } from "../case.ts";
import type { Harness } from "../harness.ts";
import { intercept } from "../intercept.ts";
import { all, assert, deadLetters, exactly, log, range, redrives, rejected, replays, sorted } from "./kit.ts";

const clause = "inbox";

/** Two copies of a message can be handled at once. */
const atOnce = (caps: Capabilities, harness: Harness): string | undefined =>
  !harness.ordered || caps.ordering === "key"
    ? undefined
    : `ordering: ${caps.ordering} (a second copy waits for the first)`;

const storeOf = (t: CaseContext): ClaimStore => t.harness.claimStore?.() ?? memoryStore();

/** A store of which some steps go otherwise. */
const changed = (store: ClaimStore, change: (claims: Claims) => Partial<Claims>): ClaimStore => ({
  ...store,
  open: (runtime) => {
    const claims = store.open(runtime);
    return { ...bound(claims), ...change(claims) };
  },
});

const bound = (claims: Claims): Claims => ({
  claim: (...of) => claims.claim(...of),
  renew: (...of) => claims.renew(...of),
  done: (...of) => claims.done(...of),
  release: (...of) => claims.release(...of),
  forget: (...of) => claims.forget(...of),
});

const use = (store: ClaimStore) => ({ use: [claim(store, { window: "1h", accept: "shorter" })] });

/** Sends every message to the group twice. With `apart`, the second copy has another key for the broker, so that both can be held at once. */
function twice(adapter: Adapter, apart = false): Adapter {
  return intercept(adapter, {
    send: async (batch, call, to) => {
      const sent = await call(batch);
      if (to.dead === true) return sent;
      const again = batch.map((message) => ({
        ...message,
        ...(message.dedup === undefined ? {} : { dedup: `${message.dedup}-again` }),
        ...(apart && message.key !== undefined ? { key: `${message.key}-again` } : {}),
      }));
      for (const one of await call(again)) if (!("id" in one)) throw one.cause;
      return sent;
    },
  });
}

/** A gate that a handler waits at. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/**
 * Two copies of one message, handled at once: the first one's claim has ended, because it is not renewed, and the second one has taken it
 * over. Returns what the handlers wait at.
 */
async function zombie(t: CaseContext) {
  const channel = t.channel();
  const app = await t.app({
    channels: [channel],
    adapter: twice(t.harness.adapter, true),
    groups: { main: { concurrency: 4, maxInFlight: 8 } },
  });
  const gates = [gate(), gate()];
  let fails = false;
  const seen = t.recorder(async (_data, _delivery, one) => {
    const at = seen.seen.indexOf(one);
    await gates[at]?.passed;
    if (at === 0 && fails) throw new Error("late, and in vain");
  });
  let claims = 0;
  const mortal = changed(storeOf(t), (inner) => {
    const first = new Set<string>();
    return {
      claim: async (key, token, ...times) => {
        const reply = await inner.claim(key, token, ...times);
        if (reply.got === "yes" && claims++ === 0) first.add(token);
        return reply;
      },
      // The first holder has stalled, as far as the store can tell.
      renew: async (key, token, forMs) => !first.has(token) && inner.renew(key, token, forMs),
    };
  });
  await app.consume(channel, "main", seen.handle, use(mortal));
  await app.publish(channel, t.item(1));
  await t.until(() => seen.seen.length === 2, "the second copy to take the claim over", t.holdMs * 4 + t.slackMs);
  return { app, seen, gates, fail: () => void (fails = true) };
}

export const cases: readonly ContractCase[] = [
  {
    id: "I-duplicate-skipped",
    clause,
    title: "of several copies of a message one is handled, and the others are settled as skipped",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], adapter: twice(t.harness.adapter) });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle, use(storeOf(t)));
      await app.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      await exactly(t, () => app.eventsOf("skipped").length, 5, "five duplicates");
      await t.until(() => seen.ids.length === 5, "five messages");
      assert.equal(seen.seen.length, 5);
      assert.deepEqual([app.eventsOf("retry").length, app.eventsOf("dead-letter").length], [0, 0]);
    },
  },
  {
    id: "I-failure-frees-the-claim",
    clause,
    title:
      "a failed attempt leaves no mark: the message is tried again, and its copies are skipped once it has succeeded",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], adapter: twice(t.harness.adapter) });
      let failed = 0;
      const seen = t.recorder(() => {
        if (failed++ < 2) throw new Error("not yet");
      });
      await app.consume(channel, "main", seen.handle, use(storeOf(t)));
      await app.publish(channel, t.item(1));
      await exactly(t, () => app.eventsOf("skipped").length, 1, "the copy");
      assert.deepEqual([seen.seen.length, app.eventsOf("retry").length], [3, 2]);
    },
  },
  {
    id: "I-live-claims-use-up-no-attempt",
    clause,
    title:
      "a message that another process is handling is given back with a delay and uses up no attempt: after ten times it still has all of them",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 3 } });
      let left = 10;
      const store = changed(storeOf(t), (inner) => ({
        claim: async (...of) => (left-- > 0 ? { got: "held", leftMs: 50 } : inner.claim(...of)),
      }));
      const seen = t.recorder(() => {
        throw new Error("a real failure");
      });
      await app.consume(channel, "main", seen.handle, use(store));
      await app.publish(channel, t.item(1));
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      assert.ok(left < 0, `${left} live claims left`);
      assert.deepEqual(
        seen.seen.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      assert.equal(app.eventsOf("dead-letter")[0].code, "attempts-exhausted");
    },
  },
  {
    id: "I-dead-letter-leaves-no-mark",
    clause,
    title: "a dead letter that is redriven is handled: it has left no mark",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 } });
      let healthy = false;
      const seen = t.recorder(() => {
        if (!healthy) throw new Error("down");
      });
      await app.consume(channel, "main", seen.handle, use(storeOf(t)));
      await app.publish(channel, t.item(1));
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      healthy = true;
      const letters = app.messaging.deadLetters(channel, "main");
      await t.until(async () => (await letters.redrive()).moved === 1, "the redrive", 30_000);
      await exactly(t, () => seen.seen.length, 3, "the message again");
      assert.equal(app.eventsOf("skipped").length, 0);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "I-zombie-fails",
    clause,
    title: "a holder that fails after its claim was taken over does not free the claim of its successor",
    needs: atOnce,
    hold: "ends",
    run: async (t) => {
      const { app, seen, gates, fail } = await zombie(t);
      fail();
      gates[0]!.open();
      await t.until(() => app.eventsOf("retry").length === 1, "the failure");
      // Its message comes again while the successor is at work: it waits.
      await t.sleep(t.holdMs);
      assert.equal(seen.seen.length, 2);
      gates[1]!.open();
      await exactly(t, () => app.eventsOf("skipped").length, 1, "the retry, skipped", t.holdMs * 4 + t.slackMs);
      assert.equal(seen.seen.length, 2);
    },
  },
  {
    id: "I-zombie-succeeds",
    clause,
    title:
      "a holder that succeeds after its claim was taken over is acknowledged with a warning, and its successor's mark stands",
    needs: atOnce,
    hold: "ends",
    run: async (t) => {
      const { app, seen, gates } = await zombie(t);
      const lost = () => app.eventsOf("warning").filter(({ error }) => error?.code === "inbox-mark-lost");
      gates[0]!.open();
      await exactly(t, () => lost().length, 1, "the warning");
      gates[1]!.open();
      await t.until(() => seen.done.length === 2, "the successor");
      await t.sleep(t.holdMs * 2);
      assert.deepEqual([seen.seen.length, lost().length, app.eventsOf("retry").length], [2, 1, 0]);
    },
  },
  {
    id: "I-store-down",
    clause,
    title:
      "while the store is down a message waits and uses up no attempt; if it is down when the handler is done, the message is acknowledged with a warning",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1, first: "50ms", max: "100ms" } });
      let tries = 0;
      const store = changed(storeOf(t), (inner) => ({
        claim: async (...of) => {
          if (++tries <= 12) throw new Error("the store is down");
          return inner.claim(...of);
        },
        done: async () => {
          throw new Error("the store is down");
        },
      }));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle, use(store));
      await app.publish(channel, t.item(1));
      await t.until(
        () => app.eventsOf("warning").some(({ error }) => error?.code === "inbox-mark-lost"),
        "the warning",
      );
      assert.ok(app.eventsOf("warning").some(({ error }) => error?.code === "inbox-unavailable"));
      await t.sleep(1_000);
      assert.deepEqual(
        seen.seen.map(({ attempt }) => attempt),
        [1],
      );
      assert.equal(app.eventsOf("dead-letter").length, 0);
    },
  },
  {
    id: "I-batch",
    clause,
    title: "in batches, too, each message is handled once, and what fails comes again",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], adapter: twice(t.harness.adapter) });
      const handled: number[] = [];
      let failed = false;
      const handle = (batch: any) => {
        t.changed();
        for (const delivery of batch) {
          if (delivery.data.n === 2 && !failed) {
            failed = true;
            batch.fail(delivery, new Error("not yet"));
          } else handled.push(delivery.data.n as number);
        }
      };
      await app.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      await app.consumeBatches(channel, "main", handle, { batch: { size: 10, wait: "50ms" }, ...use(storeOf(t)) });
      await t.until(() => handled.length >= 5 && app.eventsOf("skipped").length >= 5, "all, and their copies");
      assert.deepEqual(sorted(handled), range(5));
      assert.deepEqual([failed, app.eventsOf("skipped").length], [true, 5]);
    },
  },
  {
    id: "I-foreign-one-id",
    clause,
    title: "messages of another producer that have one id are different messages: each is handled",
    run: async (t) => {
      const channel = t.channel({ foreign: "item" });
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      for (const n of range(4)) {
        const key = t.harness.ordered ? { key: `k${n}` } : {};
        await t.sendForeign(to, { body: `{"n":${n}}`, id: "order", ...key });
      }
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle, use(storeOf(t)));
      await t.until(() => seen.seen.length === 4, "all four");
      assert.equal(app.eventsOf("skipped").length, 0);
    },
  },
  {
    id: "I-replay",
    clause,
    title:
      "a replay must say what becomes of the inbox: kept, it skips what was handled; forgotten, it is handled again",
    needs: all(log, replays("earliest")),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], groups: { main: { start: "earliest" } } });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle, use(storeOf(t)));
      await app.publishAll(
        channel,
        range(3).map((n) => t.item(n)),
      );
      await t.until(() => seen.done.length === 3, "the messages");
      const refused = await rejected(app.messaging.replay(channel, "main", "earliest"), "a replay that does not say");
      assert.equal(refused.code, "inbox-undecided");
      await app.messaging.replay(channel, "main", "earliest", { inbox: "keep" });
      await t.until(() => app.eventsOf("skipped").length >= 3, "the replay, skipped");
      assert.equal(seen.seen.length, 3);
      await app.messaging.replay(channel, "main", "earliest", { inbox: "forget" });
      await t.until(() => seen.done.length >= 6, "the replay, handled");
    },
  },
];
