import type { Runtime } from "@switchyard/core/driver";
import type { LeaseStore } from "../store.ts";

/** ```for (const { name, run } of leaseStoreCases) test(name, () => run(harness));``` */
export interface LeaseStoreHarness {
  readonly runtime: Runtime;
  /**
   * A store on a table of that name, made and empty at first, for the group of that name; again: another process's view of
   * the same table.
   */
  open(table: string): Promise<LeaseStore>;
  /** A store whose table was never made; undefined: no such thing here. */
  missing?(): Promise<LeaseStore>;
  /** A store whose table is something else entirely. */
  foreign?(): Promise<LeaseStore>;
}

/** One case of the lease store suite. */
export interface LeaseStoreCase {
  /** What the engine relies on. */
  readonly name: string;
  run(harness: LeaseStoreHarness): Promise<void>;
}
