import { placeText } from "@switchyard/aws-kit";
import type { Adapter } from "@switchyard/core/driver";
import { locate } from "./names.ts";
import { explain } from "./explain.ts";
import { declared } from "./capabilities.ts";
import { nativeProblems } from "./native.ts";
import { type SqsOptions, sqsOptions } from "./options.ts";

/** The needs that a queue on SQS can meet. A FIFO queue, which ordered channels get, has neither delays per message nor fair queuing. */
export type SqsKeeps = { queue: "ordering" | "delay" | "fairness" };

/** Amazon SQS: standard queues, and FIFO queues where an ordering key is declared. */
export const adapter: Adapter<SqsOptions, SqsKeeps> = {
  name: "sqs",
  options: sqsOptions,
  capabilities: (of) => declared(of),
  locate: (of) => locate(of),
  nativeProblems: (of) => nativeProblems(of),
  explain: (of) => explain(of),
  place: (options) => placeText(options),
  open: async (options, runtime, report) => {
    const [{ loadSdk }, { connect }] = await Promise.all([import("./sdk.ts"), import("./connection.ts")]);
    return connect(options, await loadSdk(), runtime, report);
  },
  topology: async (options) => {
    const [{ loadSdk }, { createTopology }] = await Promise.all([import("./sdk.ts"), import("./topology/index.ts")]);
    return createTopology(options, await loadSdk());
  },
  resources: async () => (await import("./topology/resources.ts")).queueResources(),
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};
