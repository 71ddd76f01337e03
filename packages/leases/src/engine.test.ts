import { describe, expect, test } from "vitest";
import { Rig } from "./fixtures/rig.ts";
import { seek } from "./index.ts";

const D = 30_000;
const ids = (shards: readonly { id: string; valid: boolean }[]) =>
  shards
    .filter(({ valid }) => valid)
    .map(({ id }) => id)
    .sort();

describe("start", () => {
  test("latest is stored as a time before any lease: a crash before the first checkpoint skips nothing", async () => {
    const rig = new Rig("s1");
    const time = rig.runtime.now();
    const a = await rig.join("a", { start: "latest" });
    expect(a.held("s1").from).toEqual({ time });
    a.machine.dead = true;
    await rig.runtime.advance(3 * D);
    const b = await rig.join("b", { start: "latest" });
    await rig.runtime.advance(2 * D);
    expect(b.held("s1").from).toEqual({ time });
  });

  test("the source may resolve it by the broker's clock", async () => {
    const rig = new Rig("s1");
    const source = { list: async () => rig.shards, resolve: async () => ({ time: 77 }) };
    expect((await rig.join("a", { start: "latest", source })).held("s1").from).toEqual({ time: 77 });
  });

  test("KCL's LATEST in a row becomes a time when the lease is taken", async () => {
    const rig = new Rig("s1");
    await rig.store.insert([{ key: "s1", parents: [], checkpoint: "LATEST" }], rig.signal);
    const a = await rig.join("a");
    expect(a.held("s1").from).toEqual({ time: rig.runtime.now() });
    expect((await rig.row("s1"))?.checkpoint).toEqual(a.held("s1").from);
  });

  test("a table of another group or stream is refused by name", async () => {
    const rig = new Rig("s1");
    await rig.join("a");
    await expect(rig.join("b", { group: "other" })).rejects.toMatchObject({
      code: "lease-table-foreign",
      kind: "config",
      message: expect.stringContaining("the leases of group g of s, not of other of s"),
    });
    await expect(rig.join("c", { stream: "t" })).rejects.toMatchObject({ code: "lease-table-foreign" });
  });

  test("a store that refuses for good ends the iteration, one that is away does not", async () => {
    const rig = new Rig("s1");
    let failure: { kind: "auth" | "retryable"; code: string } | undefined;
    const store = rig.with({
      load: async (signal) => {
        if (failure !== undefined) throw new Error("no");
        return rig.store.load(signal);
      },
      classify: () => failure!,
    });
    const a = await rig.join("a", { store });
    failure = { kind: "retryable", code: "failed" };
    await rig.runtime.advance(2 * D);
    expect(a.events.filter(({ type }) => type === "down")).toHaveLength(1);
    failure = { kind: "auth", code: "forbidden" };
    await rig.runtime.advance(D);
    expect(await a.end).toMatchObject({ code: "forbidden", kind: "auth" });
  });
});

