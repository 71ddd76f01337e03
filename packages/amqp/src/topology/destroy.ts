import type { Destination } from "@switchyard/core/driver";
import type { ResolvedOptions } from "../options.ts";
import type { AmqpChannel } from "../sdk.ts";
import { desiredFor, mapLimited, type Probe } from "./context.ts";
import type { DesiredExchange, DesiredQueue } from "./resources.ts";

/** Deletes what belongs to these destinations alone. Resources given by address stay, and so do delay queues, which channels share. */
export async function destroyTopology(
  destinations: readonly Destination[],
  options: ResolvedOptions,
  probe: Probe,
): Promise<void> {
  const desired = desiredFor(destinations, options, true);
  const shared = new Set(desired.exchanges.filter((of) => of.shared === true).map(({ name }) => name));
  const marks = desired.marks.filter(({ bindings }) => bindings.every(({ from }) => !shared.has(from)));
  const ours = [...desired.queues, ...desired.exchanges, ...marks].filter((of) => !of.external && of.shared !== true);
  await mapLimited(ours, (of) => probe((channel) => remove(channel, of)));
}

/** Deletes a queue or an exchange. It is not an error if there is none. */
export async function remove(channel: AmqpChannel, of: DesiredQueue | DesiredExchange): Promise<unknown> {
  return of.kind === "queue" ? channel.deleteQueue(of.name) : channel.deleteExchange(of.name);
}
