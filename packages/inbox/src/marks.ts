/** The marks of `exactly`: the statements on its table. */
import type { MessageKey } from "./key.ts";
import {
  epochOf,
  epochsSql,
  type InboxSchema,
  type InboxSchemaOptions,
  schemaOf,
  type QueryLike,
  tableNamed,
} from "./sql.ts";

export const MARKS = "switchyard_inbox";

/**
 * The tables of `exactly`, as SQL for your migrations. Handling never creates a table.
 *
 * @throws MessagingError `bad-inbox` if the name is not one.
 */
export function inboxSchema({ table = MARKS }: InboxSchemaOptions = {}): InboxSchema {
  const name = tableNamed(table);
  return schemaOf([
    `create table if not exists ${name} (
  group_name text not null,
  source text not null,
  id text not null,
  epoch integer not null,
  handled_at timestamptz not null default clock_timestamp(),
  forget_at timestamptz not null,
  primary key (group_name, source, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)`,
    `create index if not exists ${name.slice(name.indexOf(".") + 1)}_forget on ${name} (forget_at)`,
    epochsSql(name),
  ]);
}

/**
 * Marks messages that are not marked, and returns those. It waits for a transaction that is marking one of them. In one order, so that two
 * batches do not wait for each other. A mark of an earlier epoch, or one that is past its window, is replaced.
 */
const markSql = (table: string): string => `insert into ${table} as m (group_name, source, id, epoch, forget_at)
select g.group_name, x.source, x.id, ${epochOf(table, "g.group_name")}, clock_timestamp() + g.keep_ms * interval '1 millisecond'
from jsonb_to_record($1::jsonb) as g(group_name text, keep_ms double precision, messages jsonb),
  jsonb_to_recordset(g.messages) as x(source text, id text)
order by x.source collate "C", x.id collate "C"
on conflict (group_name, source, id) do update
  set epoch = excluded.epoch, handled_at = excluded.handled_at, forget_at = excluded.forget_at
  where m.epoch < excluded.epoch or m.forget_at <= clock_timestamp()
returning source, id`;

const unmarkSql = (table: string): string => `delete from ${table} m
using jsonb_to_record($1::jsonb) as g(group_name text, messages jsonb), jsonb_to_recordset(g.messages) as x(source text, id text)
where m.group_name = g.group_name and m.source = x.source and m.id = x.id`;

/** The marks of one group. Every call is made in a transaction of the caller's. */
export class Marks {
  readonly #group: string;
  readonly #keepMs: number;
  readonly #mark: string;
  readonly #unmark: string;

  constructor(table: string, group: string, keepMs: number) {
    this.#group = group;
    this.#keepMs = keepMs;
    this.#mark = markSql(table);
    this.#unmark = unmarkSql(table);
  }

  /** Marks messages that differ, and resolves with the names of those that were not marked before. */
  async mark(client: QueryLike, keys: readonly MessageKey[]): Promise<ReadonlySet<string>> {
    const given = { group_name: this.#group, keep_ms: this.#keepMs, messages: keys.map(partOf) };
    const { rows } = await client.query(this.#mark, [JSON.stringify(given)]);
    return new Set(rows.map(nameOfRow));
  }

  async unmark(client: QueryLike, keys: readonly MessageKey[]): Promise<void> {
    await client.query(this.#unmark, [JSON.stringify({ group_name: this.#group, messages: keys.map(partOf) })]);
  }
}

const partOf = ({ source, id }: MessageKey) => ({ source, id });
const nameOfRow = ({ source, id }: any): string => JSON.stringify([source, id]);
