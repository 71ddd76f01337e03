import { MessagingError } from "@switchyard/core/driver-kit";

export interface Tables {
  readonly leases: string;
  readonly workers: string;
  readonly groups: string;
}

const NAME = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;
/** PostgreSQL truncates longer names. */
const MAX = 63;

export function tablesOf(table = "switchyard_leases"): Tables {
  const longest = `${table.slice(table.indexOf(".") + 1)}_workers`;
  if (!NAME.test(table) || longest.length > MAX) {
    throw new MessagingError(
      "bad-lease-table",
      `${JSON.stringify(table)}: the name of a lease table must be [schema.]name, of a-z, 0-9 and _, with at most ${MAX - 8} characters`,
      { kind: "config" },
    );
  }
  return { leases: table, workers: `${table}_workers`, groups: `${table}_groups` };
}

/** Every column, so that a query that selects no rows checks that all of them exist. */
export const COLUMNS = {
  leases:
    "group_name, lease_key, counter, owner, handover_from, fencing_token, checkpoint, checkpoint_sub, checkpoint_time, tenures, parents, children, hash_from, hash_to",
  workers: "group_name, worker, counter, state",
  groups: "group_name, stream, checkpoint, checkpoint_sub, checkpoint_time, complete",
} as const;

export const ddl = ({ leases, workers, groups }: Tables): Readonly<Record<keyof Tables, string>> => ({
  leases: `create table if not exists ${leases} (
  group_name text not null,
  lease_key text not null,
  counter bigint not null default 0,
  owner text,
  handover_from text,
  fencing_token bigint,
  checkpoint text not null,
  checkpoint_sub integer,
  checkpoint_time double precision,
  tenures integer not null default 0,
  parents text[] not null default '{}',
  children text[] not null default '{}',
  hash_from text,
  hash_to text,
  primary key (group_name, lease_key)
) with (fillfactor = 50)`,
  workers: `create table if not exists ${workers} (
  group_name text not null,
  worker text not null,
  counter bigint not null,
  state text not null,
  primary key (group_name, worker)
)`,
  groups: `create table if not exists ${groups} (
  group_name text primary key,
  stream text not null,
  checkpoint text not null,
  checkpoint_sub integer,
  checkpoint_time double precision,
  complete boolean not null
)`,
});
