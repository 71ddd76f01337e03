import type { Runtime } from "@switchyard/core/driver";
import type { GroupIdentity, LeaseStore } from "../store.ts";

/** For stores of others too: `for (const { name, run } of leaseStoreCases) test(name, () => run(harness))`. */
export interface LeaseStoreHarness {
  readonly runtime: Runtime;
  /** A store on an empty table of its own; a second call with the same name is another process's view of the same table. */
  open(table: string): Promise<LeaseStore>;
  /** The same store as it is before its table was made. */
  missing(): Promise<LeaseStore>;
  /** A table made by something else entirely. */
  foreign(): Promise<LeaseStore | undefined>;
  readonly identity: GroupIdentity;
}

export interface LeaseStoreCase {
  readonly name: string;
  run(harness: LeaseStoreHarness): Promise<void>;
}

export const leaseStoreCases: readonly LeaseStoreCase[] = [];
