import { fromFault, MessagingError } from "@switchyard/core/driver-kit";
import { checkpointIn } from "./checkpoint-in.ts";
import { faultOf } from "./faults.ts";
import type { PostgresLeases, PostgresOptions } from "./options.ts";
import { checkpointColumns, groupOf, leaseOf } from "./rows.ts";
import { COLUMNS, type Tables, tablesOf } from "./tables.ts";
import { updateSql } from "./update.ts";

/** Keeps one group's leases in a PostgreSQL table, in the database that the handlers write to. Does not close the pool. */
export function postgresLeases({ pool, table, group }: PostgresOptions): PostgresLeases {
  const tables = tablesOf(table);
  const { leases, workers, groups } = tables;
  const name = `PostgreSQL table ${leases}`;
  // A query cannot be cancelled. It may still be carried out after the engine stopped waiting for it.
  const query = async (signal: AbortSignal, text: string, values: unknown[]) => {
    if (signal.aborted) throw new MessagingError("aborted", "the call was aborted", { kind: "retryable" });
    return pool.query(text, values);
  };
  const one = async (signal: AbortSignal, text: string, values: unknown[]) =>
    (await query(signal, text, values)).rows[0];
  const get = async (key: string, signal: AbortSignal) => {
    const row = await one(signal, `select * from ${leases} where group_name = $1 and lease_key = $2`, [group, key]);
    return row === undefined ? undefined : leaseOf(row);
  };
  const groupRow = async (signal: AbortSignal) => {
    const row = await one(signal, `select * from ${groups} where group_name = $1`, [group]);
    return row === undefined ? undefined : groupOf(row);
  };

  return {
    name,
    open: async (signal) => {
      for (const part of Object.keys(COLUMNS) as (keyof Tables)[]) {
        try {
          await query(signal, `select ${COLUMNS[part]} from ${tables[part]} where false`, []);
        } catch (cause) {
          throw fromFault(faultOf(cause, leases), `${name}: opening`, cause, {});
        }
      }
    },
    load: async (signal) => {
      const [held, alive] = [`select * from ${leases}`, `select * from ${workers}`];
      const rows = await query(signal, `${held} where group_name = $1`, [group]);
      const others = await query(signal, `${alive} where group_name = $1`, [group]);
      return {
        group: await groupRow(signal),
        leases: rows.rows.map(leaseOf),
        workers: others.rows.map(({ worker, counter, state }) => ({ id: worker, counter: Number(counter), state })),
      };
    },
    get,
    insert: async (rows, signal) => {
      if (rows.length === 0) return;
      const values: unknown[] = [];
      const bound = rows.map(({ key, parents, checkpoint, hashRange }) => {
        const at = checkpointColumns(checkpoint);
        const columns = [
          group,
          key,
          at.checkpoint,
          at.checkpoint_sub,
          at.checkpoint_time,
          parents,
          hashRange?.from ?? null,
          hashRange?.to ?? null,
        ];
        return `(${columns.map((value) => `$${values.push(value)}`).join(", ")})`;
      });
      const into = "group_name, lease_key, checkpoint, checkpoint_sub, checkpoint_time, parents, hash_from, hash_to";
      const text = `insert into ${leases} (${into}) values ${bound.join(", ")} on conflict do nothing`;
      await query(signal, text, values);
    },
    update: async (key, expect, change, signal) => {
      const { text, values } = updateSql(leases, expect, change);
      const row = await one(signal, text, [group, key, ...values]);
      return row === undefined ? { applied: false, row: await get(key, signal) } : { applied: true, row: leaseOf(row) };
    },
    remove: async (key, counter, signal) => {
      const text = `delete from ${leases} where group_name = $1 and lease_key = $2 and counter = $3`;
      return (await query(signal, text, [group, key, counter])).rowCount === 1;
    },
    begin: async (row, signal) => {
      const at = checkpointColumns(row.start);
      const values = [group, row.stream, at.checkpoint, at.checkpoint_sub, at.checkpoint_time, row.complete];
      const text = `insert into ${groups} (${COLUMNS.groups}) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`;
      await query(signal, text, values);
      return (await groupRow(signal)) ?? row;
    },
    complete: async (signal) => {
      await query(signal, `update ${groups} set complete = true where group_name = $1`, [group]);
    },
    beat: async ({ id, state }, signal) => {
      const text = `insert into ${workers} as w (${COLUMNS.workers}) values ($1, $2, 1, $3)
        on conflict (group_name, worker) do update set counter = w.counter + 1, state = $3`;
      await query(signal, text, [group, id, state]);
    },
    forget: async (id, counter, signal) => {
      const text = `delete from ${workers} where group_name = $1 and worker = $2 and counter = coalesce($3, counter)`;
      await query(signal, text, [group, id, counter ?? null]);
    },
    classify: (cause) => faultOf(cause, leases),
    close: async () => {},
    checkpointIn: (transaction, claim, at) => checkpointIn(leases, transaction, claim, at),
  };
}
