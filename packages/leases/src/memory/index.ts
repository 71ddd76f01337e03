import { isMessagingError } from "@switchyard/core/driver-kit";
import type { LeaseRow, LeaseStore } from "../store.ts";
import { aborted, changed, holds, tableOf } from "./table.ts";

/** Leases in this process. Stores of one name share their rows; without a name a store is its own. */
export function memoryLeases(name?: string): LeaseStore {
  const table = tableOf(name);
  const check = (signal: AbortSignal) => {
    if (signal.aborted) throw aborted();
  };
  return {
    name: name === undefined ? "leases in memory" : `leases in memory, ${name}`,
    open: async (signal) => check(signal),
    load: async (signal) => {
      check(signal);
      return { group: table.group, leases: [...table.leases.values()], workers: [...table.workers.values()] };
    },
    get: async (key, signal) => {
      check(signal);
      return table.leases.get(key);
    },
    insert: async (rows, signal) => {
      check(signal);
      for (const row of rows) {
        const fresh: LeaseRow = { ...row, counter: 0, tenures: 0, children: [] };
        if (!table.leases.has(row.key)) table.leases.set(row.key, fresh);
      }
    },
    update: async (key, expect, change, signal) => {
      check(signal);
      const row = table.leases.get(key);
      if (row === undefined || !holds(row, expect)) return { applied: false, row };
      const next = changed(row, change);
      table.leases.set(key, next);
      return { applied: true, row: next };
    },
    remove: async (key, counter, signal) => {
      check(signal);
      return table.leases.get(key)?.counter === counter && table.leases.delete(key);
    },
    begin: async (group, signal) => {
      check(signal);
      table.group ??= group;
      return table.group;
    },
    complete: async (signal) => {
      check(signal);
      if (table.group !== undefined) table.group = { ...table.group, complete: true };
    },
    beat: async ({ id, state }, signal) => {
      check(signal);
      table.workers.set(id, { id, state, counter: (table.workers.get(id)?.counter ?? 0) + 1 });
    },
    forget: async (id, counter, signal) => {
      check(signal);
      if (counter === undefined || table.workers.get(id)?.counter === counter) table.workers.delete(id);
    },
    classify: (cause) => ({ kind: "retryable", code: isMessagingError(cause) ? cause.code : "failed" }),
    close: async () => {},
  };
}
