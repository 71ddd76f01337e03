import { MOST_PARTS } from "./schema.ts";
import type { PoolLike, Tables } from "./sql.ts";

/** What the database says of an outbox. */
export interface OutboxFigures {
  /** Rows that are due. At most 10,001 are counted. */
  readonly backlog: number;
  /** How long the oldest of them has been due, in milliseconds; 0 without one. */
  readonly ageMs: number;
  /** Rows that are not due yet. At most 10,001 are counted. */
  readonly delayed: number;
  /** Rows that could never be sent. */
  readonly dead: number;
  /** Ordering keys whose messages wait for a dead row. */
  readonly blockedKeys: number;
  /** Rows deleted and not yet vacuumed (`n_dead_tup`), as PostgreSQL's statistics estimate it. */
  readonly deadTuples: number;
  /**
   * How many transactions the oldest snapshot, prepared transaction or replication slot of the server is behind. While it is large, vacuum
   * cannot remove anything. Sessions of other users are seen by roles with `pg_read_all_stats` only.
   */
  readonly oldestXminAge: number;
}

const MOST = 10_001;

/** Rows of a blocked key count: somebody waits for them. */
export async function figuresOf(pool: PoolLike, { rows, dead }: Tables): Promise<OutboxFigures> {
  const { rows: found } = await pool.query(
    `select
  (select count(*) from (
    (select 1 from ${rows} where part >= 0 limit ${MOST}) union all
    (select 1 from ${rows} where not_before <= (select clock_timestamp()) limit ${MOST})) as b) as backlog,
  (select count(*) from (select 1 from ${rows} where not_before > (select clock_timestamp()) limit ${MOST}) as d) as delayed,
  (select extract(epoch from clock_timestamp() - min(at)) * 1000 from (
    (select first.created as at from generate_series(0, ${MOST_PARTS - 1}) as p,
      lateral (select created from ${rows} where part = p order by seq limit 1) as first) union all
    (select not_before from ${rows} where not_before <= (select clock_timestamp()) order by not_before limit 1)) as o) as age,
  (select count(*) from ${dead}) as dead,
  (select count(distinct (channel, key)) from ${dead} where blocks) as blocked,
  (select n_dead_tup from pg_stat_user_tables where relid = to_regclass('${rows}')) as tuples,
  greatest(
    (select max(age(backend_xmin)) from pg_stat_activity where pid <> pg_backend_pid()),
    (select max(age(transaction)) from pg_prepared_xacts),
    (select max(greatest(age(xmin), age(catalog_xmin))) from pg_replication_slots)) as xmin`,
  );
  const { backlog, delayed, age, dead: lost, blocked, tuples, xmin } = found[0] ?? {};
  return {
    backlog: Number(backlog ?? 0),
    ageMs: Math.max(0, Math.round(Number(age ?? 0))),
    delayed: Number(delayed ?? 0),
    dead: Number(lost ?? 0),
    blockedKeys: Number(blocked ?? 0),
    deadTuples: Number(tuples ?? 0),
    oldestXminAge: Number(xmin ?? 0),
  };
}
