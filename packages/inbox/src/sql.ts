/** What an inbox needs of a PostgreSQL client, and the names of its tables. */
import { MessagingError } from "@switchyard/core";
import { causesOf } from "@switchyard/core/driver-kit";

/**
 * Runs a statement and resolves with its rows: a pool or a client of `pg`, or an adapter such as `fromKysely` of `@switchyard/outbox`. The
 * text has `$1` at most once, and its value is a string.
 */
export interface QueryLike {
  query(text: string, values?: any[]): Promise<{ readonly rows: readonly any[] }>;
}

/** Tables of an inbox. */
export interface InboxSchema {
  /** Statements for a migration, each of which may be run again. */
  readonly sql: readonly string[];
  /** Runs them, for development and tests. Safe from several processes at once. */
  apply(pool: QueryLike): Promise<void>;
}

/** The options of `inboxSchema` and `claimSchema`. */
export interface InboxSchemaOptions {
  /** The table; `schema.table` is allowed. A second table has its name and `_epochs`. */
  readonly table?: string;
}

const NAME = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;
/** PostgreSQL truncates longer names. The longest of ours adds `_epochs`. */
const MOST = 63 - 7;

/** @throws MessagingError `bad-inbox` */
export function tableNamed(table: string): string {
  if (!NAME.test(table) || table.slice(table.indexOf(".") + 1).length > MOST) {
    throw new MessagingError(
      "bad-inbox",
      `${JSON.stringify(table)}: the name of an inbox table must be [schema.]name, of a-z, 0-9 and _, with at most ${MOST} characters`,
      { kind: "config" },
    );
  }
  return table;
}

export function schemaOf(sql: readonly string[]): InboxSchema {
  return {
    sql,
    apply: async (pool) => {
      for (const statement of sql) await once(pool, statement);
    },
  };
}

async function once(pool: QueryLike, statement: string): Promise<void> {
  try {
    await pool.query(statement);
  } catch (cause) {
    // Despite `if not exists`, this fails if another session creates the same table at the same time.
    const code = codeOf(cause);
    if (code !== "23505" && code !== "42P07" && code !== "42710") throw cause;
  }
}

/** The epochs of groups. A group without a row is in epoch 0. */
export const epochsSql = (table: string): string => `create table if not exists ${table}_epochs (
  group_name text primary key,
  epoch integer not null
)`;

/** An expression: the epoch of the group that the expression `group` names. */
export const epochOf = (table: string, group: string): string =>
  `coalesce((select e.epoch from ${table}_epochs e where e.group_name = ${group}), 0)`;

/** Raises the epoch of a group, for `[{"group": ...}]`. */
export const raiseSql = (table: string): string => `insert into ${table}_epochs as e (group_name, epoch)
select g.group_name, 1 from jsonb_to_record($1::jsonb) as g(group_name text)
on conflict (group_name) do update set epoch = e.epoch + 1`;

/** Deletes rows whose `forget_at` has passed, oldest first, around those that another process is deleting. */
export const sweepSql = (table: string, and = "true"): string => `with gone as (
  select ctid from ${table} where forget_at <= clock_timestamp() and ${and}
  order by forget_at limit ($1::text)::integer for update skip locked
)
delete from ${table} where ctid in (select ctid from gone) returning 1`;

const CONFLICTS = new Set(["40001", "40P01", "55P03"]);

/** True if a statement met another transaction: a serialization failure, a deadlock, a lock not available. Trying again helps. */
export const isConflict = (cause: unknown): boolean => CONFLICTS.has(codeOf(cause) ?? "");

/** PostgreSQL's code of an error, or of one that it was made of: query builders wrap errors. */
export function codeOf(error: unknown): string | undefined {
  for (const cause of causesOf(error)) {
    const { code } = cause as { readonly code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}

/** A hint for what is wrong with the tables, or with the rights on them. */
export function hintOf(cause: unknown, table: string, schema: string): string {
  const code = codeOf(cause);
  if (code === "42P01") return `: the table ${table} or ${table}_epochs is missing; run the statements of ${schema}`;
  if (code === "42501") return `: the role lacks a right on the table ${table} or ${table}_epochs`;
  return "";
}
