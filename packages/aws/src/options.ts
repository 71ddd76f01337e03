import type { SnsOptions } from "@switchyard/sns";

/** Region, endpoint, profile and accounts are the same for every service of AWS. */
export type AwsOptions = SnsOptions;
