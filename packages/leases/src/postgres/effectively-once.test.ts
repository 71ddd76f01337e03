import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemRuntime as runtime } from "@switchyard/core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { LeaseEngine } from "../engine.ts";
import { type Postgres, startPostgres } from "../fixtures/postgres.ts";
import type { HeldShard } from "../held-shard.ts";
import { leaseSchema, postgresLeases } from "./index.ts";

const { signal } = new AbortController();
const script = fileURLToPath(new URL("../fixtures/effect-worker.ts", import.meta.url));
const children = new Set<ChildProcess>();
let server: Postgres;

beforeAll(async () => {
  server = await startPostgres();
  const schema = leaseSchema({ pool: server.pool });
  await schema.apply(await schema.plan(signal), signal);
  await server.pool.query("create table effects (record integer not null, token bigint not null)");
}, 60_000);
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});
afterAll(() => server.stop());

async function work(...args: string[]): Promise<{ said: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ["--conditions=@switchyard/source", script, server.url, "6", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const gone = once(child, "exit").then(() => void children.delete(child));
  const [said] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    said,
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

const effects = async () => {
  const { rows } = await server.pool.query("select record from effects order by record");
  return rows.map(({ record }: { record: number }) => record);
};

test("workers killed between effect and commit, and after the commit: every effect once", {
  timeout: 60_000,
}, async () => {
  const first = await work("3", "before");
  expect(first.said).toBe("hanging");
  await first.kill();
  const second = await work("5", "after");
  expect(second.said).toBe("hanging");
  await second.kill();
  expect(await effects()).toEqual([1, 2, 3, 4, 5]);
  const third = await work("0", "never");
  expect(third.said).toBe("done");
  expect(await effects()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("in a transaction: forward only, and only under the running tenure's token", async () => {
  const store = postgresLeases({ pool: server.pool, group: "fenced" });
  const hold = async () => {
    const engine = new LeaseEngine({
      store,
      source: { list: async () => [{ id: "s1", parents: [] }] },
      group: "fenced",
      stream: "numbers",
      start: "earliest",
      runtime,
    });
    const stop = new AbortController();
    await engine.open(signal);
    const shards = engine.shards(stop.signal)[Symbol.asyncIterator]();
    const { value } = await shards.next();
    return { engine, shard: value as HeldShard };
  };
  const one = await hold();
  const inTransaction = async (shard: HeldShard, sequence: string) => {
    const client = await server.pool.connect();
    try {
      await client.query("begin");
      const result = await store.checkpointIn(client, shard.claim, { sequence });
      await client.query("commit");
      return result;
    } finally {
      client.release(true);
    }
  };
  expect(await inTransaction(one.shard, "9")).toBe("stored");
  expect(await inTransaction(one.shard, "10")).toBe("stored");
  expect(await inTransaction(one.shard, "10")).toBe("already");
  expect(await inTransaction(one.shard, "9")).toBe("already");
  // the engine finds the row moved, and neither loses the lease nor takes the checkpoint back
  await one.shard.checkpoint({ sequence: "10" });
  await one.shard.checkpoint({ sequence: "11" });
  expect(one.shard.valid).toBe(true);
  await one.engine.close();
  await expect(inTransaction(one.shard, "12")).rejects.toMatchObject({ code: "lease-lost" });

  const two = await hold();
  expect(two.shard.from).toEqual({ sequence: "11" });
  expect(two.shard.fencingToken).toBeGreaterThan(one.shard.fencingToken);
  await expect(inTransaction(one.shard, "12")).rejects.toMatchObject({ code: "lease-lost" });
  expect(await inTransaction(two.shard, "12")).toBe("stored");
  await two.engine.close();
});
