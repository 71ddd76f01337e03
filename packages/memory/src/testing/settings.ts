import type { AnyChannel, ConfigInput, ConnectOptions, Consumer, Duration, Model, Observe } from "@switchyard/core";
import { MessagingError } from "@switchyard/core";
import { adapter } from "../adapter.ts";
import type { MemoryOptions } from "../options.ts";

export type PolicyInput = NonNullable<ConfigInput["policies"]>[string];

/** The options of `testbed()`. */
export interface TestbedOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> {
  readonly channels: Channels;
  /** The `source` of published messages. Default `test`. */
  readonly service?: string;
  /** The policy of every group. Default: the library's defaults. Not allowed with `config`. */
  readonly policy?: PolicyInput;
  /** The model of every channel, or models by channel. Default `pubsub`. Not allowed with `config`. */
  readonly model?: Model | Readonly<Record<string, Model>>;
  /** Groups in addition to those of consumers that `consume()` gets before the first publish or start. Not allowed with `config`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** The broker's options: a profile, retention, duplicates. */
  readonly broker?: Omit<MemoryOptions, "broker">;
  /** A configuration to test. All its channels run on memory, whatever connections it names. Default: none is read. */
  readonly config?: string | ConfigInput;
  readonly profile?: string;
  /** The variables for `${...}` in the configuration. Default: none; the process's environment is not used. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The seed of randomness and ids. Default 1. */
  readonly seed?: number;
  /** The first time on the clock. Default 2026-01-01T00:00:00Z. */
  readonly start?: Date | number;
  /** The real time after which `settled()` gives up. Default 2s. */
  readonly patience?: Duration;
  readonly observe?: Observe;
}

/** The name of a group for tests that only publish, because a configuration needs a group. */
const NOBODY = "nobody";

/** The options for `connect()`: the test's own configuration, or the user's with every channel moved to memory. */
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
      `testbed({ config, ${name} }): the configuration already says that; leave out ${name}`,
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

/** Variables of the environment override all other layers, so that no configuration makes a test reach a broker. */
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
