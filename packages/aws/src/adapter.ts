import type { Adapter, Destination } from "@switchyard/core/driver";
import { adapter as kinesis, type KinesisKeeps } from "@switchyard/kinesis";
import { adapter as sns, type SnsKeeps } from "@switchyard/sns";
import { adapter as sqs, type SqsKeeps } from "@switchyard/sqs";
import { connect } from "./connection.ts";
import { type AwsOptions, awsOptions, queueOptions, streamOptions } from "./options.ts";
import { createTopology } from "./topology.ts";

/** The needs that AWS can meet, by model. */
export type AwsKeeps = { queue: SqsKeeps["queue"]; pubsub: SnsKeeps["pubsub"]; stream: KinesisKeeps["stream"] };

type Parts = Pick<Adapter<AwsOptions>, "name" | "capabilities" | "locate" | "nativeProblems" | "explain">;

const queues: Parts = {
  name: sqs.name,
  capabilities: (of, options) => sqs.capabilities(of, queueOptions(options)),
  locate: (of, options) => sqs.locate(of, queueOptions(options)),
  nativeProblems: (of, options) => sqs.nativeProblems?.(of, queueOptions(options)) ?? [],
  explain: (of, options) => sqs.explain?.(of, queueOptions(options)) ?? [],
};
const topics: Parts = {
  name: sns.name,
  capabilities: (of, options) => sns.capabilities(of, queueOptions(options)),
  locate: (of, options) => sns.locate(of, queueOptions(options)),
  nativeProblems: (of, options) => sns.nativeProblems?.(of, queueOptions(options)) ?? [],
};
const streams: Parts = {
  name: kinesis.name,
  capabilities: (of, options) => kinesis.capabilities(of, streamOptions(options)),
  locate: (of, options) => kinesis.locate(of, streamOptions(options)),
  nativeProblems: (of, options) => kinesis.nativeProblems?.(of, streamOptions(options)) ?? [],
};

const BY_MODEL = { queue: queues, pubsub: topics, stream: streams } as const;

/** The transport of a model. The dead letters of every model are queues. */
const serving = (of: Destination): Parts => BY_MODEL[of.model];

/** AWS as one connection: queues on SQS, pub/sub on SNS, streams on Kinesis; dead letters on SQS. */
export const adapter: Adapter<AwsOptions, AwsKeeps> = {
  name: "aws",
  options: awsOptions,
  capabilities: (of, options) => serving(of).capabilities(of, options),
  locate: (of, options) => {
    const by = serving(of);
    return { ...by.locate(of, options), transport: by.name };
  },
  nativeProblems: (of, options) => serving(of).nativeProblems?.(of, options) ?? [],
  explain: (of, options) => serving(of).explain?.(of, options) ?? [],
  place: (options) => sqs.place!(queueOptions(options)),
  open: connect,
  topology: createTopology,
  resources: async (options) => (await import("./resources.ts")).resourcesOf(options),
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};
