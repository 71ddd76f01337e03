import type { SqsOptions } from "@switchyard/sqs";

/** Region, endpoint, profile and accounts are the same for every service of AWS. */
export type AwsOptions = SqsOptions;
