import { Release } from "@switchyard/core";
import type { ContractCase } from "../case.ts";
import { driverOptions } from "../driver-options.ts";
import {
  all,
  assert,
  brokerRetry,
  deadLetters,
  exactly,
  notBefore,
  notLog,
  pulls,
  range,
  rejected,
  wire,
  within,
} from "./kit.ts";

const clause = "C9";

const fails = () => {
  throw new Error("no");
};

export const cases: readonly ContractCase[] = [
  ...[1, 2, 5].map(
    (attempts): ContractCase => ({
      id: `C9-exactly-${attempts}`,
      clause,
      title: `with attempts: ${attempts} a handler sees it ${attempts} times, then it is a dead letter`,
      needs: deadLetters,
      hold: "ends",
      run: async (t) => {
        const channel = t.channel();
        const app = await t.app({ channels: [channel], retry: { attempts } });
        const seen = t.recorder(fails);
        await app.consume(channel, "main", seen.handle);
        await app.publish(channel, t.item(1));
        const [copy] = await t.deadLetters(channel.name, "main", 1);
        assert.deepEqual(
          seen.seen.map((one) => one.attempt),
          range(attempts).map((n) => n + 1),
        );
        assert.equal(copy!.dead?.attempts, attempts);
        await t.sleep(t.holdMs + 500);
        assert.equal(seen.seen.length, attempts);
      },
    }),
  ),
  {
    id: "C9-succeeds-at-the-last",
    clause,
    title: "a message that succeeds at its last attempt is not dead-lettered",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 3 } });
      const seen = t.recorder((_data, _delivery, one) => {
        if (one.attempt < 3) throw new Error("not yet");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 3, "three attempts");
      await t.noDeadLetters(channel.name, "main");
      assert.equal(seen.seen.length, 3);
    },
  },
  {
    id: "C9-observed-attempts",
    clause,
    title: "the driver's attempt is what capabilities.attempts says it counts",
    needs: all(pulls, brokerRetry),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 20_000 });
      await seam.send([wire(t, 1)]);
      const reader = await seam.reader();
      const counts: (number | undefined)[] = [];
      for (const _ of range(3)) {
        const [taken] = await reader.take(1);
        counts.push(taken!.delivery.attempt);
        await reader.settle([taken!], { retryMs: 0 });
      }
      if (t.caps.attempts === "local") assert.deepEqual(counts, [undefined, undefined, undefined]);
      else assert.deepEqual(counts, [1, 2, 3]);
    },
  },
  {
    id: "C9-release-penalty-as-declared",
    clause,
    title: "a release raises the driver's attempt exactly where releaseWithoutPenalty is not declared",
    needs: all(
      pulls,
      all(notLog, (caps) => (caps.attempts === "local" ? "attempts: local" : undefined)),
    ),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 20_000 });
      await seam.send([wire(t, 1)]);
      const reader = await seam.reader();
      const [first] = await reader.take(1);
      await reader.settle([first!], "release");
      const [second] = await reader.take(1);
      assert.equal(second!.delivery.attempt, t.caps.releaseWithoutPenalty ? 1 : 2);
    },
  },
  {
    id: "C9-crashes-alone-do-not-kill",
    clause,
    title:
      "processes that die while handling do not use up the attempts: only a failure in the process that dead-letters does",
    needs: all(pulls, all(deadLetters, notLog)),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const options = { channels: [channel], retry: { attempts: 2 } };
      const publisher = await t.app(options);
      const { id } = await publisher.publish(channel, t.item(1));
      for (const _ of range(2)) {
        const app = await t.mortalApp(options);
        const dying = t.recorder(() => {
          app.crash();
          return new Promise(() => {});
        });
        await app.consume(channel, "main", dying.handle);
        await exactly(t, () => dying.seen.length, 1, "the delivery to a process that dies", 60_000);
      }
      const last = await t.app(options);
      const seen = t.recorder();
      await last.consume(channel, "main", seen.handle);
      await t.until(() => seen.done.length >= 1, "the delivery to one that lives", 60_000);
      assert.deepEqual(seen.ids, [id]);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "C9-policy-per-error",
    clause,
    title:
      "the policy's rule for an error's name or code applies: dead-lettered at once, fewer attempts, or no attempt used",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const errors = { Hopeless: "deadLetter", "bank-closed": { attempts: 2 } };
      const app = await t.app({ channels: [channel], retry: { attempts: 4, errors } });
      const seen = t.recorder((data) => {
        if (data.n === 0) throw Object.assign(new Error("h"), { name: "Hopeless" });
        if (data.n === 1) throw Object.assign(new Error("b"), { code: "bank-closed" });
        throw new Error("wrapped", { cause: Object.assign(new Error("inner"), { name: "Hopeless" }) });
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(channel, [t.item(0), t.item(1), t.item(2)]);
      await t.deadLetters(channel.name, "main", 3);
      assert.deepEqual(
        range(3).map((n) => seen.of(n).length),
        [1, 2, 1],
      );
    },
  },
  {
    id: "C9-release-is-no-failure",
    clause,
    title: "releases do not use up attempts",
    needs: all(deadLetters, notLog),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 } });
      const seen = t.recorder(() => {
        if (seen.seen.length <= 3) throw new Release();
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 4, "three releases and a success", 30_000);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "C9-ten-releases-then-failures",
    clause,
    title:
      "ten releases with a delay and then failures: exactly the configured attempts, and a dead letter that says why",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 3 } });
      const seen = t.recorder(() => {
        if (seen.seen.length <= 10) throw new Release({ delay: "150ms" });
        throw new Error("no");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.deepEqual(
        seen.seen.map(({ attempt }) => attempt),
        [...range(10).map(() => 1), 1, 2, 3],
      );
      // The broker's own dead letters have no reason.
      assert.equal(copy!.dead?.code, "attempts-exhausted");
      assert.equal(copy!.dead?.attempts, 3);
      for (const [i, { startedAt }] of seen.seen.slice(1, 11).entries())
        notBefore(startedAt, seen.seen[i]!.endedAt! + 150, `delivery ${i + 2}`);
    },
  },
  {
    id: "C9-more-waiting-than-fit",
    clause,
    title:
      "more messages wait for their time than may be in flight: none is early, no attempt is used up, and what goes back to the broker is reported",
    needs: all(pulls, deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const groups = { main: { concurrency: 2, maxInFlight: Math.max(4, t.caps.minInFlight ?? 1) } };
      const app = await t.app({ channels: [channel], groups, retry: { attempts: 1 } });
      const seen = t.recorder(({ n }) => {
        if (seen.of(n).length === 1) throw new Release({ delay: "2s" });
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(12).map((n) => t.item(n)),
      );
      await t.until(
        () => range(12).every((n) => seen.of(n).length >= 2 && seen.of(n).every((one) => one.endedAt)),
        "all",
        30_000,
      );
      for (const n of range(12)) {
        const [first, second] = seen.of(n);
        notBefore(second!.startedAt, first!.endedAt! + 2_000, `message ${n}`);
        assert.equal(second!.attempt, 1);
      }
      await t.noDeadLetters(channel.name, "main");
      const released = app.eventsOf("released").filter(({ reason }) => reason === "room");
      if (brokerRetry(t.caps, t.harness) !== undefined) return;
      assert.ok(released.length > 0, "some went back to the broker");
      for (const { counted } of released) assert.equal(counted, t.caps.releaseWithoutPenalty ? undefined : true);
    },
  },
  ...(
    [
      ["invalid-message", { n: "not a number" }],
      ["unknown-type", { n: 1 }],
    ] as const
  ).map(
    ([code, data]): ContractCase => ({
      id: `C9-${code}-at-once`,
      clause,
      title: `what can never be handled (${code}) is a dead letter at once, without attempts`,
      needs: deadLetters,
      run: async (t) => {
        const name = "strict";
        const loose = { "~standard": { version: 1, vendor: "loose", validate: (value: unknown) => ({ value }) } };
        const messages = code === "unknown-type" ? { item: loose, other: loose } : { item: loose };
        const theirs = t.channel({ name, messages });
        const publisher = await t.app({ channels: [theirs] });
        const type = code === "unknown-type" ? "other" : "item";
        await publisher.messaging.publish(theirs, type, { ...t.item(1), ...data });
        const ours = t.channel({ name });
        const app = await t.app({ channels: [ours] });
        const seen = t.recorder();
        await app.consume(ours, "main", seen.handle);
        const [copy] = await t.deadLetters(name, "main", 1);
        assert.equal(copy!.dead?.code, code);
        assert.ok(copy!.dead!.reason.length > 0);
        assert.equal(seen.seen.length, 0);
      },
    }),
  ),
  {
    id: "C9-one-id-of-several",
    clause,
    title:
      "messages of another producer with the same id, or an empty one, do not share their attempts, and their dead letters can be read",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel({ foreign: "item" });
      const app = await t.app({ channels: [channel], groups: { main: { concurrency: 1 } }, retry: { attempts: 3 } });
      const { to } = t.layout(channel.name, ["main"]);
      const seen = t.recorder(fails);
      for (const n of range(6)) {
        const key = t.harness.ordered ? { key: `k${n}` } : {};
        await t.sendForeign(to, { body: `{"n":${n}}`, id: n < 4 ? "order" : "", ...key });
      }
      await app.consume(channel, "main", seen.handle);
      const copies = await t.deadLetters(channel.name, "main", 6);
      assert.deepEqual(
        range(6).map((n) => seen.of(n).length),
        [3, 3, 3, 3, 3, 3],
      );
      for (const copy of copies) assert.deepEqual([copy.dead?.attempts, copy.id === ""], [3, false]);
    },
  },
  {
    id: "C9-foreign-at-once",
    clause,
    title:
      "a message of another producer that is tried again at once has its attempts counted, whatever the broker counts",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel({ foreign: "item" });
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 3, backoff: "constant", first: "0s", max: "1s" },
      });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      await t.sendForeign(to, { body: '{"n":1}', ...key });
      const seen = t.recorder(() => {
        // Succeeds at the tenth attempt, so that the case ends if attempts are not counted.
        if (seen.seen.length < 10) throw new Error("no");
      });
      await app.consume(channel, "main", seen.handle);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.deepEqual(
        seen.seen.map((one) => one.attempt),
        [1, 2, 3],
      );
      assert.equal(copy!.dead?.attempts, 3);
    },
  },
  {
    id: "C9-a-queue-that-gives-up-sooner",
    clause,
    title:
      "a queue whose own limit of deliveries is below the policy's attempts is refused at start, with both numbers",
    needs: all(
      pulls,
      all(deadLetters, (caps) => (caps.deadLetter === "native" ? undefined : `deadLetter: ${caps.deadLetter}`)),
    ),
    run: async (t) => {
      const { adapter, connection } = t.harness;
      const channel = t.channel();
      const { all: made, groups } = t.layout(channel.name, ["main"], { nativeAttempts: 12 });
      await t.provision(made);
      const { address } = adapter.locate(groups["main"]!, await driverOptions(adapter, connection(t.prefix)));
      const app = (attempts: number) =>
        t.app({ channels: [channel], groups: { main: { address } }, retry: { attempts }, provision: "off" });
      const narrow = await app(400);
      const error = await within(
        t,
        20_000,
        rejected(
          narrow.consume(channel, "main", () => {}),
          "start",
        ),
        "start",
      );
      assert.deepEqual([error.code, error.kind], ["policy-cut-short", "config"]);
      // A transport may round the limit.
      const [, deliveries] = /after (\d+) deliveries.*\b400\b/.exec(error.message) ?? [];
      assert.ok(Number(deliveries) >= 12 && Number(deliveries) < 400, error.message);
      const wide = await app(10);
      await wide.consume(channel, "main", () => {});
    },
  },
  {
    id: "C9-waits-longer-than-the-retention",
    clause,
    title: "a policy whose waits are longer than a message is kept is refused at start, with both numbers",
    needs: all(
      pulls,
      all(deadLetters, (caps) =>
        Number.isFinite(caps.retentionMs) && caps.retentionMs < 1e12 ? undefined : `retentionMs: ${caps.retentionMs}`,
      ),
    ),
    run: async (t) => {
      const channel = t.channel();
      const days = Math.ceil(t.caps.retentionMs / 86_400_000);
      // A policy has at most a thousand attempts, so a long retention needs longer waits to be exceeded.
      const hours = days > 20 ? 11 : 1;
      const wait = `${hours}h` as const;
      const retry = { attempts: Math.ceil((24 * days) / hours) + 3, backoff: "constant", first: wait, max: wait };
      const app = await t.app({ channels: [channel], retry });
      const error = await within(
        t,
        20_000,
        rejected(
          app.consume(channel, "main", () => {}),
          "start",
        ),
        "start",
      );
      assert.equal(error.code, "policy-cut-short");
      assert.ok(error.message.includes(String(retry.attempts)), error.message);
    },
  },
];
