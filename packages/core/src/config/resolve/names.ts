/** Makes physical names: `prefix_channel[_group][_dead]`. They will not change after 1.0. */
import type { Destination, Model } from "../../driver/index.ts";
import type { ChannelInput, GroupInput } from "../../api/config-input.ts";

export interface Naming {
  readonly prefix: string;
  readonly channel: string;
  readonly model: Model;
  readonly ordered: boolean;
  readonly input: ChannelInput;
}

function baseName({ prefix, channel }: Naming): string {
  return `${prefix}_${channel}`;
}

/** The topic or stream of a channel. */
export function channelDestination(naming: Naming, retentionMs: number | undefined): Destination {
  const base = baseName(naming);
  const { address, partitions, native = {} } = naming.input;
  return {
    channel: naming.channel,
    base,
    name: base,
    model: naming.model,
    ordered: naming.ordered,
    ...(partitions === undefined ? {} : { partitions }),
    ...(address === undefined ? {} : { address, baseAddress: address }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    native,
  };
}

export interface GroupNaming {
  readonly group: string;
  readonly input: GroupInput;
  readonly holdMs: number;
  readonly nativeAttempts: number;
  readonly retentionMs: number | undefined;
  readonly types: readonly string[] | undefined;
  /** The channel accepts foreign messages. */
  readonly foreign?: boolean;
  readonly deadLetter: Destination | undefined;
}

/** The queue of a group, or on a stream the group's view of it. */
export function groupDestination(naming: Naming, group: GroupNaming): Destination {
  const { input, model } = naming;
  const base = baseName(naming);
  const address =
    model === "stream"
      ? input.address
      : model === "queue"
        ? (group.input.address ?? input.address)
        : group.input.address;
  return {
    channel: naming.channel,
    base,
    name: `${base}_${group.group}`,
    model,
    ordered: naming.ordered,
    group: group.group,
    holdMs: group.holdMs,
    nativeAttempts: group.nativeAttempts,
    ...(input.partitions === undefined ? {} : { partitions: input.partitions }),
    ...(address === undefined ? {} : { address }),
    ...(input.address === undefined || model === "queue" ? {} : { baseAddress: input.address }),
    ...(group.retentionMs === undefined ? {} : { retentionMs: group.retentionMs }),
    ...(group.types === undefined ? {} : { types: group.types }),
    ...(group.types === undefined || group.foreign !== true ? {} : { foreign: true }),
    ...(group.deadLetter === undefined ? {} : { deadLetter: group.deadLetter }),
    ...(group.input.runsOn === undefined ? {} : { runsOn: group.input.runsOn }),
    // A topic's native settings do not apply to the queues of its groups.
    native: model === "pubsub" ? (group.input.native ?? {}) : { ...input.native, ...group.input.native },
  };
}

/** The dead-letter queue of a group. It is ordered if its source is, because SQS requires FIFO dead-letter queues for FIFO queues. */
export function deadDestination(naming: Naming, group: string, input: GroupInput): Destination {
  const base = baseName(naming);
  const { deadLetterAddress: address } = input;
  return {
    channel: naming.channel,
    base,
    name: `${base}_${group}_dead`,
    model: "queue",
    ordered: naming.ordered && naming.model !== "stream",
    dead: true,
    group,
    ...(address === undefined ? {} : { address }),
    native: {},
  };
}
