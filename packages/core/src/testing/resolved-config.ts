import type { AnyChannel } from "../api/channel.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import type { Explanation } from "../api/explanation.ts";
import type { Observe } from "../api/events.ts";
import type { Adapter } from "../driver/adapter.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { ChannelShape } from "../api/shapes.ts";
import type { ConnectionPlan } from "../plan/plan.ts";
import { guarded } from "../base/guarded.ts";
import { loadAhead } from "./load-ahead.ts";

/** What differs between the connections that one resolved configuration makes. */
export interface ConnectAgain {
  readonly service: string;
  readonly runtime: Runtime;
  readonly observe: Observe;
  /** What every connection uses in place of its own adapter. It must have the same capabilities. */
  readonly adapter: Adapter;
  /** Options of every connection, over those of the configuration. They are taken as they are. */
  readonly options: object;
  /** `off`: the broker has what the configuration asks for. */
  readonly provision?: "off";
}

/** A configuration that was read, checked and resolved, and makes any number of connections. */
export interface ResolvedConfig<C extends AnyChannel = AnyChannel> {
  readonly explanation: Explanation;
  /** As `connect()`, without reading the configuration again. */
  connect(again: ConnectAgain): Promise<Messaging<C>>;
}

/**
 * Resolves a configuration once, for tests that connect many times a second: reading and checking it is most of what `connect()` costs. What
 * is otherwise loaded when it is first needed is loaded, too, so that a virtual clock need not wait for it.
 *
 * @throws MessagingError `invalid-config`, with every mistake.
 */
export async function resolveConfig<const Channels extends readonly AnyChannel[]>(
  options: Pick<ConnectOptions<Channels>, "channels" | "service" | "config" | "profile" | "env" | "cwd" | "adapters">,
): Promise<ResolvedConfig<Channels[number]>> {
  const [{ resolvePlan }, { connectPlan }] = await Promise.all([
    import("../config/index.ts"),
    import("../messaging/connect-plan.ts"),
    loadAhead(),
  ]);
  const channels = options.channels as unknown as readonly ChannelShape[];
  const plan = await resolvePlan({ ...options, channels });
  const connections = Object.entries(plan.connections);
  // Adapters keep what they find out about an options object, so those of one `options` share it.
  let last: { readonly over: object; readonly options: readonly object[] } | undefined;
  const optionsOver = (over: object): readonly object[] => {
    if (last?.over !== over)
      last = { over, options: connections.map(([, { options: its }]) => ({ ...(its as object), ...over })) };
    return last.options;
  };
  return {
    explanation: plan.explanation,
    connect: async ({ service, runtime, observe, adapter, options: over, provision }) => {
      const given = optionsOver(over);
      const used: Record<string, ConnectionPlan> = {};
      for (const [at, [name, its]] of connections.entries()) used[name] = { ...its, adapter, options: given[at] };
      const connected = await connectPlan(
        { ...plan, service, connections: used },
        {
          channels,
          runtime,
          told: guarded("observe", observe),
          observed: false,
          ...(provision === undefined ? {} : { provision }),
        },
      );
      return connected as unknown as Messaging<Channels[number]>;
    },
  };
}
