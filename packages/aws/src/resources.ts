import type { Resources } from "@switchyard/core/driver";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sns } from "@switchyard/sns";
import { type AwsOptions, queueOptions, streamOptions } from "./options.ts";
import { split } from "./topology.ts";

/** The resources of the transport that serves a destination. Queues are those of SNS, which knows the topics that send to them. */
export async function resourcesOf(options: AwsOptions): Promise<Resources> {
  const queues = await sns.resources!(queueOptions(options));
  const streams = await kinesis.resources!(streamOptions(options));
  return {
    list(destinations) {
      const { others, streams: logs } = split(destinations);
      const both = [queues.list(others), streams.list(logs)];
      return { resources: both.flatMap(({ resources }) => resources), notes: both.flatMap(({ notes }) => notes) };
    },
  };
}
