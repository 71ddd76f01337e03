import type { AttemptRow, AttemptStore } from "../attempts.ts";

const named = new Map<string, Map<string, AttemptRow>>();

/** Rows in this process. Stores of one name share them. */
export function memoryAttempts(name: string): AttemptStore {
  const rows = named.get(name) ?? new Map<string, AttemptRow>();
  named.set(name, rows);
  return {
    load: async (shard) => rows.get(shard),
    save: async (shard, row) => {
      if (row === undefined) rows.delete(shard);
      else rows.set(shard, row);
    },
    close: async () => {},
  };
}
