/** The whole way, killed between every two steps: the effect happens once, and the message is published at least once. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Postgres, startPostgres } from "../packages/leases/src/fixtures/postgres.ts";
import { makeTables } from "./support/outbox.ts";

const script = fileURLToPath(new URL("support/outbox-service.ts", import.meta.url));
const children = new Set<ChildProcess>();
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});
afterAll(() => postgres?.stop());

async function service(table: string, hangAt = "never") {
  const args = ["--conditions=@switchyard/source", script, postgres.url, table, hangAt];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
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

const steps = ["marked", "changed", "published", "committed", "acknowledged", "read", "sent", "settled"];

test.each(steps)(
  "killed once it has %s: the effect once, the message at least once",
  { timeout: 60_000 },
  async (step) => {
    const table = `killed_${step}`;
    await makeTables(postgres, table);
    const { pool } = postgres;
    await pool.query(`create table ${table}_queue (id text primary key)`);
    await pool.query(`insert into ${table}_queue values ('1'), ('2')`);
    await pool.query(`create table ${table}_marks (id text primary key)`);
    await pool.query(`create table ${table}_state (total integer not null)`);
    await pool.query(`insert into ${table}_state values (0)`);
    await pool.query(`create table ${table}_arrivals (n serial, id text not null)`);

    const first = await service(table, step);
    expect(first.said).toBe(step);
    await first.kill();
    const second = await service(table);
    expect(second.said).toBe("done");

    expect((await pool.query(`select total from ${table}_state`)).rows).toEqual([{ total: 2 }]);
    const { rows } = await pool.query(`select id from ${table}_arrivals order by n`);
    const arrived = rows.map(({ id }: { id: string }) => id);
    expect([...new Set(arrived)]).toEqual(["order-1", "order-2"]);
    // Only between the broker's answer and the delete may a kill double what arrives.
    if (step !== "sent") expect(arrived).toHaveLength(2);
    expect((await pool.query(`select 1 from ${table}`)).rowCount).toBe(0);
  },
);
