import { type VirtualRuntime, virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { LeaseEngine } from "./engine.ts";
import { Machine } from "./fixtures/machine.ts";
import type { HeldShard } from "./held-shard.ts";
import { type LeaseStore, memoryLeases } from "./index.ts";

const D = 30_000;
const RENEW = D / 3;
const SHARDS = 100;

/** Shards and workers on the virtual clock; holders finish within a second of being asked. */
class Fleet {
  readonly runtime: VirtualRuntime;
  readonly base: LeaseStore = memoryLeases();
  readonly workers = new Map<
    string,
    { engine: LeaseEngine; machine: Machine; stop: AbortController; held: Set<HeldShard> }
  >();
  readonly longest = new Map<string, number>();
  readonly #freeSince = new Map<string, number>();
  readonly #seed: number;
  writes = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.runtime = virtualRuntime({ seed, quietTurns: 1 });
  }

  join(name: string): void {
    const machine = new Machine(this.runtime, this.#seed * 100 + this.workers.size);
    const shards = Array.from({ length: SHARDS }, (_, i) => ({ id: `shard-${i}`, parents: [] }));
    const engine = new LeaseEngine({
      store: this.#counted(machine),
      source: { list: async () => shards },
      group: "g",
      stream: "s",
      start: "earliest",
      runtime: machine,
      worker: name,
    });
    const worker = { engine, machine, stop: new AbortController(), held: new Set<HeldShard>() };
    this.workers.set(name, worker);
    void this.#work(worker);
  }

  async leave(name: string): Promise<void> {
    this.workers.get(name)!.stop.abort();
    this.workers.delete(name);
  }

  crash(name: string): void {
    const { machine, held } = this.workers.get(name)!;
    machine.dead = true;
    this.workers.delete(name);
    for (const shard of held) this.#freeSince.set(shard.id, this.runtime.elapsed);
  }

  get loads(): number[] {
    return [...this.workers.values()].map(({ held }) => held.size).sort((a, b) => a - b);
  }

  /** Until nobody has two more than another and nothing is idle; how long that took. */
  async balance(limit: number): Promise<number> {
    const began = this.runtime.elapsed;
    for (;;) {
      const { loads } = this;
      const took = this.runtime.elapsed - began;
      const held = loads.reduce((sum, load) => sum + load, 0);
      if (held === SHARDS && loads.at(-1)! - loads[0]! <= 1) return took;
      if (took > limit) expect.fail(`not balanced after ${took} ms: ${loads.join(" ")}`);
      await this.runtime.advance(500);
    }
  }

  async #work({
    engine,
    machine,
    stop,
    held,
  }: {
    engine: LeaseEngine;
    machine: Machine;
    stop: AbortController;
    held: Set<HeldShard>;
  }) {
    await engine.open(stop.signal);
    const over: Promise<void>[] = [];
    for await (const shard of engine.shards(stop.signal)) {
      const since = this.#freeSince.get(shard.id);
      if (since !== undefined) this.longest.set(shard.id, this.runtime.elapsed - since);
      this.#freeSince.delete(shard.id);
      held.add(shard);
      over.push(this.#hold(shard, machine, stop.signal).finally(() => held.delete(shard)));
    }
    await Promise.all(over);
    await engine.close();
  }

  async #hold(shard: HeldShard, machine: Machine, stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([shard.lost, shard.asked, stop]);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    if (shard.lost.aborted) return;
    await machine.sleep(machine.random() * 1_000);
    await shard.release();
  }

  #counted(machine: Machine): LeaseStore {
    const counting: Record<string, unknown> = { ...this.base };
    for (const method of ["update", "beat", "insert", "remove", "forget", "begin", "complete"] as const) {
      counting[method] = async (...args: unknown[]) => {
        this.writes++;
        await machine.sleep(20);
        return (this.base[method] as (...args: unknown[]) => Promise<unknown>)(...args);
      };
    }
    return counting as unknown as LeaseStore;
  }
}

test.each([1, 2, 3])("100 shards, 10 workers, seed %i", { timeout: 60_000 }, async (seed) => {
  const fleet = new Fleet(seed);
  const { runtime } = fleet;
  fleet.join("w0");
  expect(await fleet.balance(2 * D)).toBeLessThanOrEqual(2 * D);
  expect(fleet.loads).toEqual([100]);

  // nine join at once
  for (let i = 1; i < 10; i++) fleet.join(`w${i}`);
  await runtime.advance(1_000);
  expect(await fleet.balance(2 * D)).toBeLessThanOrEqual(2 * D);
  expect(fleet.loads).toEqual(Array.from({ length: 10 }, () => 10));

  // nothing happens: at most three writes a shard a lease duration
  await runtime.advance(D);
  const before = fleet.writes;
  await runtime.advance(10 * D);
  const aShard = (fleet.writes - before) / SHARDS / 10;
  expect(aShard).toBeGreaterThan(2);
  expect(aShard).toBeLessThanOrEqual(3);
  expect(fleet.loads).toEqual(Array.from({ length: 10 }, () => 10));

  // one leaves
  await fleet.leave("w3");
  expect(await fleet.balance(2 * D)).toBeLessThanOrEqual(2 * D);
  expect(fleet.loads.reduce((sum, load) => sum + load, 0)).toBe(SHARDS);

  // one joins
  await runtime.advance(D);
  fleet.join("w10");
  await runtime.advance(1_000);
  expect(await fleet.balance(2 * D)).toBeLessThanOrEqual(2 * D);

  // one crashes, then two at once
  for (const crash of [["w5"], ["w7", "w8"]]) {
    await runtime.advance(D + 1_234 * seed);
    for (const name of crash) fleet.crash(name);
    fleet.longest.clear();
    expect(await fleet.balance(2 * D)).toBeLessThanOrEqual(2 * D);
    expect(fleet.longest.size).toBeGreaterThanOrEqual(9 * crash.length);
    expect(Math.max(...fleet.longest.values())).toBeLessThanOrEqual(D + 2 * RENEW);
  }
});
