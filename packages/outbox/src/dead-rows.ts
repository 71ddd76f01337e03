import type { PoolLike, Tables } from "./sql.ts";

/** A message that no relay could send, and never will as it is. */
export interface DeadRow {
  /** Its place in the outbox. A row that is retried takes the same place again. */
  readonly seq: string;
  readonly id: string;
  readonly channel: string;
  /** The ordering key. */
  readonly key: string | null;
  readonly type: string;
  /** When its transaction wrote it. */
  readonly createdAt: Date;
  readonly failedAt: Date;
  /** The error's code, kebab-case. */
  readonly code: string;
  readonly reason: string;
  /** Later messages of its key wait for it. */
  readonly blocks: boolean;
}

/** Which dead rows. All that are given must fit; without any, all rows. */
export interface DeadFilter {
  readonly ids?: readonly string[];
  readonly channel?: string;
  readonly code?: string;
}

/** The dead rows of an outbox. */
export interface DeadRows {
  /** In the order of `seq`. `after`: the last `seq` of the page before. At most `limit`, default 100. */
  list(options?: DeadFilter & { readonly after?: string; readonly limit?: number }): Promise<readonly DeadRow[]>;
  /** Puts rows back, each in its old place: before the messages of its key that wait for it. Resolves with their number. */
  retry(filter?: DeadFilter): Promise<number>;
  /** Deletes rows for good. Messages that wait for one of them are relayed. Resolves with their number. */
  purge(filter?: DeadFilter): Promise<number>;
}

const WHICH = `($1::text[] is null or id = any($1)) and ($2::text is null or channel = $2) and ($3::text is null or code = $3)`;

export function deadRows(pool: PoolLike, { rows, dead }: Tables): DeadRows {
  const values = ({ ids, channel, code }: DeadFilter) => [ids ?? null, channel ?? null, code ?? null];
  return {
    list: async ({ after = "-1", limit = 100, ...filter } = {}) => {
      const found = await pool.query(
        `select * from ${dead} where ${WHICH} and seq > $4::bigint order by seq limit $5`,
        [...values(filter), after, limit],
      );
      return found.rows.map((row) => ({
        seq: String(row.seq),
        id: row.id,
        channel: row.channel,
        key: row.key,
        type: typeOf(row.envelope),
        createdAt: row.created,
        failedAt: row.failed,
        code: row.code,
        reason: row.reason,
        blocks: row.blocks,
      }));
    },
    // One statement: the key is free again when the row is back, not before.
    retry: async (filter = {}) => {
      const { rowCount } = await pool.query(
        `with back as (delete from ${dead} where ${WHICH} returning seq, hash, channel, key, id, created, envelope, body)
insert into ${rows} (seq, hash, channel, key, id, created, envelope, body) select * from back`,
        values(filter),
      );
      return rowCount ?? 0;
    },
    purge: async (filter = {}) => {
      const { rowCount } = await pool.query(`delete from ${dead} where ${WHICH}`, values(filter));
      return rowCount ?? 0;
    },
  };
}

function typeOf(envelope: string): string {
  try {
    return String((JSON.parse(envelope) as { type?: unknown }).type);
  } catch {
    return "";
  }
}
