import { configOf, lambdaCalls, mappingChanges, type Sdk, withErrorContext } from "@switchyard/aws-kit";
import type { Change, Topology, TopologyPlan } from "@switchyard/core/driver";
import { fromFault, isMessagingError } from "@switchyard/core/driver-kit";
import { chunks } from "../batches.ts";
import { openClients } from "../client.ts";
import { classify } from "../errors.ts";
import type { SqsOptions } from "../options.ts";
import { queueWords } from "../resource.ts";
import { applyQueue, type Planned } from "./apply.ts";
import { desiredQueues, type TopicsOf } from "./desired.ts";
import { findUrl, ignoreMissing, planQueue } from "./plan.ts";

/** Queues with their dead-letter queues and settings. It needs the rights to create and change queues, which services need not have. */
export async function createTopology(options: SqsOptions, sdk: Sdk, topicsOf?: TopicsOf): Promise<Topology> {
  const opened = await openClients(options, sdk);
  const lambda = lambdaCalls(options, "@switchyard/sqs");
  const clients = { ...opened, call: withErrorContext(opened.call, configOf(opened.client), queueWords) };

  return {
    async plan(destinations, signal) {
      const changes: Change[] = [];
      const state: Planned[] = [];
      for (const part of chunks(desiredQueues(destinations, topicsOf))) {
        const planned = await naming(
          "plan",
          Promise.all(part.map((desired) => planQueue(desired, options, clients, signal))),
        );
        for (const one of planned) {
          changes.push(...one.changes);
          if (one.arn !== undefined)
            changes.push(...(await naming("plan", mappingChanges(one.planned.of, one.arn, lambda.call, signal))));
          state.push(one.planned);
        }
      }
      return { changes, state };
    },
    async apply(plan: TopologyPlan, signal, { destructive = false, applied } = {}) {
      const planned = (plan.state ?? []) as readonly Planned[];
      const desired = new Map(
        desiredQueues(
          planned.map(({ of }) => of),
          topicsOf,
        ).map((queue) => [queue.name, queue]),
      );
      // In the plan's order: dead-letter queues first, because the others need their ARNs.
      for (const one of planned) {
        await naming(
          `apply "${one.name}"`,
          applyQueue(one, desired.get(one.name)!, { options, clients, signal, destructive }),
        );
        applied?.(one.name);
      }
    },
    async destroy(destinations, signal) {
      for (const { of, external } of [...desiredQueues(destinations)].reverse()) {
        if (external) continue;
        const url = await naming("destroy", findUrl(of, options, clients, signal));
        if (url !== undefined)
          await naming("destroy", clients.call("DeleteQueue", { QueueUrl: url }, signal).catch(ignoreMissing));
      }
    },
    close: async () => {
      lambda.close();
      clients.close();
    },
  };
}

/** No connection classifies the errors of topology, so that is done here. */
async function naming<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw isMessagingError(cause) ? cause : fromFault(classify(cause, "topology"), `sqs: ${doing}`, cause, {});
  }
}
