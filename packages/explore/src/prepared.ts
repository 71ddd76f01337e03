/** A scenario as all its runs share it: its configuration, resolved once, and its calm course. */
import type { AnyChannel, ConfigInput, ConnectOptions } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { type ResolvedConfig, resolveConfig } from "@switchyard/core/testing";
import { adapter } from "@switchyard/memory";
import { Courses } from "./courses.ts";
import type { Scenario } from "./scenario.ts";

/** A scenario whose types do not matter any more. */
export type AnyScenario = Scenario<readonly AnyChannel[], any>;

/** By channel: the groups that consume it. */
export type Groups = ReadonlyMap<string, ReadonlySet<string>>;

export interface PreparedConfig extends ResolvedConfig {
  /** The longest hold of a group, in milliseconds. */
  readonly holdMs: number;
}

/** Invariants by their names. */
type Named<Kind extends "never" | "eventually" | "sometimes"> = readonly [
  string,
  NonNullable<AnyScenario[Kind]>[string],
];

export class Prepared {
  readonly scenario: AnyScenario;
  readonly never: readonly Named<"never">[];
  readonly eventually: readonly Named<"eventually">[];
  readonly sometimes: readonly Named<"sometimes">[];
  readonly courses = new Courses();
  /** How often nothing could go on in the calm course. 0 until it has been run. */
  turns = 0;
  /** What is loaded lazily has been loaded. */
  loaded = false;
  readonly #configs = new Map<string, Promise<PreparedConfig>>();

  constructor(scenario: AnyScenario) {
    this.scenario = scenario;
    this.never = Object.entries(scenario.never ?? {});
    this.eventually = Object.entries(scenario.eventually ?? {});
    this.sometimes = Object.entries(scenario.sometimes ?? {});
  }

  /** Resolved when first asked for with these groups: what a service consumes is known when it has been made. */
  config(groups: Groups): Promise<PreparedConfig> {
    const key = [...groups].map(([channel, names]) => `${channel}: ${[...names].join(" ")}`).join("\n");
    let config = this.#configs.get(key);
    if (config === undefined) {
      config = resolved(this.scenario, groups);
      this.#configs.set(key, config);
    }
    return config;
  }
}

async function resolved(scenario: AnyScenario, groups: Groups): Promise<PreparedConfig> {
  const { channels } = scenario;
  const config = await resolveConfig({ channels, service: "explore", ...settingsOf(scenario, groups) });
  let holdMs = 0;
  for (const { groups } of Object.values(config.explanation.channels))
    for (const { hold } of Object.values(groups)) holdMs = Math.max(holdMs, parseDuration(hold) ?? 0);
  return { ...config, holdMs };
}

/** The scenario's own configuration with every channel moved to memory, or one made from its settings. */
function settingsOf(
  scenario: AnyScenario,
  groups: Groups,
): Pick<ConnectOptions, "config" | "profile" | "env" | "adapters"> {
  const { config, profile, on = "memory", channels } = scenario;
  if (config === undefined) return { config: configOf(scenario, groups), env: {} };
  const env: Record<string, string> = {
    SWITCHYARD__PREFIX: "explore",
    SWITCHYARD__CONNECTIONS__MEMORY__USE: "memory",
    ...(on === "memory" ? {} : { SWITCHYARD__CONNECTIONS__MEMORY__PROFILE: on }),
  };
  for (const { name } of channels)
    env[`SWITCHYARD__CHANNELS__${name.replaceAll("-", "_").toUpperCase()}__ON`] = "memory";
  return { config, ...(profile === undefined ? {} : { profile }), env, adapters: [adapter] };
}

function configOf(scenario: AnyScenario, groups: Groups): ConfigInput {
  const { on = "memory", model = "queue", policy, group = {} } = scenario;
  const channels = scenario.channels.map(({ name }) => {
    const names = [...(groups.get(name) ?? ["nobody"])];
    const its = typeof model === "string" ? model : (model[name] ?? "queue");
    return [name, { model: its, on: "memory", groups: Object.fromEntries(names.map((one) => [one, group])) }] as const;
  });
  return {
    prefix: "explore",
    connections: { memory: { use: adapter, ...(on === "memory" ? {} : { profile: on }) } },
    channels: Object.fromEntries(channels),
    ...(policy === undefined ? {} : { policies: { default: policy } }),
  } as ConfigInput;
}
