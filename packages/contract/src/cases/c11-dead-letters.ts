import type { ContractCase } from "../case.ts";
import { intercept } from "../intercept.ts";
import {
  Refusal,
  all,
  assert,
  classifyRefusal,
  deadLetters,
  exactly,
  isLog,
  manyGroups,
  pulls,
  range,
  redrives,
} from "./kit.ts";

const clause = "C11";

const fails = () => {
  throw new TypeError("secret text of the error");
};

export const cases: readonly ContractCase[] = [
  {
    id: "C11-same-envelope-and-why",
    clause,
    title: "a dead letter is the same envelope, plus reason, attempts, origin, error class, first and last time",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2, first: "300ms" } });
      await app.consume(channel, "main", fails);
      const began = t.runtime.now();
      const { id } = await app.publish(channel, t.item(1, { note: "ünïcode \u0000" }), {
        headers: { tenant: "t-1", odd: "\u0001é" },
      });
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.id, id);
      assert.equal(copy!.type, "item");
      assert.deepEqual(JSON.parse(copy!.body as string), t.item(1, { note: "ünïcode \u0000" }));
      assert.deepEqual(copy!.headers, { tenant: "t-1", odd: "\u0001é" });
      assert.equal(copy!.key, t.harness.ordered ? "k1" : undefined);
      assert.ok(copy!.hop >= 1);
      const dead = copy!.dead!;
      assert.deepEqual(
        [dead.code, dead.attempts, dead.channel, dead.group, dead.errorclass],
        ["attempts-exhausted", 2, channel.name, "main", "TypeError"],
      );
      assert.ok(
        Date.parse(dead.firstat) >= began - 1 && Date.parse(dead.lastat) >= Date.parse(dead.firstat) + 299,
        `${dead.firstat} to ${dead.lastat}`,
      );
    },
  },
  {
    id: "C11-says-the-error",
    clause,
    title:
      "a dead letter says what the last error was: class, message and cause, in one bounded line, after the user's redaction",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const redact = (text: string) => {
        if (text.includes("unredactable")) throw new Error("from redact()");
        return text.replaceAll(/token=\w+/g, "token=***");
      };
      const app = await t.app({ channels: [channel], retry: { attempts: 2 }, redact });
      const errors = [
        new TypeError("fetch failed\nfor token=s3cret", { cause: new Error("connect ECONNREFUSED") }),
        new RangeError("é".repeat(20_000)),
        new Error("unredactable token=s3cret"),
      ];
      await app.consume(channel, "main", (data) => {
        throw errors[data.n];
      });
      await app.publishAll(
        channel,
        errors.map((_, n) => t.item(n)),
      );
      const copies = await t.deadLetters(channel.name, "main", errors.length);
      const reasons = errors.map(
        (_, n) => copies.find((copy) => JSON.parse(copy.body as string).n === n)!.dead!.reason,
      );
      assert.equal(
        reasons[0],
        "failed 2 times: TypeError: fetch failed for token=***; caused by Error: connect ECONNREFUSED",
      );
      assert.ok(reasons[1]!.startsWith("failed 2 times: RangeError: éé"), reasons[1]!.slice(0, 80));
      assert.ok(Buffer.byteLength(reasons[1]!) <= 1_500, `${Buffer.byteLength(reasons[1]!)} bytes`);
      assert.ok(reasons[2]!.startsWith("failed 2 times") && !reasons[2]!.includes("s3cret"), reasons[2]);
      for (const { reason } of app.eventsOf("dead-letter")) assert.ok(!reason.includes("s3cret"), reason);
    },
  },
  {
    id: "C11-source-settled-after-the-copy",
    clause,
    title: "while no copy can be made the message stays, an alarm is raised, and nothing is lost",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      let refusing = true;
      const adapter = intercept(t.harness.adapter, {
        send: async (batch, call, to) =>
          to.dead === true && refusing ? batch.map(() => ({ cause: new Error("no room") })) : call(batch),
        classify: (cause) =>
          cause instanceof Error && cause.message === "no room" ? { kind: "permanent", code: "no-room" } : undefined,
      });
      const app = await t.app({ channels: [channel], adapter, retry: { attempts: 1, first: "3s", max: "3s" } });
      await app.consume(channel, "main", fails);
      await app.publish(channel, t.item(1));
      await t.until(() => app.eventsOf("blocked-message").length > 0, "the alarm", 30_000);
      await t.noDeadLetters(channel.name, "main");
      refusing = false;
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(JSON.parse(copy!.body as string).n, 1);
    },
  },
  {
    id: "C11-copy-survives-throttling",
    clause,
    title: "a throttled dead-letter destination only delays the copy",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      let refusals = 2;
      const busy = new Error("busy");
      const adapter = intercept(t.harness.adapter, {
        send: async (batch, call, to) => {
          if (to.dead === true && refusals-- > 0) throw busy;
          return call(batch);
        },
        classify: (cause) => (cause === busy ? { kind: "throttled", code: "busy" } : undefined),
      });
      const app = await t.app({ channels: [channel], adapter, retry: { attempts: 1 } });
      const seen = t.recorder(fails);
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await t.deadLetters(channel.name, "main", 1);
      assert.equal(seen.seen.length, 1);
    },
  },
  {
    id: "C11-at-the-size-limit",
    clause,
    title: "a message as large as publish takes is dead-lettered with its reason",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      // The largest message that publish accepts: the limit less the space for dead-letter fields and the envelope.
      let size = t.caps.maxMessageBytes - 4_096;
      for (let fits = false; !fits; size -= fits ? 0 : 512) {
        const [result] = await app.publishMany(channel, [t.item(1, { big: "x".repeat(size) })]);
        fits = result.ok;
        if (!fits) assert.equal(result.error.code, "too-large");
      }
      await app.consume(channel, "main", fails);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.dead?.code, "attempts-exhausted");
      assert.equal(JSON.parse(copy!.body as string).big.length, size);
    },
  },
  {
    id: "C11-redrive-at-the-size-limit",
    clause,
    title: "a message as large as publish takes can be redriven, too, as a canary as well",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      let size = t.caps.maxMessageBytes;
      for (let fits = false; !fits; ) {
        const [result] = await app.publishMany(channel, [t.item(1, { big: "x".repeat(size) })]);
        fits = result.ok;
        if (fits) break;
        assert.equal(result.error.code, "too-large");
        const [, is, most] = /message of (\d+) bytes[^]* takes (\d+) /.exec(result.error.message)!;
        size -= Number(is) - Number(most);
      }
      let healthy = false;
      const seen = t.recorder(() => {
        if (!healthy) throw new Error("sick");
      });
      await app.consume(channel, "main", seen.handle);
      await t.until(() => app.eventsOf("dead-letter").length > 0, "dead", 60_000);
      healthy = true;
      const letters: any = app.messaging.deadLetters(channel, "main");
      let done: any;
      await t.until(
        async () => {
          done = await letters.redrive({ canary: { count: 1, wait: "1s" } });
          return done.moved + done.failed > 0;
        },
        "it is sent",
        60_000,
      );
      assert.deepEqual([done.moved, done.failed], [1, 0], JSON.stringify(done.errors ?? []));
      await t.until(() => seen.seen.length > 1, "it is handled again", 30_000);
      assert.equal(seen.seen.at(-1)!.data.big.length, size);
    },
  },
  {
    id: "C11-redrive",
    clause,
    title: "redrive returns a dead letter to its group, under its id, with its attempts reset",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 } });
      let healthy = false;
      const seen = t.recorder(() => {
        if (!healthy) throw new Error("down");
      });
      await app.consume(channel, "main", seen.handle);
      const { id } = await app.publish(channel, t.item(1), { headers: { tenant: "t-1" } });
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      healthy = true;
      const letters = app.messaging.deadLetters(channel, "main");
      await t.until(async () => (await letters.redrive()).moved === 1, "the redrive", 30_000);
      await exactly(t, () => seen.seen.length, 3, "the message again");
      const last = seen.seen[2]!;
      assert.deepEqual([last.id, last.attempt, last.headers["tenant"]], [id, 1, "t-1"]);
      await t.noDeadLetters(channel.name, "main");
    },
  },
  {
    id: "C11-redrive-foreign",
    clause,
    title: "a redriven foreign message has the type that the channel gives it, even if its producer gave it another",
    needs: all(redrives, (caps) => (caps.headers > 1 ? undefined : `headers: ${caps.headers}`)),
    run: async (t) => {
      // At first the channel cannot tell the type of the message. Before the redrive it can.
      let known = false;
      const asked: unknown[] = [];
      const channel = t.channel({
        foreign: ({ type, headers }: any) => {
          asked.push([type, headers["tenantid"]]);
          return known ? "item" : undefined;
        },
      });
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      const seam = await t.open({ to, groups: {}, all: [to] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await seam.send([{ body: '{"n":5}', type: "Shop.Placed", headers: { tenantid: "t-9" }, ...key }]);
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      known = true;
      const letters = app.messaging.deadLetters(channel, "main");
      await t.until(async () => (await letters.redrive()).moved === 1, "the redrive", 30_000);
      await exactly(t, () => seen.done.length, 1, "the handler", 30_000);
      const [again] = seen.seen;
      assert.deepEqual([again!.type, again!.data.n, again!.headers["tenantid"]], ["item", 5, "t-9"]);
      for (const one of asked) assert.deepEqual(one, ["Shop.Placed", "t-9"]);
    },
  },
  {
    id: "C11-redrive-reaches-its-group-only",
    clause,
    title: "redrive reaches only the group that failed the message",
    needs: all(manyGroups, redrives),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], groups: { fine: {}, broken: {} }, retry: { attempts: 1 } });
      let healthy = false;
      const fine = t.recorder();
      const broken = t.recorder(() => {
        if (!healthy) throw new Error("down");
      });
      await app.consume(channel, "fine", fine.handle);
      await app.consume(channel, "broken", broken.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      await exactly(t, () => fine.seen.length, 1, "the message in the other group");
      healthy = true;
      const letters = app.messaging.deadLetters(channel, "broken");
      await t.until(async () => (await letters.redrive()).moved === 1, "the redrive", 30_000);
      await exactly(t, () => broken.seen.length, 2, "the message again");
      await t.sleep(2_000);
      assert.equal(fine.seen.length, 1);
    },
  },
  {
    id: "C11-peek-hides-for-a-while-only",
    clause,
    title: "peeking at dead letters tells why, and leaves them there",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      await app.consume(channel, "main", fails);
      const { id } = await app.publish(channel, t.item(1));
      await exactly(t, () => app.eventsOf("dead-letter").length, 1, "the dead letter");
      const letters = app.messaging.deadLetters(channel, "main");
      let items: readonly any[] = [];
      await t.until(async () => (items = await letters.peek(5)).length === 1, "the peek", 30_000);
      assert.deepEqual(
        [items[0].id, items[0].code, items[0].errorClass, items[0].attempts],
        [id, "attempts-exhausted", "TypeError", 1],
      );
      assert.deepEqual(items[0].data, t.item(1));
      await t.until(async () => (await letters.peek(5)).length === 1, "the same again", 90_000);
    },
  },
  {
    id: "C11-skip",
    clause,
    title: "deadLetter: skip settles an exhausted message and reports it",
    needs: (caps) => (caps.poisonSkip.includes("skip") ? undefined : `poisonSkip: ${caps.poisonSkip.join(", ")}`),
    hold: "ends",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 }, deadLetter: "skip" });
      const seen = t.recorder(fails);
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => app.eventsOf("skipped").length, 1, "the report");
      await t.sleep(t.holdMs + 500);
      assert.equal(seen.seen.length, 2);
    },
  },
  {
    id: "C11-block",
    clause,
    title: "deadLetter: false retries forever",
    needs: (caps) => (caps.poisonSkip.includes("block") ? undefined : `poisonSkip: ${caps.poisonSkip.join(", ")}`),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 2 }, deadLetter: false });
      const seen = t.recorder(() => {
        if (seen.seen.length < 6) throw new Error("not yet");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.done.length, 6, "the sixth attempt", 30_000);
    },
  },
  {
    id: "C11-foreign-with-ten-attributes",
    clause,
    title: "a foreign message that leaves no room for our headers is still dead-lettered, with its body unchanged",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      const headers = Object.fromEntries(range(Math.min(10, t.caps.headers)).map((n) => [`x-attr-${n}`, `v${n}`]));
      await t.sendForeign(to, {
        body: '{"n":1}',
        headers,
        ...(t.harness.ordered ? { key: "k1" } : {}),
      });
      await app.consume(channel, "main", () => {});
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.body, '{"n":1}');
      for (const [name, value] of Object.entries(headers)) assert.equal(copy!.headers[name], value);
    },
  },
  {
    id: "C11-next-goes-on",
    clause,
    title: "after a dead letter the group continues with the next messages",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        retry: { attempts: 1 },
        ...(isLog(t.caps) ? { channelConfig: { partitions: 1 } } : {}),
      });
      const seen = t.recorder((data) => {
        if (data.n % 2 === 0) throw new Error("even");
      });
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        range(20).map((n) => t.item(n)),
      );
      const copies = await t.deadLetters(channel.name, "main", 10);
      assert.equal(new Set(copies.map((copy) => copy.id)).size, 10);
      await exactly(t, () => seen.done.length, 20, "all twenty");
    },
  },
  {
    id: "C11-blocked-shows-in-health",
    clause,
    title:
      "while a message is blocked because no dead-letter copy can be made health says so, and is green again afterwards",
    needs: all(pulls, deadLetters),
    run: async (t) => {
      const channel = t.channel();
      const missing = new Refusal({ kind: "config", code: "queue-not-found", hint: "create it" });
      let refusing = true;
      const adapter = intercept(t.harness.adapter, {
        send: async (batch, call, to) =>
          to.dead === true && refusing ? batch.map(() => ({ cause: missing })) : call(batch),
        classify: classifyRefusal,
      });
      // On a log all behind it waits, so the copy is tried again soon, whatever the longest delay of a retry is.
      const max = isLog(t.caps) ? "1h" : "1s";
      const app = await t.app({ channels: [channel], adapter, retry: { attempts: 1, first: "1s", max } });
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
    id: "C11-redrive-of-many",
    clause,
    title: "redrive sends each of many dead letters once, even if they are dead-lettered again meanwhile",
    needs: redrives,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const seen = t.recorder(() => {
        throw new Error("still down");
      });
      await app.consume(channel, "main", seen.handle);
      const ids = await app.publishAll(
        channel,
        range(35).map((n) => t.item(n)),
      );
      const count = (times: number) =>
        ids.every((id) => app.eventsOf("dead-letter").filter((event) => event.id === id).length >= times);
      await t.until(() => count(1), "all dead", 60_000);
      const letters = app.messaging.deadLetters(channel, "main");
      // A broker may return no message although some are left. The next call redrives those.
      await t.until(async () => (await letters.redrive(), count(2)), "each died again", 90_000);
    },
  },
];
