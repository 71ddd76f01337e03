import assert from "node:assert/strict";
import { isMessagingError } from "@switchyard/core/driver-kit";
import type { Checkpoint, LeaseRow, LeaseStore, NewLease } from "../store.ts";
import type { LeaseStoreCase, LeaseStoreHarness } from "./harness.ts";

const signal = new AbortController().signal;
const lease = (key: string, more: Partial<NewLease> = {}): NewLease => ({
  key,
  parents: [],
  checkpoint: "TRIM_HORIZON",
  ...more,
});
const TAKEN = { bump: true, owner: "a", token: 1, tenures: 1 } as const;

let tables = 0;
const fresh = (of: LeaseStoreHarness) => of.open(`case-${++tables}`);

async function taken(of: LeaseStoreHarness): Promise<LeaseStore> {
  const store = await fresh(of);
  await store.insert([lease("s1")], signal);
  const { applied } = await store.update("s1", { counter: 0 }, TAKEN, signal);
  assert.equal(applied, true);
  return store;
}

async function refused(store: LeaseStore, harness: LeaseStoreHarness, code: string): Promise<void> {
  try {
    await store.open(signal, harness.runtime);
  } catch (error) {
    assert.ok(isMessagingError(error, code), `${code}, not ${String(error)}`);
    assert.equal(error.kind, "config");
    return;
  }
  assert.fail(`opened, though ${code}`);
}