describe("holding", () => {
  test("a tenure is over before another may take it, counted from before the renewal was sent", async () => {
    const rig = new Rig("s1");
    let updates = 0;
    const a = await rig.join("a", {
      timing: { leaseMs: D, callMs: 20_000 },
      // Carried out at once, answered 12 seconds later; then never again.
      store: rig.with({
        update: async (key, expect, change, signal) => {
          const answer = await rig.store.update(key, expect, change, signal);
          if (change.owner === undefined) await rig.runtime.sleep(12_000);
          if (change.owner === undefined) updates++;
          return updates > 1 ? new Promise(() => {}) : answer;
        },
      }),
    });
    const shard = a.held("s1");
    const renewal = async () => {
      const { counter } = (await rig.row("s1"))!;
      while ((await rig.row("s1"))!.counter === counter) await rig.runtime.advance(250);
      return rig.runtime.elapsed;
    };
    const sent = await renewal();
    while (shard.valid) await rig.runtime.advance(250);
    expect(rig.runtime.elapsed - sent).toBeLessThanOrEqual(D);
    expect(shard.lost.aborted).toBe(true);
    await expect(shard.checkpoint({ sequence: "1" })).rejects.toMatchObject({ code: "lease-lost" });
    expect(a.events).toContainEqual({ type: "lost", shard: "s1", fencingToken: 1, reason: "expired" });
  });

  test("a zombie's checkpoint is refused, by its own clock or by the store", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const zombie = a.held("s1");
    await zombie.checkpoint({ sequence: "5" });
    a.machine.stalled = true;
    const b = await rig.join("b");
    await rig.runtime.advance(2 * D);
    const heir = b.held("s1");
    expect(heir.from).toEqual({ sequence: "5" });
    expect(heir.fencingToken).toBeGreaterThan(zombie.fencingToken);
    await expect(zombie.checkpoint({ sequence: "6" })).rejects.toMatchObject({ code: "lease-lost" });
    const { fencingToken: token } = zombie;
    const late = await rig.store.update(
      "s1",
      { token, holder: "a" },
      { bump: true, checkpoint: { sequence: "6" } },
      rig.signal,
    );
    expect(late.applied).toBe(false);
  });

  test("a clock set back or forward an hour loses nothing and takes nothing", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a");
    const b = await rig.join("b");
    for (const shard of a.shards) shard.asked.addEventListener("abort", () => void shard.release());
    await rig.runtime.advance(2 * D);
    const before = [ids(a.shards), ids(b.shards)];
    expect(before.map((held) => held.length)).toEqual([1, 1]);
    a.machine.setClock(-3_600_000);
    b.machine.setClock(3_600_000);
    await rig.runtime.advance(5 * D);
    expect([ids(a.shards), ids(b.shards)]).toEqual(before);
    expect([...a.events, ...b.events].filter(({ type }) => type === "lost")).toEqual([]);
  });

  test("a worker whose clock was set back an hour keeps what it holds, and takes a crashed one's shard in time", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a");
    const b = await rig.join("b");
    for (const shard of a.shards) shard.asked.addEventListener("abort", () => void shard.release());
    await rig.runtime.advance(2 * D);
    const [own, other] = [ids(b.shards), ids(a.shards)];
    b.machine.setClock(-3_600_000);
    await rig.runtime.advance(2 * D);
    expect([ids(b.shards), ids(a.shards)]).toEqual([own, other]);
    a.machine.dead = true;
    await rig.runtime.advance(D / 2);
    b.machine.setClock(-7_200_000);
    await rig.runtime.advance((3 * D) / 2);
    expect(ids(b.shards)).toEqual(["s1", "s2"]);
    expect(b.events.filter(({ type }) => type === "lost")).toEqual([]);
    await b.held(other[0]!).checkpoint({ sequence: "1" });
    expect((await rig.row(other[0]!))?.checkpoint).toEqual({ sequence: "1" });
  });

  test("a former tenure of the same worker is a former one: only the fencing token counts", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const former = a.held("s1");
    const { fencingToken: token } = former;
    await rig.store.update("s1", { token }, { bump: true, owner: "a", token: token + 1 }, rig.signal);
    await expect(former.checkpoint({ sequence: "6" })).rejects.toMatchObject({ code: "lease-lost" });
    expect(former.lost.aborted).toBe(true);
    expect((await rig.row("s1"))?.checkpoint).toBe("TRIM_HORIZON");
  });

  test("checkpoints go forward only, are coalesced, and must be digits", async () => {
    const rig = new Rig("s1");
    let writes = 0;
    const store = rig.with({
      update: (key, expect, change, signal) => {
        if (change.checkpoint !== undefined) writes++;
        return rig.store.update(key, expect, change, signal);
      },
    });
    const shard = (await rig.join("a", { store })).held("s1");
    await Promise.all(["7", "9", "8", "10"].map((sequence) => shard.checkpoint({ sequence })));
    expect(shard.stored).toEqual({ sequence: "10" });
    expect(writes).toBe(1);
    await shard.checkpoint({ sequence: "9" });
    await shard.checkpoint({ sequence: "10", sub: 4 });
    expect(writes).toBe(1);
    expect((await rig.row("s1"))?.checkpoint).toEqual({ sequence: "10" });
    await expect(shard.checkpoint({ sequence: "shardId:1" })).rejects.toMatchObject({ code: "bad-checkpoint" });
  });

  test("a lost answer to a checkpoint is no lost lease", async () => {
    const rig = new Rig("s1");
    let lose = false;
    const store = rig.with({
      update: async (...args) => {
        const answer = await rig.store.update(...args);
        if (lose) throw new Error("connection reset");
        return answer;
      },
    });
    const shard = (await rig.join("a", { store })).held("s1");
    lose = true;
    await expect(shard.checkpoint({ sequence: "3" })).rejects.toMatchObject({ kind: "retryable" });
    lose = false;
    await shard.checkpoint({ sequence: "3" });
    expect(shard.valid).toBe(true);
    expect(shard.stored).toEqual({ sequence: "3" });
  });
});

