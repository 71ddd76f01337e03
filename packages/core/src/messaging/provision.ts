/**
 * Plans and applies topology. `plan()` and `apply()` are for a deployment step whose role may create resources. `provision()` is what
 * `connect()` does. Publishing and consuming never create anything.
 */
import type { AnyChannel } from "../api/channel.ts";
import type { Imports } from "../api/imports.ts";
import type { Consumer } from "../api/consumer.ts";
import type { NamedPlace } from "../api/place.ts";
import type { Adapter, Destination, Fault, Runtime, Topology, TopologyPlan } from "../driver/index.ts";
import { fromFault, isMessagingError, MessagingError } from "../api/errors.ts";
import { guarded } from "../base/guarded.ts";
import type { ConnectionPlan, Plan } from "../plan/plan.ts";
import type { Explanation } from "../api/explanation.ts";
import type { ChannelShape, ConsumerShape } from "../api/shapes.ts";
import { retried } from "./retried.ts";
import { systemRuntime } from "../runtime/system-runtime.ts";
import type { Change } from "../driver/topology.ts";
import type { ClaimTopology, Extension } from "../pipeline/extension.ts";
import type { ClaimStore } from "./claim-topology.ts";

/** The options of `plan()`. */
export interface PlanOptions {
  /** The channels to plan. A channel that the current profile leaves out is skipped if the base or another profile lists it. */
  readonly channels: readonly AnyChannel[];
  /**
   * The consumers, whose handled types become broker filters if the configuration asks for them. A group that the current profile
   * leaves out is skipped, so one script may pass the consumers of all profiles. A group listed nowhere is refused.
   */
  readonly consumers?: readonly Consumer<any>[];
  /** The service's name, used in the explanation only. Default `plan`. */
  readonly service?: string;
  /** As for `connect()`. */
  readonly config?: string | object;
  readonly profile?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly imports?: Imports;
  readonly adapters?: readonly Adapter[];
  readonly extensions?: readonly Extension[];
  readonly runtime?: Runtime;
  readonly signal?: AbortSignal;
}

/** The options of `apply()`. */
export interface ApplyPlanOptions {
  /** Also changes that may lose messages or settings made by hand. Default false. */
  readonly destructive?: boolean;
  readonly signal?: AbortSignal;
  /** Is told how many of the changes are made. If it throws, that is only printed. */
  readonly progress?: (step: { readonly done: number; readonly total: number }) => void;
}

/** The changes to make, for review by a person. Plain data; what only `apply()` needs is not enumerable. */
export interface PlannedTopology {
  /**
   * The changes by connection, and those of claim stores by the place of their settings: `channels.orders.claimCheck`. What has no
   * changes is absent. `apply()` skips `destructive` changes by default.
   */
  readonly changes: Readonly<Record<string, readonly Change[]>>;
  readonly explanation: Explanation;
}

interface Hidden {
  readonly plan: Plan;
  readonly runtime: Runtime;
  readonly topologies: Readonly<Record<string, TopologyPlan>>;
  readonly claims: readonly { readonly store: ClaimStore; readonly planned: TopologyPlan }[];
}

const HIDDEN = "~switchyard-planned";

export async function resolvedOf({ service = "plan", ...options }: PlanOptions): Promise<Plan> {
  const { resolvePlan } = await import("../config/index.ts");
  const channels = options.channels as unknown as readonly ChannelShape[];
  const consumers = (options.consumers ?? []) as unknown as readonly ConsumerShape[];
  return resolvePlan({ ...options, service, channels, consumers, everyProfile: true });
}

/** See {@link import("./deploy.ts").explain}. */
export async function explain(options: PlanOptions): Promise<Explanation> {
  return (await resolvedOf(options)).explanation;
}

/** See {@link import("./deploy.ts").plan}. */
export async function plan(options: PlanOptions): Promise<PlannedTopology> {
  const { runtime = systemRuntime, signal = new AbortController().signal } = options;
  const resolved = await resolvedOf(options);
  const changes: Record<string, readonly Change[]> = {};
  const topologies: Record<string, TopologyPlan> = {};
  for (const connection of Object.values(resolved.connections)) {
    const planned = await withTopology(connection, runtime, signal, (topology) =>
      topology.plan(destinationsOf(resolved, connection.name), signal),
    );
    if (planned === undefined) continue;
    topologies[connection.name] = planned;
    if (planned.changes.length > 0) changes[connection.name] = planned.changes;
  }
  const claims = [];
  for (const { store, within } of await claimStoresOf(resolved, runtime)) {
    const planned = await within((topology) => topology.plan(store.uses, signal));
    claims.push({ store, planned });
    if (planned.changes.length > 0) changes[store.name] = planned.changes;
  }
  const hidden: Hidden = { plan: resolved, runtime, topologies, claims };
  return Object.defineProperty({ changes, explanation: resolved.explanation }, HIDDEN, { value: hidden });
}

