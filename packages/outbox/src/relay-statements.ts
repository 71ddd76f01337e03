/** The statements of a relay. None takes a lock that outlives it. */
import { MessagingError } from "@switchyard/core/driver-kit";
import { holdsLease, type PostgresPoolLike } from "@switchyard/leases/postgres";
import type { ProtocolRow } from "./protocol.ts";
import { partsIn } from "./schema.ts";
import type { Tables } from "./sql.ts";

/** A row as it was read. */
export interface RelayRow extends ProtocolRow {
  readonly id: string;
  readonly envelope: string;
  readonly body: string;
}

/** A row that will never be accepted, and why. */
export interface RefusedRow {
  readonly row: RelayRow;
  readonly code: string;
  readonly reason: string;
  /** Later rows of its key wait until it is retried or purged. */
  readonly blocks: boolean;
}

/** A tenure of a partition, as its lease names it. */
export interface Claim {
  readonly group: string;
  readonly shard: string;
  readonly fencingToken: number;
}

/** Where a partition's delayed rows are. */
const delayedPart = (part: number): number => -1 - part;

/**
 * The oldest rows that are due. A key with a blocking dead row is left out. A due row that a transaction is about to cancel is locked, and
 * left out too; the row locks end with the statement. The clock is read once, before: an index can then be used.
 */
export const readSql = ({ rows, dead }: Tables): string => `with head as (
  select seq, channel, key, id, envelope, body from ${rows} as o
  where part = $1 and channel = any($3) and (key is null or not exists (
    select 1 from ${dead} as d where d.channel = o.channel and d.key = o.key and d.blocks))
  order by seq limit $4),
due as (
  select seq, channel, key, id, envelope, body from ${rows}
  where part = $2 and not_before is not null and not_before <= (select clock_timestamp()) and channel = any($3)
  order by not_before limit $4 for key share skip locked)
select * from head union all select * from due`;

export async function readRows(
  pool: PostgresPoolLike,
  sql: string,
  part: number,
  channels: readonly string[],
  limit: number,
): Promise<readonly RelayRow[]> {
  const { rows } = await pool.query(sql, [part, delayedPart(part), channels, limit]);
  return rows as RelayRow[];
}

/**
 * Deletes what was accepted and moves what was refused, if the lease is still held. Done twice it does nothing the second time. Resolves
 * with false if the lease is gone.
 */
export async function settleRows(
  pool: PostgresPoolLike,
  { rows, dead }: Tables,
  leases: string | undefined,
  part: number,
  claim: Claim,
  accepted: readonly RelayRow[],
  refused: readonly RefusedRow[],
): Promise<boolean> {
  const values: unknown[] = [claim.group, claim.shard, claim.fencingToken, [part, delayedPart(part)]];
  let text = `with lease as materialized (select ${holdsLease(leases)} as held)`;
  if (accepted.length > 0) {
    values.push(accepted.map(({ seq }) => seq));
    text += `, sent as (delete from ${rows} where part = any($4) and seq = any($${values.length}::bigint[])
  and (select held from lease) returning 1)`;
  }
  if (refused.length > 0) {
    values.push(
      JSON.stringify(refused.map(({ row, code, reason, blocks }) => ({ seq: row.seq, code, reason, blocks }))),
    );
    const why = `json_to_recordset($${values.length}::text::json) as w(seq bigint, code text, reason text, blocks boolean)`;
    text += `, gone as (delete from ${rows} where part = any($4) and seq in (select seq from ${why})
  and (select held from lease) returning seq, hash, channel, key, id, created, envelope, body),
kept as (insert into ${dead} (seq, hash, channel, key, id, created, envelope, body, code, reason, blocks)
  select g.*, w.code, w.reason, w.blocks from gone as g join ${why} on w.seq = g.seq on conflict (seq) do nothing)`;
  }
  const { rows: found } = await pool.query(`${text}\nselect held from lease`, values);
  return found[0]?.held === true;
}

/**
 * Checks the tables before a relay starts, and returns the number of partitions.
 *
 * @throws MessagingError `outbox-table-missing`, `outbox-table-foreign`, `outbox-sequence-cached` or `outbox-parts-differ`.
 */
export async function checkTables(
  pool: PostgresPoolLike,
  { rows, dead }: Tables,
  parts: number | undefined,
): Promise<number> {
  const refuse = (code: string, text: string) => new MessagingError(code, text, { kind: "config" });
  const there = await pool.query("select to_regclass($1)::text as rows, to_regclass($2)::text as dead", [rows, dead]);
  for (const [part, name] of [
    ["rows", rows],
    ["dead", dead],
  ] as const)
    if (there.rows[0]?.[part] === null)
      throw refuse("outbox-table-missing", `the table ${name} does not exist; create it with outboxSchema`);
  const { rows: columns } = await pool.query(
    "select pg_get_expr(adbin, adrelid) as expression from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum where adrelid = to_regclass($1) and attname = 'part'",
    [rows],
  );
  const found = partsIn(String(columns[0]?.expression ?? ""));
  if (found === undefined)
    throw refuse("outbox-table-foreign", `${rows} is not an outbox table; create one with outboxSchema`);
  if (parts !== undefined && parts !== found)
    throw refuse(
      "outbox-parts-differ",
      `${rows} has ${found} partitions, and relay({ parts }) says ${parts}; leave \`parts\` out, or make the table again while it is empty`,
    );
  const { rows: sequences } = await pool.query(
    "select seqcache from pg_sequence where seqrelid = pg_get_serial_sequence($1, 'seq')::regclass",
    [rows],
  );
  if (Number(sequences[0]?.seqcache ?? 1) > 1)
    throw refuse(
      "outbox-sequence-cached",
      `the sequence of ${rows}.seq has CACHE ${sequences[0].seqcache}: sessions would take numbers out of order; alter sequence ... cache 1`,
    );
  return found;
}
