import type { Adapter, Destination } from "@switchyard/core/driver";
import { adapter as sns, type SnsKeeps } from "@switchyard/sns";
import { adapter as sqs, type SqsKeeps } from "@switchyard/sqs";
import type { AwsOptions } from "./options.ts";

/** What AWS keeps, model by model. */
export type AwsKeeps = { queue: SqsKeeps["queue"]; pubsub: SnsKeeps["pubsub"] };

/** The transport that carries a model; dead-letter queues are queues whatever they belong to. */
const serving = (of: Destination): Adapter<AwsOptions> | undefined =>
  of.model === "queue" ? sqs : of.model === "pubsub" ? sns : undefined;

/**
 * AWS as one connection: queues on SQS, pub/sub on SNS. A topic's connection carries queues as well, so it is the one that is
 * opened; SNS's part of the SDK is loaded when a topic is first used. Streams have no transport here yet.
 */
export const adapter: Adapter<AwsOptions, AwsKeeps> = {
  name: "aws",
  options: sns.options,
  capabilities: (of, options) => serving(of)?.capabilities(of, options),
  locate: (of, options) => {
    const by = serving(of) ?? sqs;
    return { ...by.locate(of, options), transport: by.name };
  },
  nativeProblems: (of, options) => serving(of)?.nativeProblems?.(of, options) ?? [],
  open: (options, runtime, report) => sns.open(options, runtime, report),
  topology: (options, runtime) => sns.topology!(options, runtime),
};
