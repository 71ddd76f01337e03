import type { ContractCase } from "../case.ts";
import {
  accepted,
  all,
  assert,
  exactly,
  isLog,
  manyGroups,
  notLog,
  numberOf,
  pulls,
  range,
  rejected,
  signal,
  sorted,
  wire,
} from "./kit.ts";

/** A connection serves several models, so it may have a call that this model does not support. The call must then reject. */
async function refused(call: Promise<unknown> | undefined, what: string): Promise<void> {
  if (call !== undefined) await rejected(call, `an undeclared ${what}`);
}

/** These cases check that declared capabilities are true, for capabilities that no other clause covers. */
const clause = "capabilities";

export const cases: readonly ContractCase[] = [
  {
    id: "O-max-batch",
    clause,
    title: "maxBatch observed: one call takes a batch of that size and returns the results in order",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const count = Math.min(sender.capabilities.maxBatch.count, 1_000);
      const sent = await sender.send(
        range(count).map((n) => wire(t, n)),
        signal(),
      );
      assert.equal(sent.filter(accepted).length, count);
      const taken = await (await seam.reader()).take(count);
      assert.deepEqual(sorted(taken.map(numberOf)), range(count));
    },
  },
  {
    id: "O-concurrency",
    clause,
    title: "concurrency observed: that many concurrent sends and receives are served",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam({ holdMs: 30_000 });
      const sender = await seam.sender();
      const reader = await seam.reader();
      const lease = await reader.lease();
      const sends = Math.min(t.caps.concurrency.send, 8);
      const receives = Math.min(t.caps.concurrency.receive, 4);
      const receiving = Promise.all(range(receives).map(() => lease.receive(10, 2_000, t.signal)));
      await Promise.all(range(sends).map((n) => sender.send([wire(t, n)], signal())));
      const first = (await receiving).flatMap((got) => got ?? []);
      const rest = await reader.take(sends - first.length);
      assert.deepEqual(
        sorted([...first.map((delivery) => numberOf({ lease, delivery, at: 0 })), ...rest.map(numberOf)]),
        range(sends),
      );
    },
  },
  {
    id: "O-depth",
    clause,
    title: "depth observed: offered exactly if declared, and it counts the backlog",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam({ holdMs: 30_000 });
      const of = seam.places.groups["main"]!;
      if (t.caps.depth === "none") return refused(seam.connection.depth?.(of, signal()), "depth");
      assert.ok(seam.connection.depth !== undefined);
      const reader = await seam.reader();
      await seam.send(range(5).map((n) => wire(t, n)));
      if (t.caps.depth === "lag") {
        // How far the group is behind, in time or, where the broker knows it, in messages.
        const behind = async () =>
          Math.max(
            ...(await seam.connection.depth!(of, signal())).map((one) => Math.max(one.oldestMs ?? 0, one.ready ?? 0)),
          );
        await t.until(async () => (await behind()) > 0, "a lag", 15_000);
        await reader.settle((await reader.take(5)).slice(-1));
        return t.until(async () => (await reader.once(1, 10), (await behind()) === 0), "no lag", 60_000);
      }
      const count = async () =>
        (await seam.connection.depth!(of, signal())).reduce((sum, one) => sum + (one.ready ?? 0) + (one.held ?? 0), 0);
      await t.until(async () => (await count()) === 5, "a depth of five", 15_000);
      const taken = await reader.take(5);
      await reader.settle(isLog(t.caps) ? taken.slice(-1) : taken);
      await t.until(async () => (await count()) === 0, "a depth of none", 60_000);
    },
  },
  {
    id: "O-depth-returned",
    clause,
    title:
      "depth() counts a message that was given back, also while others of its key are held and it has to wait for them",
    needs: all(pulls, notLog, (caps) => (caps.depth === "none" ? "depth: none" : undefined)),
    run: async (t) => {
      const seam = await t.seam({ holdMs: 30_000 });
      const of = seam.places.groups["main"]!;
      const key = t.harness.ordered ? { key: "one" } : {};
      await seam.send(range(4).map((n) => wire(t, n, key)));
      const reader = await seam.reader();
      const first = await reader.take(1);
      const others = await reader.once(10, 500);
      await reader.settle(first, "release");
      const count = async () =>
        (await seam.connection.depth!(of, signal())).reduce(
          (sum, one) => sum + (one.ready ?? 0) + (one.delayed ?? 0) + (one.held ?? 0),
          0,
        );
      await t.until(async () => (await count()) === 4, "a depth of four", 15_000);
      await reader.settle(others);
    },
  },
  {
    id: "O-depth-unknown",
    clause,
    title:
      "depth() says when it was asked, whether the broker counts exactly, and which numbers the broker cannot tell",
    needs: (caps) => (caps.depth === "none" ? "depth: none" : undefined),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const asked = t.runtime.now();
      await app.publishAll(
        channel,
        range(3).map((n) => t.item(n)),
      );
      const depth = async () => (await app.messaging.depth(channel, "main"))[0];
      const behind = async () => ((one) => Math.max(one.ready ?? 0, one.oldestMs ?? 0) > 0)(await depth());
      await t.until(behind, "a backlog", 15_000);
      const found = await depth();
      assert.deepEqual([found.channel, found.group, found.exact], [channel.name, "main", t.caps.depth === "exact"]);
      assert.ok(found.asOf.getTime() >= asked && found.asOf.getTime() <= t.runtime.now());
      for (const name of ["ready", "delayed", "held", "oldestMs"]) {
        const told = found.leases.filter((lease: any) => lease[name] !== undefined).length;
        assert.ok(found.unknown.includes(name) ? told < found.leases.length : told > 0, name);
      }
      // A broker that counts knows how many wait; one that tells a lag knows how far behind the group is.
      const known = ["ready", "oldestMs"].filter((name) => !found.unknown.includes(name));
      assert.ok(t.caps.depth === "lag" ? known.length > 0 : known.includes("ready"), `it tells ${known.join(", ")}`);
      const older = await app.messaging.depth(channel, "main", { maxAge: "1h" });
      assert.equal(older[0], found, "an older answer will do");
    },
  },
  {
    id: "O-depth-held",
    clause,
    title:
      "a process that consumes nothing never counts fewer held messages than there are: it says that it cannot tell",
    needs: (caps) => (caps.depth === "none" ? "depth: none" : undefined),
    run: async (t) => {
      const channel = t.channel();
      const worker = await t.app({ channels: [channel] });
      const begun = Promise.withResolvers<void>();
      const end = Promise.withResolvers<void>();
      await worker.consume(channel, "main", () => (begun.resolve(), end.promise));
      const viewer = await t.app({ channels: [channel] });
      await viewer.publishAll(channel, [t.item(1)]);
      await begun.promise;
      const told = async () => {
        const [found] = await viewer.messaging.depth(channel, "main");
        return found.unknown.includes("held") || found.held >= 1;
      };
      // Counts may come late.
      await t.until(told, "what is held, or that it is unknown", 15_000).finally(end.resolve);
    },
  },
  {
    id: "O-purge",
    clause,
    title: "purge observed: offered exactly if declared, and it removes the backlog",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      if (!t.caps.purge) return refused(seam.connection.purge?.(seam.places.groups["main"]!, signal()), "purge");
      assert.ok(seam.connection.purge !== undefined);
      await seam.send(range(4).map((n) => wire(t, n)));
      await seam.connection.purge(seam.places.groups["main"]!, signal());
      const reader = await seam.reader();
      assert.deepEqual(await reader.watch(t.holdMs), []);
      await t.until(
        async () => {
          await seam.send([wire(t, 9)]);
          return (await reader.once(10, 1_000)).length > 0;
        },
        "a message sent afterwards",
        75_000,
      );
    },
  },
  {
    id: "O-fairness",
    clause,
    title:
      "fairness observed: a fairness key is accepted and implies no order; if undeclared, it is refused at publish",
    run: async (t) => {
      const channel = t.channel(t.caps.fairness ? { needs: { fairness: true } } : {});
      const app = await t.app({ channels: [channel] });
      if (!t.caps.fairness) {
        assert.equal(
          (await rejected(app.publish(channel, t.item(1), { fairnessKey: "tenant" }), "a fairness key")).kind,
          "permanent",
        );
        return;
      }
      const gate = new AbortController();
      const seen = t.recorder((data) => (data.n === 0 ? t.runtime.sleep(60_000, gate.signal) : undefined));
      await app.consume(channel, "main", seen.handle);
      await Promise.all(range(6).map((n) => app.publish(channel, t.item(n), { fairnessKey: "one-tenant" })));
      await t.until(() => seen.ids.length === 6, "the others, while one of the tenant runs");
      gate.abort();
    },
  },
  {
    id: "O-fair-shares",
    clause,
    title: "fairness observed: a tenant's few messages do not wait for the end of another tenant's backlog",
    needs: (caps) => (caps.fairness ? undefined : "fairness: false"),
    run: async (t) => {
      const channel = t.channel({ needs: { fairness: true } });
      const app = await t.app({ channels: [channel], groups: { main: { concurrency: 1, maxInFlight: 1 } } });
      for (const n of range(40)) await app.publish(channel, t.item(n), { fairnessKey: "noisy" });
      for (const n of range(3)) await app.publish(channel, t.item(100 + n), { fairnessKey: "quiet" });
      const seen = t.recorder(() => t.sleep(20));
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.done.length, 43, "all", 30_000);
      const last = Math.max(...range(3).map((n) => seen.numbers.indexOf(100 + n)));
      assert.ok(last < 40, `the quiet tenant's last message was number ${last + 1} of 43`);
    },
  },
  {
    id: "O-send-into-one-group",
    clause,
    title: "redrive observed: a message sent into one group reaches no other",
    needs: all(
      pulls,
      all(manyGroups, (caps) => (caps.redrive === "group" ? undefined : `redrive: ${caps.redrive}`), notLog),
    ),
    run: async (t) => {
      const seam = await t.seam({ groups: ["one", "two"] });
      const [one, two] = [await seam.reader("one"), await seam.reader("two")];
      await seam.send([wire(t, 1)], await seam.sender(seam.places.groups["one"]!));
      await seam.send([wire(t, 2)]);
      assert.deepEqual(sorted((await one.take(2)).map(numberOf)), [1, 2]);
      assert.deepEqual((await two.watch(1_500, true)).map(numberOf), [2]);
    },
  },
  {
    id: "O-filter",
    clause,
    title: "filter observed: a group with types gets those, and messages without a type",
    needs: all(
      pulls,
      all(manyGroups, (caps) => (caps.filter === "broker" ? undefined : `filter: ${caps.filter}`)),
    ),
    run: async (t) => {
      const seam = await t.seam({ types: ["wanted"] });
      const reader = await seam.reader();
      // It has a header, because SNS does not deliver a message without any attribute to a filtered subscription.
      const untyped = wire(t, 3, { headers: { "x-other": "1" } });
      await seam.send([wire(t, 1, { type: "wanted" }), wire(t, 2, { type: "other" }), untyped]);
      assert.deepEqual(sorted((await reader.watch(2_000, true)).map(numberOf)), [1, 3]);
    },
  },
  {
    id: "O-fencing-token",
    clause,
    title: "fencingToken observed: present exactly if declared, and it rises with every new holder",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      const first = await reader.lease();
      assert.equal(first.fencingToken !== undefined, t.caps.fencingToken);
      if (first.fencingToken === undefined) return;
      await first.release("stopping", signal());
      await reader.close();
      const second = await (await (await t.open(seam.places)).reader()).lease();
      assert.ok(second.fencingToken! > first.fencingToken);
    },
  },
  {
    id: "O-replay-as-declared",
    clause,
    title: "replay observed: a group can be moved exactly if replay is declared",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const seeking = seam.connection.seek?.(seam.places.groups["main"]!, "earliest", signal());
      if (t.caps.replay.length === 0) return refused(seeking, "seek");
      assert.ok(seeking !== undefined);
      await seeking;
    },
  },
  {
    id: "O-native-dead-letter",
    clause,
    title: "deadLetter observed: the broker itself moves messages that were received too often",
    needs: all(
      pulls,
      all(notLog, (caps) => (caps.deadLetter === "native" ? undefined : "deadLetter: none")),
    ),
    run: async (t) => {
      const seam = await t.seam({ nativeAttempts: 3, holdMs: 30_000 });
      await seam.send([wire(t, 1)]);
      // Where `attempts` is "failures", the driver counts failures itself. The broker counts only deliveries whose receiver ended
      // without settling them.
      const ownCount = t.caps.attempts === "failures";
      const reader = ownCount ? undefined : await seam.reader();
      for (const _ of range(3)) {
        const holder = reader ?? (await seam.reader());
        const taken = await holder.take(1);
        if (ownCount) await holder.close();
        else await holder.settle(taken, { retryMs: 0 });
      }
      assert.deepEqual(await (reader ?? (await seam.reader())).watch(1_500), []);
      const dead = await seam.readerOf(seam.places.groups["main"]!.deadLetter!);
      assert.deepEqual((await dead.take(1)).map(numberOf), [1]);
    },
  },
  {
    id: "O-retention",
    clause,
    title: "retentionMs observed: messages are kept until then and gone afterwards",
    needs: (caps, harness) => {
      if (!("advance" in harness.runtime())) return "the harness's time is real: retention takes days";
      return Number.isFinite(caps.retentionMs) ? undefined : "retentionMs: unlimited";
    },
    run: async (t) => {
      const seam = await t.seam({ holdMs: 600_000 });
      await seam.send([wire(t, 1)]);
      await t.sleep(t.caps.retentionMs - 60_000);
      await seam.send([wire(t, 2)]);
      await t.sleep(30_000);
      const reader = await seam.reader();
      const early = await reader.take(2);
      assert.deepEqual(early.map(numberOf), [1, 2]);
      if (!isLog(t.caps)) await reader.settle(early, "release");
      await reader.close();
      await t.sleep(60_000);
      const later = await (await t.open(seam.places)).reader();
      assert.deepEqual((await later.watch(120_000)).map(numberOf), [2]);
    },
  },
  {
    id: "O-encrypted-at-rest",
    clause,
    title:
      "atRest: required refuses a destination exactly if the driver does not say that it is encrypted; assume refuses one that is not",
    needs: pulls,
    run: async (t) => {
      const said = (await (await t.seam()).sender()).encryptedAtRest;
      const works = async (atRest: string): Promise<boolean> => {
        const channel = t.channel();
        const app = await t.app({ channels: [channel], channelConfig: { atRest } });
        const started = app
          .consume(channel, "main", () => {})
          .then(
            () => true,
            (error: { code?: unknown }) => {
              assert.equal(error.code, "not-encrypted-at-rest");
              return false;
            },
          );
        const sent = await app.publish(channel, t.item(1)).then(
          () => true,
          (error: { code?: unknown }) => {
            assert.ok(["not-encrypted-at-rest", "closed"].includes(String(error.code)), String(error.code));
            return false;
          },
        );
        assert.equal(await started, sent);
        return sent;
      };
      assert.equal(await works("required"), said === true);
      assert.equal(await works("assume"), said !== false);
    },
  },
];
