import type { Connection, Depth, Runtime } from "../driver/index.ts";
import { retried } from "./retried.ts";
import { fromFault, MessagingError } from "../api/errors.ts";
import type { DepthNumber, GroupDepth } from "../api/depth.ts";
import type { ChannelPlan, GroupPlan } from "../plan/plan.ts";

const NUMBERS: readonly DepthNumber[] = ["ready", "delayed", "held", "oldestMs"];
/** How many destinations of a connection are asked at once: a hundred channels must not use up a broker's quota. */
const AT_ONCE = 8;

/** Where a group's backlog is asked for. */
export interface DepthSource {
  readonly connection: Connection;
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  /** The broker counts exactly. */
  readonly exact: boolean;
}

/**
 * Asks for backlogs. Whoever asks while the same question is being asked gets its answer, and whoever accepts an older answer gets the
 * last one.
 */
export class Depths {
  readonly #runtime: Runtime;
  readonly #closed: AbortSignal;
  readonly #last = new Map<string, { readonly depth: GroupDepth; readonly at: number }>();
  readonly #running = new Map<string, Promise<GroupDepth>>();
  /** Those at work and those that wait, by connection: a broker that does not answer holds up no other. */
  readonly #places = new Map<string, { busy: number; readonly waiting: (() => void)[] }>();

  constructor(runtime: Runtime, closed: AbortSignal) {
    this.#runtime = runtime;
    this.#closed = closed;
  }

  of(source: DepthSource, maxAgeMs: number): Promise<GroupDepth> {
    const key = JSON.stringify([source.channel.channel, source.group.group]);
    const last = this.#last.get(key);
    if (last !== undefined && this.#runtime.monotonic() - last.at < maxAgeMs) return Promise.resolve(last.depth);
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#ask(source)
        .then((depth) => {
          this.#last.set(key, { depth, at: this.#runtime.monotonic() });
          return depth;
        })
        .finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return running;
  }

  async #ask(source: DepthSource): Promise<GroupDepth> {
    const { on } = source.channel;
    let places = this.#places.get(on);
    if (places === undefined) this.#places.set(on, (places = { busy: 0, waiting: [] }));
    const { waiting } = places;
    // Who ends hands its place on.
    if (places.busy >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else places.busy++;
    try {
      return await depthOf(source, this.#closed, this.#runtime);
    } finally {
      const next = waiting.shift();
      if (next === undefined) places.busy--;
      else next();
    }
  }
}

/** True if the broker does not tell a number. Where nothing waits, there is no oldest message, and nothing is unknown. */
function lacks(lease: Depth, name: DepthNumber): boolean {
  if (lease[name] !== undefined) return false;
  const { ready, delayed = 0, held = 0 } = lease;
  return name !== "oldestMs" || ready !== 0 || delayed + held > 0;
}

/** The backlog of a group over all its leases. */
async function depthOf(
  { connection, channel, group, exact }: DepthSource,
  closed: AbortSignal,
  runtime: Runtime,
): Promise<GroupDepth> {
  const errorContext = { channel: channel.channel, group: group.group };
  if (group.from.runsOn !== undefined && group.from.model === "stream") {
    const text = `group "${group.group}" of "${channel.channel}" runs on ${group.from.runsOn}, which keeps its position: ask there (Lambda: the metric IteratorAge)`;
    throw new MessagingError("depth-unsupported", text, { kind: "config", ...errorContext });
  }
  if (connection.depth === undefined) {
    throw new MessagingError("depth-unsupported", `the transport of "${channel.channel}" cannot tell its depth`, {
      kind: "config",
      ...errorContext,
    });
  }
  const once = () =>
    connection.depth!(group.from, closed).catch((cause: unknown) => {
      closed.throwIfAborted();
      throw fromFault(connection.classify(cause, "open"), `depth of "${channel.channel}"`, cause, errorContext);
    });
  const leases = await retried(runtime, closed, once);
  const depth: { -readonly [K in keyof GroupDepth]: GroupDepth[K] } = {
    channel: channel.channel,
    group: group.group,
    leases,
    asOf: new Date(runtime.now()),
    exact,
    unknown: NUMBERS.filter((name) => leases.length === 0 || leases.some((lease) => lacks(lease, name))),
  };
  for (const name of NUMBERS) {
    const known = leases.flatMap((lease) => lease[name] ?? []);
    if (known.length === 0) continue;
    depth[name] = name === "oldestMs" ? Math.max(...known) : known.reduce((total, each) => total + each, 0);
  }
  const late = leases.flatMap(({ oldestAsOf }) => oldestAsOf?.getTime() ?? []);
  if (late.length > 0) depth.oldestAsOf = new Date(Math.min(...late));
  return depth;
}
