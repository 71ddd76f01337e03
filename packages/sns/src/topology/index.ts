import type { Sdk } from "@switchyard/aws-kit";
import type { Destination, Topology, TopologyPlan } from "@switchyard/core/driver";
import { fromFault, isMessagingError } from "@switchyard/core/driver-kit";
import { loadSdk, openClients } from "@switchyard/sqs/kit";
import { createTopology as createQueueTopology } from "@switchyard/sqs/topology";
import { queueOf } from "../names.ts";
import { lazyClient, openClient } from "../client.ts";
import { classify } from "../errors.ts";
import { loadKmsSdk, openKms } from "./kms.ts";
import { queueOptions, type SnsOptions } from "../options.ts";
import { loadSnsSdk } from "../sdk.ts";
import { applyTopics, type PlannedTopic } from "./apply.ts";
import { desiredTopics } from "./desired.ts";
import { destroyTopics } from "./destroy.ts";
import { planTopics } from "./plan.ts";
import { QueueSources } from "./queue-sources.ts";
import type { TopologyContext } from "./context.ts";

interface State {
  readonly topics: readonly PlannedTopic[];
  readonly queues: TopologyPlan;
}

/** Topics, the queues and dead letters of their groups, the subscriptions between them, and the policies that let topics send. */
export async function createTopology(options: SnsOptions, loadKms: () => Promise<Sdk> = loadKmsSdk): Promise<Topology> {
  const sources = new QueueSources();
  const sdk = await loadSdk();
  const queues = await createQueueTopology(queueOptions(options), sdk, (of) => sources.of(of));
  const clients = await openClients(queueOptions(options), sdk);
  const client = lazyClient(async () => openClient(options, await loadSnsSdk()));
  const kms = lazyClient(async () => openKms(options, await loadKms()));
  const context = async (signal: AbortSignal): Promise<TopologyContext> => ({
    sns: await client.get(),
    kms: kms.get,
    queues,
    clients,
    sources,
    options: queueOptions(options),
    signal,
  });
  const queuesOf = (destinations: readonly Destination[]): readonly Destination[] =>
    destinations.filter((of) => of.model === "queue" || of.group !== undefined).map(queueOf);

  return {
    async plan(destinations, signal) {
      const desired = desiredTopics(destinations);
      const planned =
        desired.length === 0
          ? { changes: [], topics: [], after: [] }
          : await naming("plan", planTopics(desired, await context(signal)));
      const ofQueues = await queues.plan(queuesOf(destinations), signal);
      const state: State = { topics: planned.topics, queues: ofQueues };
      return { changes: [...planned.changes, ...ofQueues.changes, ...planned.after], state };
    },
    async apply(plan, signal, { destructive = false, applied } = {}) {
      const { topics, queues: ofQueues } = plan.state as State;
      const applying =
        topics.length === 0 ? undefined : applyTopics(topics, await context(signal), { destructive, applied });
      await naming("apply", applying?.topics() ?? Promise.resolve());
      await queues.apply(ofQueues, signal, { destructive, ...(applied === undefined ? {} : { applied }) });
      await naming("apply", applying?.keys() ?? Promise.resolve());
      await naming("apply", applying?.subscriptions() ?? Promise.resolve());
    },
    async destroy(destinations, signal) {
      const desired = desiredTopics(destinations);
      if (desired.length > 0) await naming("destroy", destroyTopics(desired, await context(signal)));
      await queues.destroy!(queuesOf(destinations), signal);
    },
    close: async () => {
      clients.close();
      await Promise.all([queues.close(), client.close(), kms.close()]);
    },
  };
}

/** No connection classifies the errors of topology, so that is done here. */
async function naming<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw isMessagingError(cause) ? cause : fromFault(classify(cause, "topology"), `sns: ${doing}`, cause, {});
  }
}
