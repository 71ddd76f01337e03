import type { Adapter } from "../driver/index.ts";
import type { Imports } from "../api/imports.ts";
import { parseDuration } from "../api/duration.ts";
import type { ChannelPlan, ConnectionPlan, Plan } from "../plan/plan.ts";
import type { ChannelShape, ConsumerShape } from "../api/shapes.ts";
import { Adapters } from "./resolve/adapters.ts";
import { resolveChannel } from "./resolve/channel.ts";
import { Connections } from "./resolve/connections.ts";
import { KeyEntries } from "./resolve/content.ts";
import { Extensions } from "./resolve/extensions.ts";
import type { Extension } from "../pipeline/extension.ts";
import { Explained } from "./resolve/explain.ts";
import { load } from "./load/load.ts";
import { Problems } from "./layers/problems.ts";
import { prepare } from "./prepare.ts";
import { KEBAB } from "./layers/schema.ts";

export interface ResolveInput {
  readonly channels: readonly ChannelShape[];
  readonly service: string;
  /** A file, a folder or a value. Default: the nearest switchyard.config.* in `cwd` or above it. */
  readonly config?: string | object;
  /** The profile. Default: SWITCHYARD_PROFILE. */
  readonly profile?: string;
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly imports?: Imports;
  /** Adapters to use by name instead of importing them. */
  readonly adapters?: readonly Adapter[];
  /** Extensions to use by name instead of importing them. */
  readonly extensions?: readonly Extension[];
  /**
   * The consumers, if known. `filter: true` then uses the types they handle, and a consumer of a group that neither the base nor a
   * profile lists is refused. A group that only another profile lists is left out of this plan.
   */
  readonly consumers?: readonly ConsumerShape[];
  /** True if `channels` are those of all profiles: a channel that only another profile lists is then not an error. Default false. */
  readonly everyProfile?: boolean;
}

/**
 * Resolves the configuration to a plan. Opens no connection.
 *
 * @throws MessagingError `invalid-config`, with every mistake in `problems`.
 */
export async function resolvePlan(input: ResolveInput): Promise<Plan> {
  const { env = process.env, cwd = process.cwd(), consumers = [], adapters = [], service } = input;
  const loaded = await load(input.config, cwd);
  const { imports } = input;
  const source = imports === undefined ? loaded : { directories: [imports.from], packages: imports.packages };
  const problems = new Problems();
  const shapes = [...input.channels];
  for (const { channel } of consumers) if (!shapes.some(({ name }) => name === channel.name)) shapes.push(channel);
  const prepared = await prepare({ loaded, env, profile: input.profile, shapes, consumers, problems });
  const { context, profile } = prepared;
  const connections = new Connections(context, new Adapters(adapters, source));
  const extensions = new Extensions(input.extensions ?? [], source);
  const keys = new KeyEntries(context, extensions);
  const channels: Record<string, ChannelPlan> = {};
  for (const shape of shapes) {
    if (!KEBAB.test(shape.name)) {
      problems.add(
        `channels.${shape.name}`,
        "a channel's name in code must be kebab-case: lower-case letters, digits and single hyphens",
      );
      continue;
    }
    const plan = await resolveChannel(
      context,
      connections,
      shape,
      shapes,
      input.everyProfile ?? false,
      keys,
      extensions,
    );
    if (plan !== undefined) channels[shape.name] = plan;
  }
  if (problems.size > 0)
    throw problems.error(profile === undefined ? loaded.source : `${loaded.source}, profile ${profile}`);
  const used = Object.fromEntries(
    [...connections.used].map(([name, { adapter, options, provision }]): [string, ConnectionPlan] => [
      name,
      { name, adapter, options, provision },
    ]),
  );
  const { prefix, secrets } = context;
  const { sources } = prepared;
  const late = new Explained({
    service,
    profile,
    sources,
    prefix,
    connections: used,
    channels,
    shapes,
    redact: secrets.redact,
  });
  return {
    service,
    profile,
    prefix,
    drainMs: parseDuration(prepared.drain) ?? 25_000,
    connections: used,
    channels,
    keys: Object.fromEntries(keys.used),
    directory: loaded.directories[0]!,
    ...(secrets.none ? {} : { redact: secrets.redact }),
    get explanation() {
      return late.explanation;
    },
  };
}
