/** The statements of writers. Each has one parameter, a JSON text, which every client and query builder passes on unchanged. */
import type { Tables } from "./sql.ts";
import { notifyName } from "./sql.ts";

export interface WriteOptions {
  /** Take an advisory lock for each key before the rows get their numbers. */
  readonly lock: boolean;
  readonly notify: boolean;
}

/**
 * `$1` is `{ rows, locks }`. A cast from text, because a client that knows the parameter as JSON would write it as JSON once more. The
 * rows get their numbers in the given order, and after all locks are held.
 */
export function insertSql(tables: Tables, { lock, notify }: WriteOptions): string {
  const locks = `, locked as materialized (
  select pg_advisory_xact_lock(hashtextextended(value, 0)) from given, json_array_elements_text(it -> 'locks'))`;
  const insert = `insert into ${tables.rows} (channel, key, hash, id, not_before, envelope, body)
select r.channel, r.key, r.hash, r.id, clock_timestamp() + r.delay * interval '1 millisecond', r.envelope, r.body
from given${lock ? ", (select count(*) as held from locked) as l" : ""}, json_to_recordset(it -> 'rows')
  as r(channel text, key text, hash integer, id text, delay double precision, envelope text, body text)`;
  const given = `with given as materialized (select cast($1 as text)::json as it)${lock ? locks : ""}`;
  if (!notify) return `${given}\n${insert}`;
  return `${given}, added as (${insert} returning 1)
select pg_notify('${notifyName(tables)}', '') from (select count(*) from added) as n`;
}

/**
 * Deletes a delayed row unless it is due. The row is locked before the clock is read: a relay that has it already is waited for, and then
 * it is due; a relay that comes later leaves a locked row out.
 */
export function cancelSql({ rows }: Tables): string {
  return `with found as materialized (
  select part, seq, not_before from ${rows} where id = $1 and not_before is not null for update),
early as materialized (select part, seq from found where not_before > clock_timestamp())
delete from ${rows} as o using early as e where o.part = e.part and o.seq = e.seq returning o.seq`;
}
