/** A private PostgreSQL as the tests start one: `fsync` is off, so what it costs is its work and not the disk's. */
import { type Postgres, startPostgres } from "../../../packages/leases/src/fixtures/postgres.ts";

let postgres: Postgres | undefined;
let closing: Promise<void> | undefined;
const close = (): void => {
  closing ??= (postgres?.stop() ?? Promise.resolve()).finally(() => process.exit(0));
};
process.on("disconnect", close);
process.on("SIGINT", close);
process.on("SIGTERM", close);
try {
  postgres = await startPostgres();
  process.send?.(postgres.url);
} catch (error) {
  process.send?.({ missing: `no PostgreSQL: ${error instanceof Error ? error.message : String(error)}` });
}
