import type { Destination, Runtime, Topology, TopologyPlan } from "@switchyard/core/driver";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sns } from "@switchyard/sns";
import { type AwsOptions, queueOptions, streamOptions } from "./options.ts";

interface State {
  readonly queues: TopologyPlan;
  readonly streams: TopologyPlan | undefined;
}

/** Applies queues and topics first, then streams, whose dead letters go to queues. */
export async function createTopology(options: AwsOptions, runtime: Runtime): Promise<Topology> {
  const queues = await sns.topology!(queueOptions(options), runtime);
  let opened: Promise<Topology> | undefined;
  /** Undefined: there are no streams, so their SDK need not be installed. */
  const toStreams = (of: readonly Destination[]): Promise<Topology> | undefined =>
    of.length === 0 ? undefined : (opened ??= kinesis.topology!(streamOptions(options), runtime));

  return {
    async plan(destinations, signal) {
      const { others, streams } = split(destinations);
      const state: State = {
        queues: await queues.plan(others, signal),
        streams: await (await toStreams(streams))?.plan(streams, signal),
      };
      return { changes: [...state.queues.changes, ...(state.streams?.changes ?? [])], state };
    },
    async apply(plan, signal, how) {
      const { queues: first, streams } = plan.state as State;
      await queues.apply(first, signal, how);
      if (streams !== undefined)
        await (await (opened ??= kinesis.topology!(streamOptions(options), runtime))).apply(streams, signal, how);
    },
    async destroy(destinations, signal) {
      const { others, streams } = split(destinations);
      await (await toStreams(streams))?.destroy?.(streams, signal);
      await queues.destroy?.(others, signal);
    },
    close: async () => {
      await queues.close();
      await (await opened)?.close();
    },
  };
}

/** A stream's dead letters are queues. */
export function split(destinations: readonly Destination[]) {
  const streams = destinations.filter(({ model }) => model === "stream");
  const others = destinations.filter(({ model }) => model !== "stream");
  return { streams, others: [...others, ...streams.flatMap(({ deadLetter }) => deadLetter ?? [])] };
}