/** See {@link import("./deploy.ts").apply}. */
export async function apply(planned: PlannedTopology, options: ApplyPlanOptions = {}): Promise<void> {
  const hidden = hiddenOf(planned, "apply");
  const { signal = new AbortController().signal, destructive = false, progress } = options;
  const steps = new Steps(Object.values(planned.changes).flat(), destructive, progress);
  for (const [name, topologyPlan] of Object.entries(hidden.topologies)) {
    await withTopology(hidden.plan.connections[name]!, hidden.runtime, signal, (topology) =>
      topology.apply(topologyPlan, signal, { destructive, applied: (resource) => steps.applied(resource) }),
    );
    for (const change of topologyPlan.changes) steps.applied(change.name);
  }
  for (const { store, planned: claimPlan } of hidden.claims) {
    const { withClaimTopology } = await import("./claim-topology.ts");
    await withClaimTopology(hidden.plan, store, hidden.runtime, (topology) => topology.apply(claimPlan, signal));
    for (const change of claimPlan.changes) steps.applied(change.name);
  }
}

/** How many of the changes are made. A topology that is tried again tells of some twice. */
class Steps {
  /** By resource, those that are not made. */
  readonly #left = new Map<string, number>();
  readonly #progress: ApplyPlanOptions["progress"];
  readonly #total: number;
  #done = 0;

  constructor(changes: readonly Change[], destructive: boolean, progress: ApplyPlanOptions["progress"]) {
    const made = changes.filter(({ action }) => action !== "drift" && (destructive || action !== "destructive"));
    for (const { name } of made) this.#left.set(name, (this.#left.get(name) ?? 0) + 1);
    this.#total = made.length;
    // One that throws must not leave the rest unmade.
    this.#progress = progress && guarded("progress", progress);
  }

  applied(name: string): void {
    const count = this.#left.get(name);
    if (count === undefined) return;
    this.#left.delete(name);
    this.#done += count;
    this.#progress?.({ done: this.#done, total: this.#total });
  }
}

