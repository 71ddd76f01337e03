/** Where the groups of a connection keep their leases and checkpoints. */
import { parseDuration } from "@switchyard/core/driver-kit";
import type { Destination } from "@switchyard/core/driver";
import type { LeaseStore } from "@switchyard/leases";
import { z } from "zod";

const duration = (min: string, max: string) =>
  z.union([z.string(), z.number()]).refine(
    (value) => {
      const ms = parseDuration(value);
      return ms !== undefined && ms >= parseDuration(min)! && ms <= parseDuration(max)!;
    },
    { error: `must be a duration from ${min} to ${max}` },
  );

/** Milliseconds; undefined where it was not said. */
export const asMs = (value: string | number | undefined): number | undefined =>
  value === undefined ? undefined : parseDuration(value);

const timing = {
  /**
   * A lease not renewed for so long is anybody's: how long the shards of a crashed worker wait. A third as often each held
   * shard is written to the table. Default 30s.
   */
  duration: duration("1s", "10m").optional(),
  /** How long an asked worker may take to finish before a shard is handed over all the same. Default 30s. */
  handover: duration("1s", "10m").optional(),
  /** How often shards are listed; their ends are acted on at once. Default 90s. */
  discover: duration("1s", "30m").optional(),
};

const pool = z.custom<PostgresPool>((value) => typeof (value as PostgresPool | null)?.query === "function", {
  error: "must be a Pool of pg; it can be given in code only",
});
export interface PostgresPool {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[]; readonly rowCount: number | null }>;
}

/** Makes a group's store; its own, which the driver closes. */
export type LeaseStoreFactory = (group: Destination) => LeaseStore;
const factory = z.custom<LeaseStoreFactory>((value) => typeof value === "function", {
  error: "must be a function (group) => LeaseStore; it can be given in code only",
});

export const leaseOptions = z.discriminatedUnion(
  "store",
  [
    z.strictObject({
      /** One table a group, named as the group: `prefix_channel_group`. In the connection's region and account unless said otherwise. */
      store: z.literal("dynamodb"),
      region: z.string().min(1).optional(),
      /** Of the DynamoDB API; default: as the SDK finds it, never the connection's, which is of Kinesis. */
      endpoint: z.string().optional(),
      /** Takes the place of the group's name, for the table of a stopped KCL application. */
      table: z.string().min(3).optional(),
      ...timing,
    }),
    z.strictObject({
      /** All groups in one table of a database. */
      store: z.literal("postgres"),
      pool,
      /** Default `switchyard_leases`; may be `schema.table`. */
      table: z.string().min(1).optional(),
      ...timing,
    }),
    z.strictObject({
      /** In this process only: for tests, and for a worker that is alone and may read everything again. */
      store: z.literal("memory"),
      /** Connections that name the same share it. Default: this connection's own. */
      name: z.string().min(1).optional(),
      ...timing,
    }),
    z.strictObject({ store: z.literal("custom"), create: factory, ...timing }),
  ],
  { error: 'must be one of "dynamodb", "postgres", "memory", "custom"' },
);

export type LeaseOptions = z.output<typeof leaseOptions>;

export const DEFAULT_LEASES: LeaseOptions = { store: "dynamodb" };
