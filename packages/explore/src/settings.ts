/** What `connect()` gets: the scenario's own configuration with every channel moved to memory, or one made from its settings. */
import type { ConfigInput, ConnectOptions } from "@switchyard/core";
import type { Adapter } from "@switchyard/core/driver";
import type { RunState } from "./state.ts";

export function settingsOf(
  state: RunState,
  adapter: Adapter,
): Pick<ConnectOptions, "config" | "profile" | "env" | "adapters"> {
  const { config, profile, on = "memory", channels } = state.scenario;
  if (config === undefined) return { config: configOf(state, adapter), env: {} };
  const env: Record<string, string> = {
    SWITCHYARD__PREFIX: "explore",
    SWITCHYARD__CONNECTIONS__MEMORY__USE: "memory",
    SWITCHYARD__CONNECTIONS__MEMORY__BROKER: state.broker,
    ...(on === "memory" ? {} : { SWITCHYARD__CONNECTIONS__MEMORY__PROFILE: on }),
  };
  for (const { name } of channels)
    env[`SWITCHYARD__CHANNELS__${name.replaceAll("-", "_").toUpperCase()}__ON`] = "memory";
  return { config, ...(profile === undefined ? {} : { profile }), env, adapters: [adapter] };
}

function configOf({ scenario, ledger, broker }: RunState, adapter: Adapter): ConfigInput {
  const { on = "memory", model = "queue", policy, group = {} } = scenario;
  const channels = scenario.channels.map(({ name }) => {
    const groups = ledger.groups.get(name) ?? new Set<string>();
    const names = groups.size === 0 ? ["nobody"] : [...groups];
    const its = typeof model === "string" ? model : (model[name] ?? "queue");
    return [name, { model: its, on: "memory", groups: Object.fromEntries(names.map((one) => [one, group])) }] as const;
  });
  return {
    prefix: "explore",
    connections: {
      memory: { use: adapter, broker, ...(on === "memory" ? {} : { profile: on }) },
    },
    channels: Object.fromEntries(channels),
    ...(policy === undefined ? {} : { policies: { default: policy } }),
  } as ConfigInput;
}
