import type { LeaseRow, LeaseStore } from "@switchyard/leases";

/** A lease store that reports each row as it is written, and the changes that other workers need to know. */
export function watched(store: LeaseStore, tell: { row(row: LeaseRow): void; changed(): void }): LeaseStore {
  return {
    ...store,
    insert: async (rows, signal) => {
      await store.insert(rows, signal);
      for (const row of (await store.load(signal)).leases) tell.row(row);
      tell.changed();
    },
    update: async (key, expect, change, signal) => {
      const updated = await store.update(key, expect, change, signal);
      if (updated.row !== undefined) tell.row(updated.row);
      if (updated.applied && [change.owner, change.handoverFrom, change.token].some((each) => each !== undefined))
        tell.changed();
      return updated;
    },
    beat: async (worker, signal) => {
      const before = (await store.load(signal)).workers.find(({ id }) => id === worker.id);
      await store.beat(worker, signal);
      if (before?.state !== worker.state) tell.changed();
    },
  };
}
