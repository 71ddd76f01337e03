/** The cases that a lease store must pass before the engine can rely on it. They are for your own stores too. */
export { leaseStoreCases } from "./cases.ts";
export type { LeaseStoreCase, LeaseStoreHarness } from "./harness.ts";
