import type { ClientLike } from "@switchyard/aws-kit";
import { originProblem, parseDuration } from "@switchyard/core/driver-kit";
import * as z from "zod";
import { DENIED_MS, MOST_PREFIX } from "./limits.ts";

/** `S3Client` of `@aws-sdk/client-s3` fits. */
export type S3ClientLike = ClientLike;

const client = z.custom<S3ClientLike>((value) => typeof (value as S3ClientLike | null)?.send === "function", {
  error: "must be an S3Client of @aws-sdk/client-s3; it can be given in code only",
});
const owner = z.string().regex(/^\d{12}$/, "must be the 12 digits of an AWS account, in quotes");
/** S3 user guide, "General purpose bucket naming rules". */
const bucket = z
  .string()
  .regex(
    /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    "must be a bucket's name: 3 to 63 small letters, digits, dots and dashes",
  );
/** Parts between slashes. None starts with a dot, so that none is `..`. */
const prefix = z
  .string()
  .max(MOST_PREFIX)
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
    "must be letters, digits, -, _ and dots, with single slashes between parts and none at the ends, such as p/28d",
  );
const duration = z
  .union([z.string(), z.number()])
  .refine((value) => parseDuration(value) !== undefined, "must be a duration, such as 15m")
  .transform((value) => parseDuration(value) as number);

/**
 * `claimCheck` of a channel, without `above`, which is core's. Settings of another store are allowed and have no effect, so that a
 * profile may change `store` alone.
 */
export const claimCheckOptions = z
  .strictObject({
    /** Where objects are: `s3`; `folder` for development; `memory` for tests. */
    store: z.enum(["s3", "folder", "memory"]),
    /** The bucket, which must exist. Required for `s3`. Default: `claims` on the other stores. On `memory`, stores of the same bucket share it. */
    bucket: bucket.optional(),
    /** What the keys of objects start with. The bucket's lifecycle rule is made for it. Required for `s3`. Default: `messages` on the other stores. */
    prefix: prefix.optional(),
    /** Required for `s3`: the 12 digits of the account that owns the bucket. S3 refuses every call if another account does. */
    owner: owner.optional(),
    /**
     * More that may be read: other buckets and prefixes, such as those of producers with Amazon's extended clients. Without `prefix`:
     * the whole bucket. An entry has the same owner unless it names another.
     */
    read: z.array(z.strictObject({ bucket, prefix: prefix.optional(), owner: owner.optional() })).optional(),
    /** The pointer that is written: of Amazon's current clients (`new`), or of version 1 of its Java client (`legacy`). Default `new`. Both are read. */
    interop: z.enum(["new", "legacy"]).optional(),
    /** How long a message waits whose object is refused, before it is dead-lettered. Default 15m. */
    wait: duration.optional(),
    /**
     * `s3`: for how long objects are kept at least. Default: as long as a message may still come. Needed where the broker keeps
     * messages without limit, as RabbitMQ does.
     */
    keep: duration.optional(),
    /** `folder`: the folder, relative to the configuration file. */
    folder: z.string().min(1).optional(),
    /** `s3`: the bucket's region. Default: as the SDK finds it (`AWS_REGION`, the profile). */
    region: z.string().min(1).optional(),
    /** `s3`: the URL of the S3 API. `http:` is allowed only to this machine unless `allowInsecure`. */
    endpoint: z.string().optional(),
    /** `s3`: a profile of the shared configuration files. */
    profile: z.string().min(1).optional(),
    /** `s3`: puts the bucket into the path of URLs, as some emulators need. Default: true if the endpoint is on this machine. */
    pathStyle: z.boolean().optional(),
    /** `s3`: allows plain `http:` to another machine. Default false. */
    allowInsecure: z.boolean().optional(),
    /** `s3`, in code only: used for every call. It may retry. */
    client: client.optional(),
  })
  .superRefine((options, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (options.store === "folder" && options.folder === undefined)
      refuse("folder", "missing; set it to a folder such as ./claims, relative to the configuration file");
    if (options.store !== "s3") return;
    if (options.bucket === undefined) refuse("bucket", "missing; set it to the name of an existing bucket");
    if (options.prefix === undefined)
      refuse("prefix", "missing; set it to what the keys of these messages are to start with, such as messages/28d");
    if (options.owner === undefined)
      refuse("owner", "missing; set it to the 12 digits of the account that owns the bucket, in quotes");
    if (options.endpoint !== undefined) {
      const problem = originProblem(
        options.endpoint,
        options.allowInsecure === true,
        "https://s3.eu-west-1.amazonaws.com",
      );
      if (problem !== undefined) refuse("endpoint", problem);
    }
    if (options.client === undefined) return;
    for (const key of ["region", "endpoint", "profile", "pathStyle"] as const)
      if (options[key] !== undefined) refuse(key, "cannot stand beside `client`; set it on the client");
  })
  .transform(({ bucket = "claims", prefix = "messages", interop = "new", wait = DENIED_MS, read = [], ...rest }) => ({
    ...rest,
    bucket,
    prefix,
    interop,
    wait,
    read,
  }));

/** `claimCheck` of a channel, without `above`: see the reference of the configuration. */
export type ClaimCheckOptions = z.output<typeof claimCheckOptions>;

/** What the client of S3 is made from. */
export type S3Options = Pick<
  ClaimCheckOptions,
  "region" | "endpoint" | "profile" | "pathStyle" | "allowInsecure" | "client"
>;