describe("tenures", () => {
  test("count in the row while nothing is checkpointed; a release is nobody's fault, progress ends the count", async () => {
    const rig = new Rig("s1");
    let last = await rig.join("w0");
    for (let tenures = 1; tenures <= 3; tenures++) {
      expect(last.held("s1").tenures).toBe(tenures);
      last.machine.dead = true;
      last = await rig.join(`w${tenures}`);
      await rig.runtime.advance(2 * D);
    }
    expect(last.held("s1").tenures).toBe(4);
    await last.held("s1").release();
    await last.engine.close();
    expect((await rig.row("s1"))?.tenures).toBe(3);
    const next = await rig.join("next");
    expect(next.held("s1").tenures).toBe(4);
    await next.held("s1").checkpoint({ sequence: "1" });
    next.machine.dead = true;
    const after = await rig.join("after");
    await rig.runtime.advance(2 * D);
    expect(after.held("s1").tenures).toBe(1);
  });
});

describe("giving up", () => {
  test("what a closing engine still holds is free at once, lost to its reader, and counts as a tenure", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const held = a.held("s1");
    await a.engine.close();
    expect(held.lost.aborted).toBe(true);
    expect(await rig.row("s1")).toMatchObject({ tenures: 1 });
    expect((await rig.join("b")).held("s1").tenures).toBe(2);
  });

  test("a worker that stops gives its shards away at once", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a");
    expect(ids(a.shards)).toEqual(["s1", "s2"]);
    a.stop.abort();
    await Promise.all(a.shards.map((shard) => shard.release()));
    await a.engine.close();
    expect(await a.end).toBeUndefined();
    const b = await rig.join("b");
    expect(ids(b.shards)).toEqual(["s1", "s2"]);
    expect((await rig.store.load(rig.signal)).workers.map(({ id }) => id)).toEqual(["b"]);
  });

  test("who is asked keeps the lease while it finishes, then hands it over", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a");
    const b = await rig.join("b");
    await rig.runtime.advance(D / 2);
    const asked = a.shards.find((shard) => shard.asked.aborted)!;
    expect(a.shards.filter((shard) => shard.asked.aborted)).toHaveLength(1);
    expect(asked.valid).toBe(true);
    await rig.runtime.advance(D / 2);
    await asked.checkpoint({ sequence: "8" });
    expect(b.shards).toEqual([]);
    expect(b.engine.status().find(({ shard }) => shard === asked.id)).toMatchObject({ owner: "b", handoverFrom: "a" });
    await asked.release();
    await rig.runtime.advance(D / 10);
    expect(b.held(asked.id).from).toEqual({ sequence: "8" });
    expect(b.held(asked.id).tenures).toBe(1);
    expect(asked.lost.aborted).toBe(false);
  });

  test("who does not finish in time loses it", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a", { timing: { handoverMs: 5_000 } });
    const b = await rig.join("b");
    await rig.runtime.advance(D);
    const lost = a.shards.find((shard) => shard.lost.aborted)!;
    expect(a.events).toContainEqual({ type: "lost", shard: lost.id, fencingToken: 1, reason: "handover-timeout" });
    expect(ids(b.shards)).toEqual([lost.id]);
  });

  test("an asked lease goes to anybody when the one who asked is dead", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a", { timing: { handoverMs: 10 * D } });
    const b = await rig.join("b");
    await rig.runtime.advance(D / 2);
    const asked = a.shards.find((shard) => shard.asked.aborted)!;
    b.machine.dead = true;
    await rig.runtime.advance(2 * D);
    await asked.release();
    expect((await rig.row(asked.id))?.owner).toBeUndefined();
    await rig.runtime.advance(D / 2);
    expect(a.held(asked.id).valid).toBe(true);
  });
});

