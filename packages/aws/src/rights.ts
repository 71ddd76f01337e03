import type { Needed, Rights } from "@switchyard/core/driver";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sns } from "@switchyard/sns";
import { type AwsOptions, queueOptions, streamOptions } from "./options.ts";
import { split } from "./topology.ts";

/** The rights of the transport that serves a destination. The rights of queues are those of SNS's queues. */
export async function rightsOf(options: AwsOptions): Promise<Rights> {
  const queues = await sns.rights!(queueOptions(options));
  const streams = await kinesis.rights!(streamOptions(options));
  return {
    connection: (use, of, place, details) =>
      of.model === "stream" ? streams.connection(use, of, place) : queues.connection(use, of, place, details),
    topology(use, destinations, place) {
      const { others, streams: logs } = split(destinations);
      const both: Needed[] = [
        ...(others.length === 0 ? [] : [queues.topology(use, others, place)]),
        ...(logs.length === 0 ? [] : [streams.topology(use, logs, place)]),
      ];
      return {
        rights: both.flatMap(({ rights }) => rights),
        warnings: both.flatMap(({ warnings = [] }) => warnings),
      };
    },
    resources: (destinations, place) => queues.resources!(split(destinations).others, place),
  };
}
