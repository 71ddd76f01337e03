import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import {
  Refusal,
  all,
  assert,
  classifyRefusal,
  exactly,
  notBefore,
  notLog,
  numberOf,
  ownDeadline,
  pulls,
  range,
  signal,
  wire,
} from "./kit.ts";

const clause = "C7";

export const cases: readonly ContractCase[] = [
  {
    id: "C7-held-is-hidden",
    clause,
    title: "a held message is not delivered to another consumer",
    needs: all(pulls, notLog),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 20_000 });
      await seam.send(range(4).map((n) => wire(t, n)));
      const mine = await seam.reader();
      assert.equal((await mine.take(4)).length, 4);
      const theirs = await (await t.open(seam.places)).reader();
      assert.deepEqual((await theirs.watch(2_000)).map(numberOf), []);
    },
  },
  {
    id: "C7-hold-ends",
    clause,
    title: "a hold that is not extended ends, but not early, and the message comes again",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      await seam.send([wire(t, 1)]);
      const reader = await seam.reader();
      const [first] = await reader.take(1);
      assert.ok(first!.delivery.deadline !== undefined, "a hold that can be extended has a deadline");
      assert.ok(first!.delivery.deadline <= first!.at + t.holdMs + 1, "the deadline is not after the hold asked for");
      const [second] = await reader.take(1, { withinMs: t.holdMs + t.slackMs + 5_000 });
      assert.equal(numberOf(second!), 1);
      notBefore(second!.at, first!.delivery.deadline, "the second delivery");
    },
  },
  {
    id: "C7-extend-keeps",
    clause,
    title: "an extended hold delays the redelivery by the extension",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      await seam.send([wire(t, 1)]);
      const reader = await seam.reader();
      const [first] = await reader.take(1);
      assert.ok(first!.lease.extend !== undefined, "holdExtend is declared");
      const at = t.runtime.monotonic();
      const forMs = t.holdMs * 2;
      assert.deepEqual(await first!.lease.extend([first!.delivery.receipt], forMs, signal()), [undefined]);
      const [second] = await reader.take(1, { withinMs: forMs + t.slackMs + 5_000 });
      notBefore(second!.at, at + forMs, "the delivery after the extension");
    },
  },
  {
    id: "C7-extend-as-declared",
    clause,
    title: "a lease offers extend exactly where holdExtend is declared",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const lease = await (await seam.reader()).lease();
      assert.equal(lease.extend !== undefined, t.caps.holdExtend);
    },
  },
  {
    id: "C7-heartbeat",
    clause,
    title: "while a handler runs its hold is extended: there is no second delivery, however long it runs",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const [one, two] = [await t.app({ channels: [channel] }), await t.app({ channels: [channel] })];
      const seen = t.recorder(() => t.sleep(t.holdMs * 3));
      await one.consume(channel, "main", seen.handle);
      await two.consume(channel, "main", seen.handle);
      await one.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 1, "the handler's end", t.holdMs * 5);
      await t.sleep(t.holdMs);
      assert.equal(seen.seen.length, 1);
      assert.equal(seen.seen[0]!.delivery.signal.aborted, false);
    },
  },
  {
    id: "C7-signal-on-loss",
    clause,
    title: "when the hold is lost delivery.signal aborts, and the loss is reported",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      // The error of a broker that has given the hold to another consumer. Here every call gets it.
      const gone = new Error("gone");
      const adapter = intercept(t.harness.adapter, {
        extend: async (receipts) => receipts.map(() => ({ cause: gone })),
        classify: (cause) => (cause === gone ? { kind: "lost", code: "hold-lost" } : undefined),
      });
      const app = await t.app({ channels: [channel], adapter });
      const aborted: boolean[] = [];
      const seen = t.recorder(async (_data, delivery, one) => {
        if (one !== seen.seen[0]) return;
        if (!delivery.signal.aborted)
          await new Promise((resolve) => delivery.signal.addEventListener("abort", resolve, { once: true }));
        aborted.push(delivery.signal.aborted);
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => aborted.length, 1, "the signal", t.holdMs * 3 + t.slackMs);
      await t.until(() => seen.seen.length >= 2, "the message again", t.holdMs * 3 + t.slackMs);
      assert.ok(app.eventsOf("lost").length >= 1);
    },
  },
  {
    id: "C7-signal-before-the-hold-ends",
    clause,
    title: "where extending fails, the signal aborts no later than the hold ends",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const { control, via } = await t.faults();
      const app = await t.app({ channels: [channel], ...via });
      let abortedAt: number | undefined;
      const seen = t.recorder(async (_data, delivery, one) => {
        if (one !== seen.seen[0]) return;
        await new Promise((resolve) => delivery.signal.addEventListener("abort", resolve, { once: true }));
        abortedAt = t.runtime.monotonic();
      });
      control.next("extend", "error");
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => abortedAt !== undefined, "the signal", t.holdMs * 3 + t.slackMs);
      assert.ok(abortedAt! <= seen.seen[0]!.startedAt + t.holdMs + 50, "the signal came while the hold still stood");
      control.heal();
      await t.until(() => seen.seen.length >= 2, "the message again", t.holdMs * 3 + t.slackMs);
    },
  },
  ...range(3).map(
    (point): ContractCase => ({
      id: `C7-crash-at-await-${point + 1}`,
      clause,
      title: `a process that dies at await ${point + 1} of 3 of its handler: another gets the message`,
      needs: pulls,
      hold: "ends",
      run: async (t) => {
        const channel = t.channel();
        const first = await t.mortalApp({ channels: [channel] });
        const reached: number[] = [];
        const dying = t.recorder(async () => {
          for (const step of range(3)) {
            reached.push(step);
            if (step === point) first.crash();
            await t.sleep(10);
          }
        });
        await first.consume(channel, "main", dying.handle);
        // The process that dies must not publish: a broker that pushes may deliver before it confirms the publish.
        const second = await t.app({ channels: [channel] });
        const { id } = await second.publish(channel, t.item(1));
        await t.until(() => reached.includes(point), "the crash");
        const seen = t.recorder();
        await second.consume(channel, "main", seen.handle);
        await t.until(() => seen.ids.includes(id), "the message in another process", 120_000);
        const attempt = seen.seen[0]!.attempt;
        if (t.caps.attempts === "exact" || t.caps.attempts === "approximate")
          assert.ok(attempt >= 2, `attempt ${attempt}`);
      },
    }),
  ),
  {
    id: "C7-says-why-a-hold-is-lost",
    clause,
    title: "when a hold cannot be extended, the event, the abort reason and health say what was refused",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const denied = new Refusal({ kind: "auth", code: "access-denied", hint: "check the role" });
      const adapter = intercept(t.harness.adapter, {
        extend: async (receipts) => receipts.map(() => ({ cause: denied })),
        classify: classifyRefusal,
      });
      const app = await t.app({ channels: [channel], adapter });
      let reason: any;
      const seen = t.recorder(async (_data, { signal }, one) => {
        if (one !== seen.seen[0]) return;
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        reason = signal.reason;
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => reason !== undefined, "the signal", t.holdMs * 3 + t.slackMs);
      assert.equal(reason.cause?.code, "access-denied");
      assert.match(reason.message, /access-denied/);
      const [lost] = app.eventsOf("lost");
      assert.deepEqual([lost.during, lost.error?.code], ["handling", "access-denied"]);
      const health = app.messaging.health();
      assert.equal(health.status, "red");
      assert.ok(
        health.problems.some((problem: string) => problem.includes("access-denied")),
        health.problems.join(),
      );
    },
  },
];