describe("shards", () => {
  test("children are read from their oldest record once all parents have ended", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a", { start: "latest" });
    const child = { id: "s3", parents: ["s1", "s2"] };
    rig.shards.push(child);
    await a.held("s1").ended([child]);
    await rig.runtime.advance(D);
    expect(ids(a.shards)).toEqual(["s2"]);
    expect(a.engine.status().find(({ shard }) => shard === "s3")).toMatchObject({ eligible: false, here: false });
    await a.held("s2").ended([child]);
    await rig.runtime.advance(1_500);
    expect(a.held("s3").from).toBe("TRIM_HORIZON");
    expect((await rig.row("s1"))?.children).toEqual(["s3"]);
    await expect(a.held("s1").checkpoint({ sequence: "9" })).rejects.toMatchObject({ code: "lease-lost" });
  });

  test("at a merge the other parent gets its row first, though no listing has found it yet", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const child = { id: "s3", parents: ["s1", "s2"] };
    rig.shards.push({ id: "s2", parents: [] }, child);
    await a.held("s1").ended([child]);
    await rig.runtime.advance(2_500);
    expect(ids(a.shards)).toEqual(["s2"]);
  });

  test("and so do that parent's own parents", async () => {
    const rig = new Rig("s1", "s2");
    const a = await rig.join("a");
    const child = { id: "s5", parents: ["s1", "s4"] };
    rig.shards.push({ id: "s3", parents: ["s2"] }, { id: "s4", parents: ["s3"] }, child);
    await a.held("s1").ended([child]);
    await rig.runtime.advance(2_500);
    expect(ids(a.shards)).toEqual(["s2"]);
    expect((await rig.store.load(rig.signal)).leases.map(({ key }) => key).sort()).toEqual([
      "s1",
      "s2",
      "s3",
      "s4",
      "s5",
    ]);
  });

  test("a shard from nowhere must be listed three times in a row before it is believed", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    await rig.runtime.advance(1_000);
    rig.shards.push({ id: "odd", parents: [] });
    let listings = 0;
    const seen = async () => (await rig.row("odd")) !== undefined;
    const list = rig.shards;
    Object.defineProperty(rig, "shards", { get: () => (listings++, list) });
    while (!(await seen())) await rig.runtime.advance(500);
    expect(listings).toBe(3);
    await rig.runtime.advance(D / 2);
    expect(a.held("odd").from).toBe("TRIM_HORIZON");
  });

  test("a row is deleted when its shard is past retention and its children have moved on, not before", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const child = { id: "s2", parents: ["s1"] };
    rig.shards.push(child);
    await a.held("s1").ended([child]);
    rig.shards = [child];
    await rig.runtime.advance(10 * D);
    expect(await rig.row("s1")).toBeDefined();
    await a.held("s2").checkpoint({ sequence: "4" });
    await rig.runtime.advance(10 * D);
    expect(await rig.row("s1")).toBeUndefined();
    expect(a.events).toContainEqual({ type: "forgotten", shard: "s1" });
    expect(ids(a.shards)).toEqual(["s2"]);
  });

  test("a shard that was passed is not begun again because it is still listed", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const child = { id: "s2", parents: ["s1"] };
    rig.shards.push(child);
    await a.held("s1").ended([child]);
    await rig.runtime.advance(2_000);
    await rig.store.remove("s1", (await rig.row("s1"))!.counter, rig.signal);
    await rig.runtime.advance(10 * D);
    expect(await rig.row("s1")).toBeUndefined();
  });
});

