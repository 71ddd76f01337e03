import { systemRuntime as runtime } from "@switchyard/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Postgres, startPostgres } from "../fixtures/postgres.ts";
import { leaseStoreCases } from "../testing/index.ts";
import { leaseSchema, postgresLeases } from "./index.ts";

const { signal } = new AbortController();
let server: Postgres;

beforeAll(async () => {
  server = await startPostgres();
  const schema = leaseSchema({ pool: server.pool });
  await schema.apply(await schema.plan(signal), signal);
}, 60_000);
afterAll(() => server.stop());

const harness = {
  runtime,
  // Groups share the table; a group of its own is a table of its own.
  open: async (group: string) => postgresLeases({ pool: server.pool, group }),
  missing: async () => postgresLeases({ pool: server.pool, group: "billing", table: "never_made" }),
  foreign: async () => {
    await server.pool.query("create table customers (id text primary key)");
    return postgresLeases({ pool: server.pool, group: "billing", table: "customers" });
  },
};
test.each(leaseStoreCases)("$name", async ({ run }) => {
  await expect(run(harness)).resolves.toBeUndefined();
});

test("groups of one table do not see each other", async () => {
  const [one, other] = [await harness.open("one"), await harness.open("other")];
  await one.insert([{ key: "s1", parents: [], checkpoint: "TRIM_HORIZON" }], signal);
  await one.beat({ id: "a", state: "active" }, signal);
  expect(await other.load(signal)).toEqual({ group: undefined, leases: [], workers: [] });
});

test("the schema is planned by table, applied from several processes at once, and then there", async () => {
  await server.pool.query("create schema messaging");
  const schema = leaseSchema({ pool: server.pool, table: "messaging.leases" });
  const plan = await schema.plan(signal);
  expect(plan.changes.map(({ name }) => name)).toEqual([
    "messaging.leases",
    "messaging.leases_workers",
    "messaging.leases_groups",
  ]);
  await Promise.all([1, 2, 3].map(() => schema.apply(plan, signal)));
  expect((await schema.plan(signal)).changes).toEqual([]);
  await postgresLeases({ pool: server.pool, group: "g", table: "messaging.leases" }).open(signal, runtime);
});

test("a role without rights on the lease table is refused, and told which it needs", async () => {
  await server.pool.query("create role stranger login");
  const pool = new (server.pool.constructor as new (options: object) => typeof server.pool)({
    connectionString: server.url.replace("postgres@", "stranger@"),
  });
  await expect(postgresLeases({ pool, group: "g" }).open(signal, runtime)).rejects.toMatchObject({
    code: "lease-table-forbidden",
    kind: "auth",
    message: expect.stringContaining("select, insert, update and delete on switchyard_leases"),
  });
  await pool.end();
});

test.each(["Leases", "a.b.c", "leases; drop table x", `t${"x".repeat(60)}`])(
  "the table name %j is refused",
  (table) => {
    expect(() => postgresLeases({ pool: server.pool, group: "g", table })).toThrow(/name of a lease table/);
  },
);
