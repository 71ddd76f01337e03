import type { Capabilities, Destination } from "../../driver/index.ts";
import { keeps } from "./connections.ts";
import type { NamedPolicy } from "./policies.ts";
import { locate, type Resolving } from "./locate.ts";
import { channelDestination, deadDestination, groupDestination, type Naming } from "./names.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import type { ChannelInput, GroupInput } from "../../api/config-input.ts";

export interface DeadLetterTo {
  readonly destination: Destination;
  readonly on: string;
  readonly capabilities: Capabilities;
  /** The same destination, if the broker itself can move messages there. */
  readonly nested: Destination | undefined;
  /** The place that names another channel for the dead letters. Absent if the group has its own destination. */
  readonly where?: string;
}

export async function resolveDeadLetter(
  resolving: Resolving,
  group: string,
  input: GroupInput,
  named: NamedPolicy,
): Promise<DeadLetterTo | undefined> {
  const { context, section, connected, naming } = resolving;
  if (named.policy.exhausted !== "deadLetter" && named.policy.exhausted !== "park") return undefined;
  if (named.channel !== undefined)
    return toChannel(resolving, named.channel, named.section.where("deadLetter", "channel"));
  const destination = deadDestination(naming, group, input);
  const home = section.where("groups", group);
  const capabilities = keeps(connected, destination);
  if (capabilities === "unknown") return undefined;
  if (capabilities === undefined) {
    const why = `"${connected.name}" (${connected.adapter.name}) has no queues for its dead letters`;
    context.problems.add(
      home,
      `${why}; name a channel on another connection: policies: { default: { deadLetter: { channel: <name> } } }`,
    );
    return undefined;
  }
  locate(
    resolving,
    destination,
    input.deadLetterAddress === undefined ? home : section.where("groups", group, "deadLetterAddress"),
  );
  return { destination, on: connected.name, capabilities, nested: destination };
}

async function toChannel(resolving: Resolving, name: string, where: string): Promise<DeadLetterTo | undefined> {
  const { context, connections, naming, shapes } = resolving;
  const section = context.layers.channel(name);
  if (name === naming.channel) {
    context.problems.add(where, `"${name}" cannot take its own dead letters; name another channel`);
    return undefined;
  }
  if (section.empty || !context.layers.names("channels").includes(name)) {
    const known = context.layers.names("channels").filter((other) => other !== naming.channel);
    context.problems.add(
      where,
      `no channel ${context.quote(where, name)}; channels: ${listed(known)}.${didYouMean(name, known)}`,
    );
    return undefined;
  }
  context.reportUnfilled(section, "channels", ["*", name]);
  const input = section.value as ChannelInput;
  const [group] = Object.keys(input.groups ?? {});
  const complete =
    input.model !== undefined && input.on !== undefined && (input.model !== "queue" || group !== undefined);
  // A channel that the code uses is already reported elsewhere.
  if (!complete && !shapes.some((shape) => shape.name === name)) {
    context.problems.add(section.where(), "this channel takes dead letters, so it needs model, on and groups");
  }
  if (!complete) return undefined;
  const connected = await connections.use(input.on!, section.where("on"));
  if (connected === undefined) return undefined;
  const ordered = shapes.some((shape) => shape.name === name && shape.orderingKey !== undefined);
  const other: Naming = { prefix: context.prefix, channel: name, model: input.model!, ordered, input };
  const destination = input.model === "queue" ? queueOf(other, group!, input) : channelDestination(other, undefined);
  const capabilities = keeps(connected, destination);
  if (capabilities === undefined)
    context.problems.add(
      section.where("model"),
      `"${connected.name}" (${connected.adapter.name}) has no model ${input.model}`,
    );
  if (capabilities === undefined || capabilities === "unknown") return undefined;
  locate({ ...resolving, connected, section, input, naming: other }, destination, section.where());
  return { destination, on: connected.name, capabilities, nested: undefined, where };
}

/** The queue as a destination for sending. Holds and attempts do not matter for sending, so they have arbitrary values. */
function queueOf(naming: Naming, group: string, input: ChannelInput): Destination {
  return groupDestination(naming, {
    group,
    input: input.groups![group]!,
    holdMs: 60_000,
    nativeAttempts: 10,
    retentionMs: undefined,
    types: undefined,
    deadLetter: undefined,
  });
}
