import type { SqsOptions } from "@switchyard/sqs";
import { endpointProblem, sqsOptions } from "@switchyard/sqs/kit";
import * as z from "zod";
import type { SnsClientLike } from "./sdk.ts";

const client = z.custom<SnsClientLike>((value) => typeof (value as SnsClientLike | null)?.send === "function", {
  error: "must be an SNSClient of @aws-sdk/client-sns; it can be given in code only",
});

const kmsClient = z.custom<SnsClientLike>((value) => typeof (value as SnsClientLike | null)?.send === "function", {
  error: "must be a KMSClient of @aws-sdk/client-kms; it can be given in code only",
});

/** The options of `sqs`, whose queues carry a topic's messages to the groups, and those that only topics need. */
export const snsOptions = sqsOptions
  .safeExtend({
    /** The URL of the SNS API, if it differs from `endpoint`. `http:` is allowed only to this machine unless `allowInsecure`. */
    snsEndpoint: z.string().optional(),
    /** In code only. Must have `maxAttempts: 1`. */
    snsClient: client.optional(),
    /** In code only. `apply()` uses it to let SNS use the KMS keys of queues. */
    kmsClient: kmsClient.optional(),
  })
  .superRefine((options, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (options.snsEndpoint === undefined) return;
    const problem = endpointProblem(options.snsEndpoint, options.allowInsecure === true);
    if (problem !== undefined) refuse("snsEndpoint", problem);
    if (options.snsClient !== undefined)
      refuse("snsEndpoint", "cannot be combined with `snsClient`; set it on the client");
  });

/** The options of an SNS connection: those of SQS, and those that only topics need. */
export type SnsOptions = z.output<typeof snsOptions>;

/** The options that are for the queues. */
export function queueOptions({
  snsEndpoint: _endpoint,
  snsClient: _client,
  kmsClient: _kms,
  ...options
}: SnsOptions): SqsOptions {
  return options;
}
