/** Claims in PostgreSQL: for handlers whose work is not in that database. */
import { MessagingError } from "@switchyard/core";
import type { MessageKey } from "./key.ts";
import type { ClaimReply } from "./protocol.ts";
import {
  epochOf,
  epochsSql,
  hintOf,
  isConflict,
  type InboxSchema,
  type InboxSchemaOptions,
  schemaOf,
  type QueryLike,
  raiseSql,
  sweepSql,
  tableNamed,
} from "./sql.ts";
import type { Claims, ClaimStore } from "./store.ts";

const CLAIMS = "switchyard_claims";

/**
 * The tables of `postgresStore`, as SQL for your migrations. Handling never creates a table.
 *
 * @throws MessagingError `bad-inbox` if the name is not one.
 */
export function claimSchema({ table = CLAIMS }: InboxSchemaOptions = {}): InboxSchema {
  const name = tableNamed(table);
  return schemaOf([
    // The mark of a claim changes no indexed column, and finds room in its page.
    `create table if not exists ${name} (
  group_name text not null,
  source text not null,
  id text not null,
  epoch integer not null,
  token text,
  until timestamptz,
  forget_at timestamptz not null,
  primary key (group_name, source, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)`,
    `create index if not exists ${name.slice(name.indexOf(".") + 1)}_forget on ${name} (forget_at)`,
    epochsSql(name),
  ]);
}

const GIVEN = `given as (select * from jsonb_to_record($1::jsonb) as g(
  group_name text, source text, id text, token text, for_ms double precision, keep_ms double precision))`;
const after = (ms: string): string => `clock_timestamp() + g.${ms} * interval '1 millisecond'`;
const SAME = "c.group_name = g.group_name and c.source = g.source and c.id = g.id";

/**
 * One statement for each step. A row without a token is a mark. If another statement is changing the row, the insertion waits for it and
 * sees the new row. The answer at the end sees the row as it was at the start, so it says `done` only of a mark that counts.
 */
const claimSql = (table: string): string => `with ${GIVEN}, taken as (
  insert into ${table} as c (group_name, source, id, epoch, token, until, forget_at)
  select g.group_name, g.source, g.id, ${epochOf(table, "g.group_name")}, g.token, ${after("for_ms")},
    ${after("keep_ms")} + g.for_ms * interval '1 millisecond'
  from given g
  on conflict (group_name, source, id) do update
    set epoch = excluded.epoch, token = excluded.token, until = excluded.until, forget_at = excluded.forget_at
    where case when c.token is null then c.epoch < excluded.epoch or c.forget_at <= clock_timestamp()
      else c.until <= clock_timestamp() or c.token = excluded.token end
  returning 1
)
select exists (select 1 from taken) as taken,
  c.token is null and c.epoch >= ${epochOf(table, "g.group_name")} and c.forget_at > clock_timestamp() as done,
  extract(epoch from c.until - clock_timestamp())::double precision * 1000 as left_ms
from given g left join ${table} c on ${SAME}`;

const MINE = `from given g where ${SAME} and c.token = g.token returning 1`;
const renewSql = (table: string): string => `with ${GIVEN} update ${table} c set until = ${after("for_ms")} ${MINE}`;
// `greatest` keeps the value of the claim, unless the handler took longer than a hold. A value that is kept costs the indexes nothing.
const doneSql = (table: string): string =>
  `with ${GIVEN} update ${table} c set token = null, until = null, forget_at = greatest(c.forget_at, ${after("keep_ms")}) ${MINE}`;
const releaseSql = (table: string): string =>
  `with ${GIVEN} delete from ${table} c using given g where ${SAME} and c.token = g.token returning 1`;
/** A handler may run for longer than a short window. */
const UNCLAIMED = "(until is null or until <= clock_timestamp())";

/** The options of `postgresStore`. */
export interface PostgresStoreOptions {
  /** The table of `claimSchema`. Default `switchyard_claims`. */
  readonly table?: string;
}

/**
 * Keeps claims in PostgreSQL. `pool` is a `Pool` of `pg`, or an adapter of a query builder such as `fromKysely(db)` of `@switchyard/outbox`.
 * Times are by the server's clock.
 *
 * @throws MessagingError `bad-inbox` if an argument is not allowed.
 */
export function postgresStore(pool: QueryLike, { table: name = CLAIMS }: PostgresStoreOptions = {}): ClaimStore {
  const table = tableNamed(name);
  if (typeof (pool as Partial<QueryLike>)?.query !== "function")
    throw new MessagingError("bad-inbox", "postgresStore: the first argument must be a pool with query()", {
      kind: "config",
    });
  return { name: "PostgreSQL", strength: "strong", open: () => claimsIn(pool, table) };
}

/** A claim that is not granted and whose row another statement is changing: look again soon. */
const SOON_MS = 100;

function claimsIn(pool: QueryLike, table: string): Claims {
  const sql = {
    claim: claimSql(table),
    renew: renewSql(table),
    done: doneSql(table),
    release: releaseSql(table),
    sweep: sweepSql(table, UNCLAIMED),
    raise: raiseSql(table),
  };
  const ask = async (text: string, value: object | string): Promise<readonly any[]> => {
    const given = typeof value === "string" ? value : JSON.stringify(value);
    try {
      return (await pool.query(text, [given])).rows;
    } catch (cause) {
      const hint = hintOf(cause, table, "claimSchema()");
      throw hint === "" ? cause : new Error(`PostgreSQL${hint}`, { cause });
    }
  };
  const of = ({ group, source, id }: MessageKey, token: string, forMs = 0, keepMs = 0) => {
    return { group_name: group, source, id, token, for_ms: forMs, keep_ms: keepMs };
  };
  const changes = async (text: string, value: object) => (await ask(text, value)).length > 0;
  return {
    claim: async (key, token, forMs, keepMs): Promise<ClaimReply> => {
      const rows = await ask(sql.claim, of(key, token, forMs, keepMs)).catch((cause: unknown) => {
        // Only where the role's default is stricter than READ COMMITTED.
        if (isConflict(cause)) return [{ taken: false, done: false }];
        throw cause;
      });
      const { taken, done, left_ms: leftMs } = rows[0] as any;
      if (taken === true) return { got: "yes" };
      if (done === true) return { got: "done" };
      return { got: "held", leftMs: Math.max(Number(leftMs ?? 0), SOON_MS) };
    },
    renew: (key, token, forMs) => changes(sql.renew, of(key, token, forMs)),
    done: (key, token, keepMs) => changes(sql.done, of(key, token, 0, keepMs)),
    release: (key, token) => changes(sql.release, of(key, token)),
    forget: async (group) => void (await ask(sql.raise, { group_name: group })),
    sweep: async (most) => (await ask(sql.sweep, String(most))).length,
  };
}
