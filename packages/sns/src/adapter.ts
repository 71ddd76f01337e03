import { placeText } from "@switchyard/aws-kit";
import type { Adapter, Destination, Located } from "@switchyard/core/driver";
import { adapter as sqs } from "@switchyard/sqs";
import { locateTopic, queueOf } from "./names.ts";
import { declared } from "./capabilities.ts";
import { nativeProblems } from "./native.ts";
import { type SnsOptions, snsOptions } from "./options.ts";

/** The needs that pub/sub on SNS can meet. FIFO topics and queues, which ordered channels get, have no fair queuing. */
export type SnsKeeps = { pubsub: "ordering" | "fairness" };

/** Amazon SNS: a topic, and one SQS queue for each group; FIFO where an ordering key is declared. */
export const adapter: Adapter<SnsOptions, SnsKeeps> = {
  name: "sns",
  options: snsOptions,
  capabilities: (of) => declared(of),
  locate: (of) => locate(of),
  nativeProblems: (of) => nativeProblems(of),
  place: (options) => placeText(options),
  open: async (options, runtime, report) => {
    const { connect } = await import("./connection.ts");
    return connect(options, runtime, report);
  },
  topology: async (options) => {
    const { createTopology } = await import("./topology/index.ts");
    return createTopology(options);
  },
  resources: async () => (await import("./topology/resources.ts")).topicResources,
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};

/** A group is located at its queue. A problem with the topic it subscribes to is a problem of the group as well. */
function locate(of: Destination): Located {
  if (of.model === "pubsub" && of.group === undefined) return locateTopic(of);
  const queue = sqs.locate(queueOf(of), {});
  if (of.model !== "pubsub" || queue.problem !== undefined) return queue;
  const { problem } = locateTopic(of);
  return problem === undefined ? queue : { ...queue, problem };
}
