/** For stores of others too: the cases a lease store has to pass before the engine may rely on it. */
export { leaseStoreCases } from "./cases.ts";
export type { LeaseStoreCase, LeaseStoreHarness } from "./harness.ts";