describe("seek", () => {
  test("moves every shard, takes the leases from their holders, and reads parents before children again", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    const child = { id: "s2", parents: ["s1"] };
    rig.shards.push(child);
    await a.held("s1").checkpoint({ sequence: "1" });
    await a.held("s1").ended([child]);
    await rig.runtime.advance(2_000);
    const before = a.held("s2");
    await before.checkpoint({ sequence: "8" });
    const source = { list: async () => rig.shards };
    const to = { store: rig.store, source, runtime: rig.runtime, group: "g", stream: "s", to: "earliest" } as const;
    await seek(to, rig.signal);
    await expect(before.checkpoint({ sequence: "9" })).rejects.toMatchObject({ code: "lease-lost" });
    await rig.runtime.advance(D / 2);
    expect(ids(a.shards)).toEqual(["s1"]);
    expect(a.held("s1").from).toBe("TRIM_HORIZON");
    await a.held("s1").ended([child]);
    await rig.runtime.advance(D / 2);
    expect(a.held("s2").from).toBe("TRIM_HORIZON");
    expect(a.held("s2").fencingToken).toBeGreaterThan(before.fencingToken);

    await seek({ ...to, to: (shard) => (shard === "s2" ? { sequence: "5" } : undefined) }, rig.signal);
    await rig.runtime.advance(D / 2);
    expect(a.held("s2").from).toEqual({ sequence: "5" });
    expect((await rig.row("s1"))?.checkpoint).toBe("SHARD_END");
  });
});

describe("leaving", () => {
  const workers = async (rig: Rig) => (await rig.store.load(rig.signal)).workers.map(({ id }) => id);

  test("a lease that ran out while the process was blocked is freed on leaving, and nothing is left behind", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    a.machine.stall(33_000);
    await rig.runtime.advance(32_999);
    a.stop.abort();
    await Promise.all([a.engine.close(), rig.runtime.advance(1_000)]);
    expect(a.events).toContainEqual(expect.objectContaining({ type: "lost", reason: "expired" }));
    const row = (await rig.row("s1"))!;
    expect([row.owner, row.token]).toEqual([undefined, undefined]);
    expect(await workers(rig)).toEqual([]);
  });

  test("who could not free a lease stays in the list of workers", async () => {
    const rig = new Rig("s1");
    let throttled = false;
    const store = rig.with({
      update: (...args) => (throttled ? Promise.reject(new Error("throttled")) : rig.store.update(...args)),
    });
    const a = await rig.join("a", { store });
    throttled = true;
    a.stop.abort();
    await Promise.all([a.engine.close(), rig.runtime.advance(2 * D)]);
    expect((await rig.row("s1"))!.owner).toBe("a");
    expect(await workers(rig)).toEqual(["a"]);
  });

  test("a lease another has taken meanwhile stays the other's", async () => {
    const rig = new Rig("s1");
    const a = await rig.join("a");
    a.machine.stalled = true;
    const b = await rig.join("b");
    await rig.runtime.advance(2 * D);
    expect(b.held("s1").valid).toBe(true);
    a.machine.stall(0);
    a.machine.stalled = false;
    expect(a.held("s1").valid).toBe(false);
    a.stop.abort();
    await Promise.all([a.engine.close(), rig.runtime.advance(1_000)]);
    expect((await rig.row("s1"))!.owner).toBe("b");
    expect(b.held("s1").valid).toBe(true);
    expect(await workers(rig)).toEqual(["b"]);
  });
});

describe("outages", () => {
  test("a worker whose first row could not be written is written soon, whatever leases it holds", async () => {
    // Their renewals come at all times.
    const rig = new Rig("s1", "s2", "s3", "s4", "s5", "s6");
    let failures = 1;
    const store = rig.with({
      beat: (...args) => (failures-- > 0 ? Promise.reject(new Error("throttled")) : rig.store.beat(...args)),
    });
    const a = await rig.join("a", { store });
    expect(a.held("s1").valid).toBe(true);
    await rig.runtime.advance(D / 2);
    expect((await rig.store.load(rig.signal)).workers).toMatchObject([{ id: "a", state: "active" }]);
  });

  test("an outage of a call that is not made again is reported over once the others succeed", async () => {
    const rig = new Rig("s1");
    let failures = 0;
    const store = rig.with({
      update: (...args) => (failures-- > 0 ? Promise.reject(new Error("throttled")) : rig.store.update(...args)),
    });
    const a = await rig.join("a", { store });
    failures = 1;
    await expect(a.held("s1").checkpoint({ sequence: "1" })).rejects.toThrow("storing a checkpoint");
    const told = () => a.events.filter(({ type }) => type === "down" || type === "up").map(({ type }) => type);
    expect(told()).toEqual(["down"]);
    await rig.runtime.advance(3 * D);
    expect(told()).toEqual(["down", "up"]);
  });
});
