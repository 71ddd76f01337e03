import { type ClientLike, trustedHostProblem } from "@switchyard/aws-kit";
import * as z from "zod";
import type { SqsClientLike } from "./sdk.ts";
import { endpointProblem } from "./endpoint.ts";

const client = z.custom<SqsClientLike>((value) => typeof (value as SqsClientLike | null)?.send === "function", {
  error: "must be an SQSClient of @aws-sdk/client-sqs; it can be given in code only",
});

const cloudWatchClient = z.custom<ClientLike>((value) => typeof (value as ClientLike | null)?.send === "function", {
  error: "must be a CloudWatchClient of @aws-sdk/client-cloudwatch; it can be given in code only",
});

/**
 * The options of a connection, besides `use`. All are optional: region, endpoint, profile and credentials come from the standard
 * environment of the AWS SDK (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_PROFILE`, roles).
 */
export const sqsOptions = z
  .strictObject({
    /** The AWS region. Default: as the SDK finds it (`AWS_REGION`, the profile). */
    region: z.string().min(1).optional(),
    /** The URL of the SQS API. `http:` is allowed only to this machine unless `allowInsecure`. */
    endpoint: z.string().optional(),
    /** The account that owns the queues that are given by name. Default: the caller's. */
    accountId: z
      .string()
      .regex(/^\d{12}$/, "must be the 12 digits of an AWS account, in quotes")
      .optional(),
    /** A profile of the shared configuration files. */
    profile: z.string().min(1).optional(),
    /**
     * More hosts of queue URLs, for a partition of AWS that this version does not know. Https only. An entry is one whole host
     * (`sqs.example.cloud`), or a partition's suffix with a leading dot (`.example.cloud`), which adds SQS's hosts of the endpoint's region
     * under it. Requests signed with your credentials go there. Default: none.
     */
    trustedHosts: z.array(z.string()).optional(),
    /** Whether plain `http:` to another machine is allowed. Default false. */
    allowInsecure: z.boolean().optional(),
    /**
     * Whether to use our patches of the SDK's client and our codecs for message bodies (`src/fast`). False is slower. Use it to find out
     * whether a new version of the SDK is incompatible with them. Default true. A client given in code is never patched.
     */
    fast: z.boolean().optional(),
    /**
     * Whether `depth()` asks CloudWatch for the age of the oldest message, which SQS does not tell. It is some minutes late: `oldestAsOf` says of
     * when it is. One call for each queue and minute, which AWS bills. Needs `@aws-sdk/client-cloudwatch` and the right
     * `cloudwatch:GetMetricStatistics`. Default false.
     */
    cloudWatch: z.boolean().optional(),
    /** In code only: used for CloudWatch, and turns `cloudWatch` on. */
    cloudWatchClient: cloudWatchClient.optional(),
    /** In code only: used for every call, and for polls unless `receiveClient` is given. Must have `maxAttempts: 1`. */
    client: client.optional(),
    /** In code only: used for polls, so that they take no sockets from sends. Must have `maxAttempts: 1`. */
    receiveClient: client.optional(),
  })
  .superRefine((options, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (options.endpoint !== undefined) {
      const problem = endpointProblem(options.endpoint, options.allowInsecure === true);
      if (problem !== undefined) refuse("endpoint", problem);
    }
    for (const [at, entry] of (options.trustedHosts ?? []).entries()) {
      const problem = trustedHostProblem(entry);
      if (problem !== undefined) context.addIssue({ code: "custom", path: ["trustedHosts", at], message: problem });
    }
    if (options.cloudWatch === true && options.client !== undefined && options.cloudWatchClient === undefined)
      refuse("cloudWatch", "with `client`, give `cloudWatchClient` too: credentials are the client's");
    if (options.client === undefined) {
      if (options.receiveClient !== undefined) refuse("receiveClient", "needs `client` too");
      return;
    }
    for (const key of ["region", "endpoint", "profile"] as const) {
      if (options[key] !== undefined) refuse(key, "cannot be combined with `client`; set it on the client");
    }
  });

/** The options of an SQS connection: see the reference of the configuration. */
export type SqsOptions = z.output<typeof sqsOptions>;
