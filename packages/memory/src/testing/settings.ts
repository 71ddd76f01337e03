import type { AnyChannel, ConfigInput, ConnectOptions, Consumer, Duration, Model, Observe } from "@switchyard/core";
import { MessagingError } from "@switchyard/core";
import { adapter } from "../adapter.ts";
import type { MemoryOptions } from "../options.ts";

export type PolicyInput = NonNullable<ConfigInput["policies"]>[string];

/** The options of `testbed()`. */
export interface TestbedOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> {
  readonly channels: Channels;
  /** The `source` of what is published. Default `test`. */
  readonly service?: string;
  /** Of every group. Default: the library's defaults. Not with `config`. */
  readonly policy?: PolicyInput;
  /** Of every channel, or by channel. Default `pubsub`. Not with `config`. */
  readonly model?: Model | Readonly<Record<string, Model>>;
  /** Groups beside those of the consumers given to `consume()` before the first publish or start. Not with `config`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** The broker's options: a profile, retention, duplicates. */
  readonly broker?: Omit<MemoryOptions, "broker">;
  /** Test what this configuration says, on memory whatever connections it names. Default: none is read. */
  readonly config?: string | ConfigInput;
  readonly profile?: string;
  /** For `${...}` in the configuration. Default: nothing; the process's environment does not reach a test. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of randomness and ids. Default 1. */
  readonly seed?: number;
  /** What the clock says at first. Default 2026-01-01T00:00:00Z. */
  readonly start?: Date | number;
  /** Real time after which `settled()` gives up. Default 2s. */
  readonly patience?: Duration;
  readonly observe?: Observe;
}

/** A group needs a name in configuration; this one stands where a test only publishes. */
const NOBODY = "nobody";

/** What `connect()` is given: the test's own configuration, or the user's with every channel moved to memory. */
export function settingsFor(
  options: TestbedOptions,
  consumers: readonly Consumer[],
  broker: string,
): Pick<ConnectOptions, "config" | "profile" | "env" | "adapters"> {
  if (options.config === undefined) return { config: ownConfig(options, consumers, broker), env: {} };
  for (const name of ["policy", "model", "groups"] as const) {
    if (options[name] === undefined) continue;
    throw new MessagingError(
      "bad-option",
      `testbed({ config, ${name} }): the configuration says that; leave ${name} out`,
      {
        kind: "config",
      },
    );
  }
  return {
    config: options.config,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    env: { ...options.env, ...overrides(options, broker) },
    adapters: [adapter],
  };
}

function ownConfig(options: TestbedOptions, consumers: readonly Consumer[], broker: string): ConfigInput {
  const channels = options.channels.map(({ name }) => {
    const groups = new Set([
      ...(options.groups?.[name] ?? []),
      ...consumers.filter((consumer) => consumer.channel.name === name).map(({ group }) => group),
    ]);
    if (groups.size === 0) groups.add(NOBODY);
    const model = typeof options.model === "object" ? options.model[name] : options.model;
    return [
      name,
      { model: model ?? "pubsub", on: "memory", groups: Object.fromEntries([...groups].map((group) => [group, {}])) },
    ] as const;
  });
  return {
    prefix: "test",
    connections: { memory: { use: adapter, ...options.broker, broker } },
    channels: Object.fromEntries(channels),
    ...(options.policy === undefined ? {} : { policies: { default: options.policy } }),
  };
}

/** The environment's layer beats all others: nothing the configuration says brings a test to a broker. */
function overrides(options: TestbedOptions, broker: string): Record<string, string> {
  const set: Record<string, string> = {
    SWITCHYARD__PREFIX: "test",
    SWITCHYARD__CONNECTIONS__MEMORY__USE: "memory",
    SWITCHYARD__CONNECTIONS__MEMORY__BROKER: broker,
  };
  for (const [key, value] of Object.entries(options.broker ?? {})) {
    set[`SWITCHYARD__CONNECTIONS__MEMORY__${key.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`] = String(value);
  }
  for (const { name } of options.channels)
    set[`SWITCHYARD__CHANNELS__${name.replaceAll("-", "_").toUpperCase()}__ON`] = "memory";
  return set;
}
