import type { Adapter, Destination } from "@switchyard/core/driver";
import { adapter as kinesis, type KinesisKeeps } from "@switchyard/kinesis";
import { adapter as sqs, type SqsKeeps } from "@switchyard/sqs";
import { connect } from "./connection.ts";
import { type AwsOptions, awsOptions, queueOptions, streamOptions } from "./options.ts";
import { createTopology } from "./topology.ts";

/** What AWS keeps, model by model. */
export type AwsKeeps = { queue: SqsKeeps["queue"]; stream: KinesisKeeps["stream"] };

type Parts = Pick<Adapter<AwsOptions>, "name" | "capabilities" | "locate" | "nativeProblems">;

const queues: Parts = {
  name: sqs.name,
  capabilities: (of, options) => sqs.capabilities(of, queueOptions(options)),
  locate: (of, options) => sqs.locate(of, queueOptions(options)),
  nativeProblems: (of, options) => sqs.nativeProblems?.(of, queueOptions(options)) ?? [],
};
const streams: Parts = {
  name: kinesis.name,
  capabilities: (of, options) => kinesis.capabilities(of, streamOptions(options)),
  locate: (of, options) => kinesis.locate(of, streamOptions(options)),
  nativeProblems: (of, options) => kinesis.nativeProblems?.(of, streamOptions(options)) ?? [],
};

/** The transport that carries a model; dead-letter queues are queues whatever they belong to. */
const serving = (of: Destination): Parts | undefined =>
  of.model === "queue" ? queues : of.model === "stream" ? streams : undefined;

/** AWS as one connection: queues on SQS, streams on Kinesis with their dead letters on SQS. Other models have no transport here yet. */
export const adapter: Adapter<AwsOptions, AwsKeeps> = {
  name: "aws",
  options: awsOptions,
  capabilities: (of, options) => serving(of)?.capabilities(of, options),
  locate: (of, options) => {
    const by = serving(of) ?? queues;
    return { ...by.locate(of, options), transport: by.name };
  },
  nativeProblems: (of, options) => serving(of)?.nativeProblems?.(of, options) ?? [],
  open: connect,
  topology: createTopology,
};
