/** For stores of others too: the cases a lease store has to pass before the engine may rely on it. */
export { type LeaseStoreCase, leaseStoreCases, type LeaseStoreHarness } from "./cases.ts";
