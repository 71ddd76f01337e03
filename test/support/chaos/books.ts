/**
 * What the service keeps in PostgreSQL, in its own transactions: which messages it has put into the outbox, and which effects its
 * handlers had. Here a lost reply leaves no doubt: what was committed is in the books.
 */
import { exactly, inboxSchema } from "@switchyard/inbox";
import { leaseSchema } from "@switchyard/leases/postgres";
import { createOutbox, type Outbox, outboxSchema } from "@switchyard/outbox";
import { type AnyDelivery, type Middleware, middleware, Skip } from "@switchyard/core";
import pg from "pg";
import type { Ledger } from "./ledger.ts";
import { channelsOf, type Mutant, type Part } from "./service.ts";

const PARTS = 4;

/** A pool of connections to the database, each of which writes down that it was lost. */
export interface Store {
  readonly pool: pg.Pool;
  /** Resolves when every connection has ended; `pool.end()` does not wait for them. */
  close(): Promise<void>;
}

/** No statement of a healthy database takes as long as the limits here. */
export function openStore({ database }: Pick<Part, "database">, ledger: Ledger | undefined, max: number): Store {
  const limits = { connectionTimeoutMillis: 5_000, query_timeout: 15_000 };
  const pool = new pg.Pool({ connectionString: database, max, ...limits });
  const ends = new Set<Promise<unknown>>();
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    // Of a client that is in use, too: without a listener it would end the process.
    client.on("error", () => ledger?.write({ is: "store-down" }));
    const end: Promise<unknown> = new Promise((resolve) => client.once("end", resolve)).then(() => ends.delete(end));
    ends.add(end);
  });
  return {
    pool,
    close: async () => {
      await pool.end();
      await Promise.all(ends);
    },
  };
}

export const outboxOf = ({ transport, tables }: Pick<Part, "transport" | "tables">): Outbox<any> =>
  createOutbox({ channels: channelsOf(transport), service: "chaos", table: `${tables}_outbox` });

/** The tables of the leases are everybody's, and made once. */
export async function makeLeases(pool: pg.Pool): Promise<void> {
  const leases = leaseSchema({ pool });
  const { signal } = new AbortController();
  await leases.apply(await leases.plan(signal), signal);
}

export async function makeBooks(pool: pg.Pool, tables: string): Promise<void> {
  await outboxSchema({ table: `${tables}_outbox`, parts: PARTS }).apply(pool);
  await inboxSchema({ table: `${tables}_inbox` }).apply(pool);
  await pool.query(`
    create table ${tables}_published (id text primary key);
    create table ${tables}_keys (key text primary key, count integer not null);
    create table ${tables}_marks (id text primary key);
    create table ${tables}_effects (id text not null, by text not null, at double precision not null)`);
}

/** What was committed. */
export interface Books {
  readonly published: ReadonlySet<string>;
  /** By message, when each happened (`Entry.at`). */
  readonly effects: ReadonlyMap<string, readonly number[]>;
  /** Rows that are still in the outbox. */
  readonly waiting: number;
}

export async function readBooks(pool: pg.Pool, tables: string): Promise<Books> {
  const [published, effects, waiting] = await Promise.all([
    pool.query(`select id from ${tables}_published`),
    pool.query(`select id, array_agg(at order by at) as at from ${tables}_effects group by id`),
    pool.query(`select count(*)::int as count from ${tables}_outbox`),
  ]);
  return {
    published: new Set(published.rows.map(({ id }: { id: string }) => id)),
    effects: new Map(effects.rows.map(({ id, at }: { id: string; at: number[] }) => [id, at])),
    waiting: waiting.rows[0].count,
  };
}

export interface Tx {
  readonly tx: pg.PoolClient;
}

/** Marks a message as handled in the transaction of its effect. */
export const inboxOf = (pool: pg.Pool, tables: string, mutant: Mutant | undefined): Middleware<Tx> =>
  mutant === "mark-before-commit"
    ? marksEarly(pool, tables)
    : // Longer than a run; RabbitMQ keeps messages for ever.
      (exactly(pool, { window: "1d", accept: "shorter", table: `${tables}_inbox` }) as Middleware<Tx>);

/** An inbox by hand that commits the mark first, and takes it back only if it lives to see the failure. */
function marksEarly(pool: pg.Pool, tables: string): Middleware<Tx> {
  return middleware(async ({ id }: AnyDelivery, next) => {
    const tx = await pool.connect();
    try {
      const mark = await tx.query(`insert into ${tables}_marks values ($1) on conflict do nothing`, [id]);
      if (mark.rowCount === 0) throw new Skip("handled before");
      await tx.query("begin");
      const done = await next({ tx });
      await tx.query("commit");
      tx.release();
      return done;
    } catch (error) {
      // A transaction that may be open ends with its connection.
      tx.release(true);
      if (!(error instanceof Skip)) await pool.query(`delete from ${tables}_marks where id = $1`, [id]);
      throw error;
    }
  });
}
