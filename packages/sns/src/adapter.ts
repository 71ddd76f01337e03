import type { Adapter, Destination, Located } from "@switchyard/core/driver";
import { adapter as sqs } from "@switchyard/sqs";
import { locateTopic, queueOf } from "./names.ts";
import { declared } from "./capabilities.ts";
import { nativeProblems } from "./native.ts";
import { type SnsOptions, snsOptions } from "./options.ts";

/** What pub/sub on SNS keeps; ordered channels take FIFO topics and queues, which have no fair queuing. */
export type SnsKeeps = { pubsub: "ordering" | "fairness" };

/** Amazon SNS: topics to one SQS queue per group; FIFO where an ordering key is declared. */
export const adapter: Adapter<SnsOptions, SnsKeeps> = {
  name: "sns",
  options: snsOptions,
  capabilities: (of) => declared(of),
  locate: (of) => locate(of),
  nativeProblems: (of) => nativeProblems(of),
  open: async (options, runtime, report) => {
    const { connect } = await import("./connection.ts");
    return connect(options, runtime, report);
  },
  topology: async (options) => {
    const { createTopology } = await import("./topology/index.ts");
    return createTopology(options);
  },
};

/** A group's place is its queue; where the topic it hangs on cannot be, that is told too. */
function locate(of: Destination): Located {
  if (of.model === "pubsub" && of.group === undefined) return locateTopic(of);
  const queue = sqs.locate(queueOf(of), {});
  if (of.model !== "pubsub" || queue.problem !== undefined) return queue;
  const { problem } = locateTopic(of);
  return problem === undefined ? queue : { ...queue, problem };
}
