import type { Adapter, Destination } from "@switchyard/core/driver";
import { adapter as sqs, type SqsKeeps } from "@switchyard/sqs";
import type { AwsOptions } from "./options.ts";

/** What AWS keeps, model by model. */
export type AwsKeeps = { queue: SqsKeeps["queue"] };

/** The transport that carries a model; dead-letter queues are queues whatever they belong to. */
const serving = (of: Destination): Adapter<AwsOptions> | undefined => (of.model === "queue" ? sqs : undefined);

/** AWS as one connection: queues on SQS. Other models have no transport here yet, which `capabilities` says. */
export const adapter: Adapter<AwsOptions, AwsKeeps> = {
  name: "aws",
  options: sqs.options,
  capabilities: (of, options) => serving(of)?.capabilities(of, options),
  locate: (of, options) => {
    const by = serving(of) ?? sqs;
    return { ...by.locate(of, options), transport: by.name };
  },
  nativeProblems: (of, options) => serving(of)?.nativeProblems?.(of, options) ?? [],
  open: (options, runtime, report) => sqs.open(options, runtime, report),
  topology: (options, runtime) => sqs.topology!(options, runtime),
};