/** The cases that every lease store must pass. */
export const leaseStoreCases: readonly LeaseStoreCase[] = [
  {
    name: "a new row has no owner, and keeps what it was made with",
    run: async (of) => {
      const store = await fresh(of);
      await store.open(signal, of.runtime);
      assert.deepEqual(await store.load(signal), { group: undefined, leases: [], workers: [] });
      const hashRange = { from: "0", to: "340282366920938463463374607431768211455" };
      await store.insert([lease("s1", { hashRange }), lease("s2", { parents: ["s0", "s1"] })], signal);
      const empty = { counter: 0, tenures: 0, children: [], checkpoint: "TRIM_HORIZON" };
      assert.deepEqual(await store.get("s1", signal), { key: "s1", ...empty, parents: [], hashRange });
      const child = await store.get("s2", signal);
      assert.deepEqual(
        { ...child, parents: child?.parents.toSorted() },
        { key: "s2", ...empty, parents: ["s0", "s1"] },
      );
      assert.equal(await store.get("s3", signal), undefined);
    },
  },
  {
    name: "making a row that is there leaves it as it is",
    run: async (of) => {
      const store = await taken(of);
      await store.insert([lease("s1", { checkpoint: { time: 5 } }), lease("s2")], signal);
      const row = await store.get("s1", signal);
      assert.equal(row?.owner, "a");
      assert.equal(row?.checkpoint, "TRIM_HORIZON");
      assert.ok(await store.get("s2", signal));
    },
  },
  {
    name: "every checkpoint comes back as it was stored",
    run: async (of) => {
      const store = await taken(of);
      const big = "49590338271490256608559692538361571095921575989136588898";
      const all: Checkpoint[] = [
        { sequence: big },
        { sequence: big, sub: 0 },
        { sequence: big, sub: 7 },
        { time: 1_767_225_600_123 },
        "LATEST",
        { sequence: "0" },
        "SHARD_END",
        "TRIM_HORIZON",
      ];
      for (const checkpoint of all) {
        const updated = await store.update("s1", {}, { bump: true, checkpoint }, signal);
        assert.deepEqual(updated.row?.checkpoint, checkpoint);
        assert.deepEqual((await store.get("s1", signal))?.checkpoint, checkpoint);
      }
      await store.insert([lease("s2", { checkpoint: { time: 12 } })], signal);
      assert.deepEqual((await store.get("s2", signal))?.checkpoint, { time: 12 });
    },
  },
  {
    name: "an update returns the row as written, and writes what it names only",
    run: async (of) => {
      const store = await taken(of);
      const change = { bump: true, checkpoint: { sequence: "12" }, tenures: 0, children: ["x", "y"] } as const;
      const updated = await store.update("s1", { counter: 1 }, change, signal);
      const row: LeaseRow = { ...(await store.get("s1", signal))! };
      assert.equal(updated.applied, true);
      assert.deepEqual(updated.row, row);
      assert.deepEqual(
        { ...row, children: row.children.toSorted() },
        {
          key: "s1",
          counter: 2,
          owner: "a",
          token: 1,
          checkpoint: { sequence: "12" },
          tenures: 0,
          parents: [],
          children: ["x", "y"],
        },
      );
      const gone = await store.update("s1", {}, { bump: false, owner: null, token: null, children: [] }, signal);
      assert.deepEqual(gone.row, {
        key: "s1",
        counter: 2,
        checkpoint: { sequence: "12" },
        tenures: 0,
        parents: [],
        children: [],
      });
    },
  },
  {
    name: "an update whose expectation fails writes nothing, and returns the row as it is",
    run: async (of) => {
      const store = await taken(of);
      const change = { bump: true, owner: "b" } as const;
      const wrong = [
        { counter: 0 },
        { counter: 2 },
        { token: 2 },
        { token: null },
        { owner: "b" },
        { owner: null },
        { handoverFrom: "a" },
        { holder: "b" },
        { counter: 1, token: 1, holder: "b" },
      ];
      const before = await store.get("s1", signal);
      for (const expect of wrong) {
        const updated = await store.update("s1", expect, change, signal);
        assert.deepEqual(updated, { applied: false, row: before }, JSON.stringify(expect));
      }
      assert.deepEqual(await store.get("s1", signal), before);
      const right = { counter: 1, token: 1, owner: "a", handoverFrom: null, holder: "a" };
      assert.equal((await store.update("s1", right, change, signal)).applied, true);
      assert.deepEqual(await store.update("s9", {}, change, signal), { applied: false, row: undefined });
    },
  },
  {
    name: "the one asked to hand over is a holder until the request is cleared",
    run: async (of) => {
      const store = await taken(of);
      const asked = await store.update(
        "s1",
        { owner: "a", handoverFrom: null },
        { bump: false, owner: "b", handoverFrom: "a" },
        signal,
      );
      assert.equal(asked.row?.counter, 1);
      const again = await store.update(
        "s1",
        { owner: "a", handoverFrom: null },
        { bump: false, owner: "c", handoverFrom: "a" },
        signal,
      );
      assert.equal(again.applied, false);
      assert.equal(
        (await store.update("s1", { counter: 1, token: 1, holder: "a" }, { bump: true }, signal)).applied,
        true,
      );
      const given = await store.update(
        "s1",
        { token: 1, holder: "a" },
        { bump: true, token: null, handoverFrom: null },
        signal,
      );
      assert.deepEqual([given.row?.owner, given.row?.token, given.row?.handoverFrom], ["b", undefined, undefined]);
      assert.equal((await store.update("s1", { token: 1, holder: "a" }, { bump: true }, signal)).applied, false);
    },
  },
  {
    name: "of many who try at once, one takes the lease",
    run: async (of) => {
      const store = await fresh(of);
      await store.insert([lease("s1")], signal);
      const tries = Array.from({ length: 20 }, (_, i) =>
        store.update("s1", { counter: 0 }, { bump: true, owner: `w${i}`, token: 1 }, signal),
      );
      const applied = (await Promise.all(tries)).filter((updated) => updated.applied);
      assert.equal(applied.length, 1);
      assert.deepEqual(await store.get("s1", signal), applied[0]?.row);
    },
  },
  {
    name: "writes at once without a counter expected all count",
    run: async (of) => {
      const store = await taken(of);
      await Promise.all(Array.from({ length: 20 }, () => store.update("s1", { token: 1 }, { bump: true }, signal)));
      assert.equal((await store.get("s1", signal))?.counter, 21);
    },
  },
  {
    name: "what one process writes another reads at once",
    run: async (of) => {
      const table = `case-${++tables}`;
      const [one, other] = [await of.open(table), await of.open(table)];
      await one.insert([lease("s1")], signal);
      for (let counter = 0; counter < 10; counter++) {
        const [writer, reader] = counter % 2 === 0 ? [one, other] : [other, one];
        assert.equal((await writer.update("s1", { counter }, { bump: true }, signal)).applied, true);
        assert.equal((await reader.get("s1", signal))?.counter, counter + 1);
        assert.equal((await reader.load(signal)).leases[0]?.counter, counter + 1);
      }
    },
  },
  {
    name: "a row is deleted only while its counter stands",
    run: async (of) => {
      const store = await taken(of);
      assert.equal(await store.remove("s1", 0, signal), false);
      assert.equal(await store.remove("s1", 1, signal), true);
      assert.equal(await store.remove("s1", 1, signal), false);
      assert.equal(await store.get("s1", signal), undefined);
    },
  },
  {
    name: "the group's row is written once; the first start stays",
    run: async (of) => {
      const name = `case-${++tables}`;
      const store = await of.open(name);
      const group = { group: name, stream: "orders", start: { time: 1_000 }, complete: false };
      assert.deepEqual(await store.begin(group, signal), group);
      assert.deepEqual(await store.begin({ ...group, stream: "other", start: "TRIM_HORIZON" }, signal), group);
      await store.complete(signal);
      const { group: found, leases } = await store.load(signal);
      assert.deepEqual(found, { ...group, complete: true });
      assert.deepEqual(leases, []);
    },
  },
  {
    name: "workers show that they live, drain and leave",
    run: async (of) => {
      const store = await fresh(of);
      const workers = async () => (await store.load(signal)).workers.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      await store.beat({ id: "a", state: "active" }, signal);
      await store.beat({ id: "b", state: "active" }, signal);
      await store.beat({ id: "a", state: "draining" }, signal);
      const [a, b] = [
        { id: "a", counter: 2, state: "draining" },
        { id: "b", counter: 1, state: "active" },
      ];
      assert.deepEqual(await workers(), [a, b]);
      await store.forget("a", 1, signal);
      assert.deepEqual(await workers(), [a, b]);
      await store.forget("a", 2, signal);
      await store.forget("b", undefined, signal);
      await store.forget("c", undefined, signal);
      assert.deepEqual(await workers(), []);
    },
  },
  {
    name: "a table of hundreds of leases is loaded whole",
    run: async (of) => {
      const store = await fresh(of);
      const keys = Array.from({ length: 300 }, (_, i) => `shardId-${String(i).padStart(12, "0")}`);
      await store.insert(
        keys.map((key) => lease(key)),
        signal,
      );
      const { leases } = await store.load(signal);
      assert.deepEqual(leases.map((row) => row.key).toSorted(), keys);
    },
  },
  {
    name: "a call that was aborted rejects, and is nothing the engine gives up on",
    run: async (of) => {
      const store = await taken(of);
      const stop = new AbortController();
      stop.abort();
      for (const call of [store.load(stop.signal), store.update("s1", {}, { bump: true }, stop.signal)]) {
        const cause: unknown = await call.then(
          () => assert.fail("resolved"),
          (error: unknown) => error,
        );
        assert.equal(store.classify(cause).kind, "retryable");
      }
    },
  },
  {
    name: "a table that is not there is refused",
    run: async (of) => {
      const store = await of.missing?.();
      if (store !== undefined) await refused(store, of, "lease-table-missing");
    },
  },
  {
    name: "a table of something else is refused",
    run: async (of) => {
      const store = await of.foreign?.();
      if (store !== undefined) await refused(store, of, "lease-table-foreign");
    },
  },
];
