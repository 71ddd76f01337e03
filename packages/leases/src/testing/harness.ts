import type { Runtime } from "@switchyard/core/driver";
import type { LeaseStore } from "../store.ts";

/** What the cases need of a store. To use it: ```for (const { name, run } of leaseStoreCases) test(name, () => run(harness));``` */
export interface LeaseStoreHarness {
  readonly runtime: Runtime;
  /**
   * Opens a store on the table of that name, for the group of that name. The first call creates an empty table. Later calls with the same
   * name open the same table, as another process would.
   */
  open(table: string): Promise<LeaseStore>;
  /** Opens a store whose table does not exist. Absent: a table cannot be missing with this store, and the case is left out. */
  missing?(): Promise<LeaseStore>;
  /** Opens a store whose table is not a lease table. Absent: the case is left out. */
  foreign?(): Promise<LeaseStore>;
}

/** One case of the lease store suite. */
export interface LeaseStoreCase {
  /** What the engine relies on, as a sentence. */
  readonly name: string;
  run(harness: LeaseStoreHarness): Promise<void>;
}
