import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import {
  Refusal,
  accepted,
  all,
  assert,
  brokerRetry,
  classifyRefusal,
  isLog,
  notBefore,
  notLog,
  numberOf,
  ownDeadline,
  pulls,
  range,
  signal,
  sorted,
  wire,
} from "./kit.ts";

const clause = "C6";

export const cases: readonly ContractCase[] = [
  {
    id: "C6-ack-refused-is-reported",
    clause,
    title: "a settlement that did not reach the broker is reported, not thrown, and the message comes again",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      control.next("settle", "error");
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const { id } = await app.publish(channel, t.item(1));
      await t.until(() => seen.seen.length >= 2, "the second delivery", t.holdMs * 6 + t.slackMs);
      control.heal();
      const reported = () => app.eventsOf("lost").some((event) => event.id === id && event.during === "settling");
      // The broker may deliver it again shortly before the last try to settle it fails.
      await t.until(reported, "the report of the loss", t.holdMs + t.slackMs);
      assert.equal(new Set(seen.ids).size, 1);
    },
  },
  {
    id: "C6-only-the-given-are-settled",
    clause,
    title: "settling some received messages leaves the others held",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(6).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(6);
      const ours = taken.filter((one) => [1, 4].includes(numberOf(one)));
      assert.deepEqual(await reader.settle(ours), [undefined, undefined]);
      const again = await reader.take(4, { withinMs: t.holdMs + t.slackMs + 5_000 });
      assert.deepEqual(sorted(again.map(numberOf)), [0, 2, 3, 5]);
    },
  },
  {
    id: "C6-mixed-verdicts-in-one-call",
    clause,
    title: "acks, retries and releases in one settle call all take effect",
    needs: all(pulls, brokerRetry),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 20_000 });
      await seam.send(range(3).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(3);
      const receipt = (n: number) => taken.find((one) => numberOf(one) === n)!.delivery.receipt;
      const at = t.runtime.monotonic();
      const outcomes = await taken[0]!.lease.settle(
        [
          { receipt: receipt(0), action: "ack" },
          { receipt: receipt(1), action: "retry", delayMs: 2_000, attempt: 1 },
          { receipt: receipt(2), action: "release" },
        ],
        signal(),
      );
      assert.deepEqual(outcomes, [undefined, undefined, undefined]);
      const again = await reader.take(2);
      assert.deepEqual(again.map(numberOf), [2, 1]);
      notBefore(again[1]!.at, at + 2_000, "the retried");
    },
  },
  {
    id: "C6-a-stale-receipt-hurts-no-other",
    clause,
    title: "a stale receipt in a batch does not affect the others, and outcomes map to their items",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(3).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = (await reader.take(3)).sort((a, b) => numberOf(a) - numberOf(b));
      assert.deepEqual(await reader.settle([taken[1]!]), [undefined]);
      const outcomes = await taken[0]!.lease.settle(
        taken.map(({ delivery }) => ({ receipt: delivery.receipt, action: "ack" as const })),
        signal(),
      );
      assert.equal(outcomes.length, 3);
      assert.deepEqual([outcomes[0], outcomes[2]], [undefined, undefined]);
      assert.deepEqual(await reader.watch(t.holdMs + 1_000), []);
    },
  },
  {
    id: "C6-late-ack",
    clause,
    title: "an ack after the hold ended does not throw; the message has come again and its new holder can settle it",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      await seam.send([wire(t, 1)]);
      const reader = await seam.reader();
      const [first] = await reader.take(1);
      const [second] = await reader.take(1, { withinMs: t.holdMs + t.slackMs + 5_000 });
      const late = await reader.settle([first!]);
      assert.equal(late.length, 1);
      if (late[0] !== undefined) assert.equal(seam.connection.classify(late[0].cause, "settle").kind, "lost");
      await reader.settle([second!]);
      assert.deepEqual(await reader.watch(t.holdMs + 1_000), []);
    },
  },
  {
    id: "C6-outcome-per-settlement",
    clause,
    title: "one outcome for each settlement, up to the driver's largest batch",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const count = Math.min(sender.capabilities.maxBatch.count, 20);
      const sent = await seam.send(
        range(count).map((n) => wire(t, n)),
        sender,
      );
      assert.ok(sent.every(accepted));
      const reader = await seam.reader();
      const taken = await reader.take(count);
      const outcomes = await reader.settle(isLog(t.caps) ? taken.slice(-1) : taken);
      assert.equal(outcomes.length, isLog(t.caps) ? 1 : count);
      assert.ok(outcomes.every((outcome) => outcome === undefined));
    },
  },
  {
    id: "C6-refused-settlement-is-tried-again",
    clause,
    title: "a settlement that is refused is tried again while the hold lasts, whatever the kind of the error",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const refusals = (["auth", "permanent", "config"] as const).map(
        (kind) => new Refusal({ kind, code: `refused-${kind}` }),
      );
      let settled = 0;
      const adapter = intercept(t.harness.adapter, {
        settle: async (batch, call, from) => {
          if (from.dead === true) return call(batch);
          const cause = refusals.shift();
          if (cause !== undefined) return batch.map(() => ({ cause }));
          const outcomes = await call(batch);
          settled += outcomes.filter((outcome) => outcome === undefined).length;
          t.changed();
          return outcomes;
        },
        classify: classifyRefusal,
      });
      const app = await t.app({ channels: [channel], adapter });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => settled > 0, "the settlement");
      assert.equal(refusals.length, 0);
      assert.equal(seen.seen.length, 1);
      assert.deepEqual(app.eventsOf("lost"), []);
      await t.until(() => app.messaging.health().status === "green", "health, green again");
    },
  },
];
