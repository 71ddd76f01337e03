/** Where the groups of a connection keep their leases and checkpoints. */
import { parseDuration } from "@switchyard/core/driver-kit";
import type { Destination } from "@switchyard/core/driver";
import type { LeaseStore } from "@switchyard/leases";
import * as z from "zod";

const duration = (min: string, max: string) =>
  z.union([z.string(), z.number()]).refine(
    (value) => {
      const ms = parseDuration(value);
      return ms !== undefined && ms >= parseDuration(min)! && ms <= parseDuration(max)!;
    },
    { error: `must be a duration from ${min} to ${max}` },
  );

/** In milliseconds. Undefined: not set. */
export const asMs = (value: string | number | undefined): number | undefined =>
  value === undefined ? undefined : parseDuration(value);

const timing = {
  /**
   * A lease that is not renewed for this long may be taken by another worker. So the shards of a crashed worker wait this long. Each held
   * shard takes three writes to the table in this time. Default 30s.
   */
  duration: duration("1s", "10m").optional(),
  /** How long a worker that is asked for a shard may take to finish, before the shard is handed over anyway. Default 30s. */
  handover: duration("1s", "10m").optional(),
  /** How often shards are listed. The end of a shard is noticed at once, without a listing. Default 90s. */
  discover: duration("1s", "30m").optional(),
};

const pool = z.custom<PostgresPool>((value) => typeof (value as PostgresPool | null)?.query === "function", {
  error: "must be a Pool of pg; it can be given in code only",
});
export interface PostgresPool {
  query(text: string, values?: any[]): Promise<{ readonly rows: any[]; readonly rowCount: number | null }>;
}

/** Makes a group's store. Each group has its own, and the driver closes it. */
export type LeaseStoreFactory = (group: Destination) => LeaseStore;
const factory = z.custom<LeaseStoreFactory>((value) => typeof value === "function", {
  error: "must be a function (group) => LeaseStore; it can be given in code only",
});

export const leaseOptions = z.discriminatedUnion(
  "store",
  [
    z.strictObject({
      /** One table for each group, with the group's name: `prefix_channel_group`. It is in the connection's region and account by default. */
      store: z.literal("dynamodb"),
      /** The region of the table. Default: the connection's. */
      region: z.string().min(1).optional(),
      /** The URL of the DynamoDB API. Default: as the SDK finds it. The connection's endpoint, which is that of Kinesis, is not used. */
      endpoint: z.string().optional(),
      /** A table to use instead of the group's name: the table of a stopped KCL application. */
      table: z.string().min(3).optional(),
      ...timing,
    }),
    z.strictObject({
      /** All groups in one table of a database. */
      store: z.literal("postgres"),
      /** In code only: a `Pool` of `pg`, or anything with its `query`. */
      pool,
      /** The table, which may be `schema.table`. Default `switchyard_leases`. */
      table: z.string().min(1).optional(),
      ...timing,
    }),
    z.strictObject({
      /** In this process only: for tests, and for a single worker that may read everything again after a restart. */
      store: z.literal("memory"),
      /** Connections with the same name share the store. Default: this connection has its own. */
      name: z.string().min(1).optional(),
      ...timing,
    }),
    z.strictObject({
      /** In code only: a store of your own. */
      store: z.literal("custom"),
      /** In code only: `(group) => LeaseStore`. Each group has its own store, and the driver closes it. */
      create: factory,
      ...timing,
    }),
  ],
  { error: 'must be one of "dynamodb", "postgres", "memory", "custom"' },
);

/** Where groups keep their leases and checkpoints, and how long leases last. */
export type LeaseOptions = z.output<typeof leaseOptions>;

export const DEFAULT_LEASES: LeaseOptions = { store: "dynamodb" };
