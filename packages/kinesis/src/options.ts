import { originProblem } from "@switchyard/core/driver-kit";
import * as z from "zod";
import type { KinesisClientLike } from "./sdk.ts";
import { asMs, leaseOptions } from "./lease-options.ts";
import { IDLE_MS, READ_MS } from "./limits.ts";

export const EXAMPLE_ENDPOINT = "https://kinesis.eu-west-1.amazonaws.com";

const client = z.custom<KinesisClientLike>((value) => typeof (value as KinesisClientLike | null)?.send === "function", {
  error: "must be a KinesisClient of @aws-sdk/client-kinesis; it can be given in code only",
});

const pace = (least: number) =>
  z.union([z.string(), z.number()]).refine((value) => (asMs(value) ?? -1) >= least && (asMs(value) ?? 0) <= 10_000, {
    error: `must be a duration from ${least}ms to 10s`,
  });

/**
 * The options of a connection, besides `use`. All are optional: region, endpoint, profile and credentials come from the standard
 * environment of the AWS SDK (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_PROFILE`, roles).
 */
export const kinesisOptions = z
  .strictObject({
    /** The AWS region. Default: as the SDK finds it (`AWS_REGION`, the profile). */
    region: z.string().min(1).optional(),
    /** The URL of the Kinesis API. `http:` is allowed only to this machine unless `allowInsecure`. */
    endpoint: z.string().optional(),
    /** A profile of the shared configuration files. */
    profile: z.string().min(1).optional(),
    /** Allows plain `http:` to another machine. Default false. */
    allowInsecure: z.boolean().optional(),
    /**
     * Whether groups are read by enhanced fan-out, which gives each group its own 2 MB/s of each shard and is billed separately. A group's
     * `native.fanOut` overrides it. Default false.
     */
    fanOut: z.boolean().optional(),
    /** How often shards are read by groups without enhanced fan-out. */
    poll: z
      .strictObject({
        /**
         * The time between two reads of a shard that has more records, at most 10s. All groups that poll the stream share Kinesis's quota of 5
         * reads a second for each shard: with three groups, set 600ms. Default 200ms.
         */
        every: pace(0).optional(),
        /** The longest time between reads of an empty shard, at most 10s. Default 1s, or `every` where that is longer. */
        idle: pace(0).optional(),
      })
      .optional(),
    /** Where groups keep their leases and checkpoints. Default: a DynamoDB table for each group. */
    leases: leaseOptions.optional(),
    /**
     * Whether to use our patches of the SDK's client and our codecs for message bodies (`src/fast`). False is slower. Use it to find out
     * whether a new version of the SDK is incompatible with them. Default true. A client given in code is never patched.
     */
    fast: z.boolean().optional(),
    /** In code only: used for every call but SubscribeToShard, and for that too unless `subscribeClient` is given. Must have `maxAttempts: 1`. */
    client: client.optional(),
    /** In code only: used for SubscribeToShard, which needs HTTP/2. Must have `maxAttempts: 1`. */
    subscribeClient: client.optional(),
  })
  .superRefine((options, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (options.endpoint !== undefined) {
      const problem = originProblem(options.endpoint, options.allowInsecure === true, EXAMPLE_ENDPOINT);
      if (problem !== undefined) refuse("endpoint", problem);
    }
    if (options.client === undefined) {
      if (options.subscribeClient !== undefined) refuse("subscribeClient", "needs `client` too");
      return;
    }
    for (const key of ["region", "endpoint", "profile"] as const) {
      if (options[key] !== undefined) refuse(key, "cannot be combined with `client`; set it on the client");
    }
  });

/** The options of a Kinesis connection: see the reference of the configuration. */
export type KinesisOptions = z.output<typeof kinesisOptions>;

export interface Pace {
  readonly everyMs: number;
  readonly idleMs: number;
}

export function paceOf({ poll }: KinesisOptions): Pace {
  const everyMs = asMs(poll?.every) ?? READ_MS;
  return { everyMs, idleMs: Math.max(asMs(poll?.idle) ?? IDLE_MS, everyMs) };
}
