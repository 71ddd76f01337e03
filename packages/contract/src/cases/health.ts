/** What `health()` says, and what happens to a message, while calls are refused: what an operator sees of each state. */
import { consumer } from "@switchyard/core";
import type { Fault } from "@switchyard/core/driver";
import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import { all, assert, deadLetters, exactly, notLog, ownDeadline, rejected, within } from "./kit.ts";

/** Raised by the suite in place of the broker's own; classified by the suite. */
class Refusal extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.code);
    this.fault = fault;
  }
}

const classify = (cause: unknown): Fault | undefined => (cause instanceof Refusal ? cause.fault : undefined);

export const cases: readonly ContractCase[] = [
  {
    id: "C6-refused-settlement-is-tried-again",
    clause: "C6",
    title: "a settlement that is refused is tried again while the hold lasts, whatever the refusal calls itself",
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
        classify,
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
  {
    id: "C7-says-why-a-hold-is-lost",
    clause: "C7",
    title: "a hold that cannot be extended: the event, the abort reason and health say what was refused",
    needs: all(notLog, ownDeadline),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const denied = new Refusal({ kind: "auth", code: "access-denied", hint: "check the role" });
      const adapter = intercept(t.harness.adapter, {
        extend: async (receipts) => receipts.map(() => ({ cause: denied })),
        classify,
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
  {
    id: "C11-blocked-shows-in-health",
    clause: "C11",
    title:
      "while a message is blocked because no dead-letter copy can be made health says so, and is green again afterwards",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const missing = new Refusal({ kind: "config", code: "queue-not-found", hint: "create it" });
      let refusing = true;
      const adapter = intercept(t.harness.adapter, {
        send: async (batch, call, to) =>
          to.dead === true && refusing ? batch.map(() => ({ cause: missing })) : call(batch),
        classify,
      });
      const app = await t.app({ channels: [channel], adapter, retry: { attempts: 1, first: "1s", max: "1s" } });
      const seen = t.recorder(() => {
        throw new Error("fails");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.until(() => app.eventsOf("blocked-message").length > 0, "the alarm", 30_000);
      const health = app.messaging.health();
      assert.equal(health.status, "red");
      assert.ok(
        health.problems.some((problem: string) => /blocked.*queue-not-found/.test(problem)),
        health.problems.join(),
      );
      refusing = false;
      await t.deadLetters(channel.name, "main", 1);
      await t.until(() => app.messaging.health().status === "green", "health, green again", 30_000);
    },
  },
  {
    id: "C13-health-tells-a-forgotten-start",
    clause: "C13",
    title: "health is red while a consumer is registered and not started, green once it receives, red after stop",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      assert.deepEqual([app.messaging.health().status, app.messaging.health().problems], ["green", []]);
      app.messaging.consume(consumer(channel, "main", { "*": () => {} } as never));
      assert.equal(app.messaging.health().status, "red");
      assert.match(app.messaging.health().problems.join(), /call start\(\)/);
      const starting = app.messaging.start();
      assert.equal(app.messaging.health().status, "yellow");
      await starting;
      await t.until(() => app.messaging.health().status === "green", "health, green");
      const stopping = app.stop();
      assert.equal(app.messaging.health().status, "yellow");
      await stopping;
      assert.equal(app.messaging.health().status, "red");
    },
  },
  {
    id: "C1-missing-shows-in-health",
    clause: "C1",
    title: "a publisher whose destination is missing: health is red and names it",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off", publish: { timeout: "2s" } });
      await within(
        t,
        15_000,
        rejected(app.publish(channel, t.item(1)), "publishing to nothing"),
        "publishing to nothing",
      );
      const { status, problems } = app.messaging.health();
      assert.equal(status, "red");
      assert.ok(
        problems.some((problem: string) => problem.includes(`"${channel.name}"`)),
        problems.join(),
      );
    },
  },
  {
    id: "C13-closed-after-stop",
    clause: "C13",
    title: "after stop nothing asks the broker anything: depth, dead letters and replay are closed",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const letters = app.messaging.deadLetters(channel, "main");
      await app.stop();
      const closed = async (work: Promise<unknown>, what: string) => {
        const error = await within(t, 10_000, rejected(work, what), what);
        assert.deepEqual([error.code, error.kind], ["closed", "closed"], `${what}: ${error.message}`);
      };
      await closed(app.messaging.depth(channel), "depth");
      await closed(app.messaging.replay(channel, "main", "earliest"), "replay");
      await closed(letters.peek(), "peek");
      await closed(letters.redrive(), "redrive");
      await closed(letters.purge(), "purge");
      await closed(app.messaging.deadLetters(channel, "main").peek(), "peek of another box");
    },
  },
  {
    id: "C13-stop-with-a-silent-broker",
    clause: "C13",
    title: "a broker that answers nothing any more holds a stop up by its deadline and four seconds at most",
    run: async (t) => {
      const channel = t.channel();
      let speak!: () => void;
      const silence = new Promise<void>((resolve) => {
        speak = resolve;
      });
      let silent = false;
      const hear = async () => (silent ? silence : undefined);
      const adapter = intercept(t.harness.adapter, {
        settle: async (batch, call) => (await hear(), call(batch)),
        release: async () => (await hear(), true),
        close: async () => (await hear(), true),
      });
      const app = await t.app({ channels: [channel], adapter });
      t.after(speak);
      const seen = t.recorder(() => {
        silent = true;
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 1, "the handler");
      const began = t.runtime.monotonic();
      await within(t, 15_000, app.stop({ deadline: "100ms" }), "stop");
      const took = t.runtime.monotonic() - began;
      assert.ok(took <= 4_100 + t.slackMs, `stop took ${took} ms`);
    },
  },
];
