export type { PostgresLeases, PostgresOptions, PostgresPoolLike, PostgresTransactionLike } from "./options.ts";
export { leaseSchema } from "./schema.ts";
export { postgresLeases } from "./store.ts";
