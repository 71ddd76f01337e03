/** What the outbox needs of a PostgreSQL client, and the names of its tables. */
import { MessagingError } from "@switchyard/core/driver-kit";

/**
 * A client inside the caller's transaction: a `PoolClient` of `pg`, or an adapter of this package for a query builder. The text has `$1`
 * at most once, and its value is a string.
 */
export interface TransactionLike {
  query(text: string, values: any[]): Promise<{ readonly rows: readonly any[] }>;
}

/** The part of a pool that is used. A `Pool` of `pg` has it. */
export interface PoolLike {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[]; readonly rowCount: number | null }>;
}

export interface Tables {
  readonly rows: string;
  readonly dead: string;
}

const NAME = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;
/** PostgreSQL truncates longer names. The longest of ours adds `_blocking`. */
const MAX = 63 - 9;

/** @throws MessagingError `bad-outbox-table` */
export function tablesOf(table = "switchyard_outbox"): Tables {
  if (!NAME.test(table) || table.slice(table.indexOf(".") + 1).length > MAX) {
    throw new MessagingError(
      "bad-outbox-table",
      `${JSON.stringify(table)}: the name of an outbox table must be [schema.]name, of a-z, 0-9 and _, with at most ${MAX} characters`,
      { kind: "config" },
    );
  }
  return { rows: table, dead: `${table}_dead` };
}

/** The channel on which writers say that there is something to relay, if NOTIFY is used. */
export const notifyName = ({ rows }: Tables): string => rows.replace(".", "_");
