export type { PostgresLeases, PostgresOptions, PostgresPoolLike, PostgresTransactionLike } from "./options.ts";
export { holdsLease } from "./holds-lease.ts";
export { leaseSchema } from "./schema.ts";
export { postgresLeases } from "./store.ts";