/** See {@link import("./deploy.ts").places}. */
export async function places(
  planned: PlannedTopology,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly NamedPlace[]> {
  const { plan: resolved, runtime, topologies } = hiddenOf(planned, "places");
  const { planPlaces } = await import("./places.ts");
  const found = await Promise.all(
    Object.keys(topologies).map((name) => {
      const connection = resolved.connections[name]!;
      return planPlaces({ connection, destinations: destinationsOf(resolved, name) }, runtime, signal);
    }),
  );
  return found.flat();
}

/** @throws MessagingError `not-a-plan`. */
function hiddenOf(planned: PlannedTopology, caller: string): Hidden {
  const hidden = (planned as { readonly [HIDDEN]?: Hidden })[HIDDEN];
  if (hidden !== undefined) return hidden;
  const text = `${caller}() needs the value that plan() returned, not a copy of it`;
  throw new MessagingError("not-a-plan", text, { kind: "config" });
}

interface OpenableStore {
  readonly store: ClaimStore;
  /** Opens its topology while `run` runs. */
  within<T>(run: (topology: ClaimTopology) => Promise<T>): Promise<T>;
}

/** The claim stores. Nothing is loaded if there are none. */
async function claimStoresOf(resolved: Plan, runtime: Runtime): Promise<readonly OpenableStore[]> {
  if (!Object.values(resolved.channels).some(({ content }) => content?.claimCheck !== undefined)) return [];
  const { claimStores, withClaimTopology } = await import("./claim-topology.ts");
  return claimStores(resolved).map((store) => ({
    store,
    within: (run) => withClaimTopology(resolved, store, runtime, run),
  }));
}

/**
 * What `connect()` does before it opens a connection. `auto` plans and applies, but refuses destructive changes. `verify` refuses any
 * difference except drift. `off` does nothing.
 */
export async function provision(resolved: Plan, runtime: Runtime, signal: AbortSignal): Promise<void> {
  const wanted = Object.values(resolved.connections).filter((connection) => connection.provision !== "off");
  await Promise.all(wanted.map((connection) => provisionOne(resolved, connection, runtime, signal)));
  // One after the other: stores may share a bucket, whose rules are replaced together.
  for (const { store, within } of await claimStoresOf(resolved, runtime)) {
    if (store.provision === "off") continue;
    await within(async (topology) => {
      const planned = await topology.plan(store.uses, signal);
      refuseUnwanted(store.name, store.provision, planned.changes);
      if (planned.changes.length > 0) await topology.apply(planned, signal);
    });
  }
}

async function provisionOne(
  resolved: Plan,
  connection: ConnectionPlan,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<void> {
  const { name, provision: mode, adapter } = connection;
  if (adapter.topology === undefined && mode === "verify") {
    const text = `"${name}" (${adapter.name}) has no topology to verify; set provision: off on the connection`;
    throw new MessagingError("no-topology", text, { kind: "config" });
  }
  await withTopology(connection, runtime, signal, async (topology) => {
    const planned = await topology.plan(destinationsOf(resolved, name), signal);
    // Refuse before applying anything, so that nothing is half done.
    refuseUnwanted(name, mode, planned.changes);
    if (planned.changes.length > 0) await topology.apply(planned, signal);
  });
}

/** Drift was made by hand and `apply` does not touch it, so it does not prevent a start. */
function refuseUnwanted(name: string, mode: ConnectionPlan["provision"], changes: readonly Change[]): void {
  const refused = changes.filter(({ action }) => (mode === "verify" ? action !== "drift" : action === "destructive"));
  if (refused.length > 0) throw differs(name, mode, refused);
}

function differs(connection: string, mode: ConnectionPlan["provision"], changes: readonly Change[]): MessagingError {
  const lines = changes.map(({ action, resource, name, summary }) => `\n  ${action} ${resource} ${name}: ${summary}`);
  const advice =
    mode === "verify"
      ? "plan() shows them and apply() makes them, before the service starts"
      : "provision: auto makes no destructive change; apply(plan, { destructive: true }) does";
  const problems = changes.map(({ name, summary }) => ({ path: name, message: summary }));
  const text = `"${connection}" differs from the configuration; ${advice}${lines.join("")}`;
  return new MessagingError("topology-differs", text, { kind: "config", problems });
}

/**
 * The destinations that a connection's topology must have: topics and streams, the groups' queues, and dead-letter destinations. A
 * dead-letter destination on another connection belongs to that connection.
 */
export function destinationsOf(resolved: Plan, connection: string): readonly Destination[] {
  const found = new Map<string, Destination>();
  const add = (of: Destination) => {
    const key = `${of.name}\n${of.address ?? ""}`;
    // The first wins: a dead-letter channel's own plan has more detail than its use by another channel.
    if (!found.has(key)) found.set(key, of);
  };
  const channels = Object.values(resolved.channels);
  for (const { to, groups, model } of channels.filter((channel) => channel.on === connection)) {
    if (model !== "queue") add(to);
    for (const group of Object.values(groups)) add(group.from);
  }
  for (const { groups } of channels) {
    for (const { from, deadLetter, deadLetterOn } of Object.values(groups)) {
      if (deadLetter !== undefined && deadLetterOn === connection && from.deadLetter !== deadLetter) add(deadLetter);
    }
  }
  return [...found.values()];
}

/**
 * Opens the adapter's topology while `run` runs. Returns undefined if it has none. A fault that passes by itself is tried again, with a
 * topology opened anew; `run` must be idempotent.
 */
async function withTopology<T>(
  connection: ConnectionPlan,
  runtime: Runtime,
  signal: AbortSignal,
  run: (topology: Topology) => Promise<T>,
): Promise<T | undefined> {
  if (connection.adapter.topology === undefined) return undefined;
  return retried(runtime, signal, () => withOpened(connection, runtime, run));
}

/** The driver classifies raw errors. */
async function withOpened<T>(
  connection: ConnectionPlan,
  runtime: Runtime,
  run: (topology: Topology) => Promise<T>,
): Promise<T> {
  const { adapter, options, name } = connection;
  try {
    const topology = await adapter.topology!(options, runtime);
    try {
      return await run(topology);
    } finally {
      await topology.close();
    }
  } catch (cause) {
    if (isMessagingError(cause)) throw cause;
    throw fromFault(await faultOf(connection, runtime, cause), `topology of "${name}"`, cause, {});
  }
}

/** Classifies an error. Only an open connection can; opening one need not reach the broker. */
async function faultOf({ adapter, options }: ConnectionPlan, runtime: Runtime, cause: unknown): Promise<Fault> {
  try {
    const opened = await adapter.open(options, runtime, () => undefined);
    try {
      return opened.classify(cause, "topology");
    } finally {
      await opened.close();
    }
  } catch {
    return { kind: "retryable", code: "topology-failed" };
  }
}
