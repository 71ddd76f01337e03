import { configOf, lambdaCalls, mappingChanges, type Sdk, withErrorContext } from "@switchyard/aws-kit";
import type { Change, Destination, Runtime, Topology, TopologyPlan } from "@switchyard/core/driver";
import { fromFault, isMessagingError } from "@switchyard/core/driver-kit";
import { openClients } from "../client.ts";
import { classify } from "../errors.ts";
import { SECOND } from "../limits.ts";
import { streamRef } from "../names.ts";
import type { KinesisOptions } from "../options.ts";
import { streamWords } from "../resource.ts";
import { applyStream, type PlannedStream } from "./apply.ts";
import { find, ignoring, patient } from "./context.ts";
import { desiredStreams } from "./desired.ts";
import { leaseTablesOf } from "./leases.ts";
import { planStream } from "./plan.ts";

interface State {
  readonly streams: readonly PlannedStream[];
  readonly leases: TopologyPlan;
}

/** Streams with their settings and consumers, and the groups' lease tables. It needs rights to create, which services need not have. */
export async function createTopology(options: KinesisOptions, sdk: Sdk, runtime: Runtime): Promise<Topology> {
  const clients = await openClients(options, sdk);
  const call = patient(withErrorContext(clients.call, configOf(clients.client), streamWords), runtime);
  const leases = await leaseTablesOf(options, runtime);
  const lambda = lambdaCalls(options, "@switchyard/kinesis");
  const mappings = async (of: Destination, signal: AbortSignal): Promise<readonly Change[]> => {
    if (of.runsOn === undefined) return [];
    const stream = await find(streamRef(of), { call, signal });
    return stream === undefined ? [] : mappingChanges(of, stream.arn, lambda.call, signal);
  };

  return {
    async plan(destinations, signal) {
      const found = await naming("plan", async () => {
        const streams = [];
        for (const desired of desiredStreams(destinations, options))
          streams.push(await planStream(desired, { call, runtime, signal }));
        const mapped = [];
        for (const of of destinations) mapped.push(...(await mappings(of, signal)));
        return { streams, mapped, leases: await leases.plan(destinations, signal) };
      });
      const state: State = { streams: found.streams.map(({ planned }) => planned), leases: found.leases };
      return {
        changes: [...found.streams.flatMap(({ changes }) => changes), ...found.leases.changes, ...found.mapped],
        state,
      };
    },
    async apply({ state }, signal, { destructive = false, applied } = {}) {
      const { streams, leases: tables } = (state as State | undefined) ?? { streams: [], leases: { changes: [] } };
      for (const planned of streams) {
        const { name } = planned.desired;
        await naming(`apply "${name}"`, () => applyStream(planned, destructive, { call, runtime, signal }));
        applied?.(name);
      }
      await naming("apply the lease tables", () => leases.apply(tables, signal));
    },
    async destroy(destinations, signal) {
      await naming("destroy", async () => {
        for (const { ref, external } of desiredStreams(destinations, options)) {
          if (external) continue;
          await ignoring(
            "ResourceNotFoundException",
            call("DeleteStream", { ...ref, EnforceConsumerDeletion: true }, signal),
          );
          for (let ms = 50; (await find(ref, { call, signal })) !== undefined; ms = Math.min(ms * 2, SECOND)) {
            signal.throwIfAborted();
            await runtime.sleep(ms, signal);
          }
        }
        await leases.destroy(destinations, signal);
      });
    },
    close: async () => {
      lambda.close();
      clients.close();
      await leases.close();
    },
  };
}

/** No connection classifies the errors of topology, so that is done here. */
async function naming<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw isMessagingError(cause) ? cause : fromFault(classify(cause, "topology"), `kinesis: ${doing}`, cause, {});
  }
}
