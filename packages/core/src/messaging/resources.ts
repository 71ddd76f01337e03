/** `resources()`: what deployment tools must make, from the configuration alone. */
import type { Resource } from "../driver/index.ts";
import type { Explanation } from "../api/explanation.ts";
import { destinationsOf, type PlanOptions, resolvedOf } from "./provision.ts";

/** The resources of one connection. */
export interface ConnectionResources {
  /** The name of the connection's adapter, such as `sqs`. */
  readonly adapter: string;
  readonly resources: readonly Resource[];
  /** What cannot be told without asking the broker, or must be made by hand. */
  readonly notes: readonly string[];
}

/** What `resources()` returns: plain data. */
export interface PlannedResources {
  /** By connection. One that needs nothing is absent. */
  readonly connections: Readonly<Record<string, ConnectionResources>>;
  readonly explanation: Explanation;
}

/** See {@link import("./deploy.ts").resources}. */
export async function resources(options: PlanOptions): Promise<PlannedResources> {
  const plan = await resolvedOf(options);
  const connections: Record<string, ConnectionResources> = {};
  for (const { name, adapter, options: its } of Object.values(plan.connections)) {
    const destinations = destinationsOf(plan, name);
    if (destinations.length === 0) continue;
    const lister = await adapter.resources?.(its);
    const found = lister?.list(destinations) ?? {
      resources: [],
      notes: [`"${name}" (${adapter.name}) does not list its resources; write them by hand`],
    };
    if (found.resources.length + found.notes.length > 0) connections[name] = { adapter: adapter.name, ...found };
  }
  return { connections, explanation: plan.explanation };
}
