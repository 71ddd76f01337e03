/** Which uses of which destinations a role has. */
import type { ConnectionUse, Destination, TopologyUse, UseDetails } from "../driver/index.ts";
import type { ChannelPlan, GroupPlan, Plan } from "../plan/plan.ts";
import { whyNotNative } from "../plan/native-redrive.ts";
import { destinationsOf } from "../messaging/provision.ts";

/**
 * - `publisher`: publishes.
 * - `consumer`: consumes, and sends what fails to the dead letters.
 * - `viewer`: reads depths, and compares the configuration with the broker. It changes nothing.
 * - `watcher`: watches topics and streams. For a topic it makes a queue for the time.
 * - `operator`: reads depths; reads and redrives dead letters; replays.
 * - `purger`: reads and purges dead letters.
 * - `provisioner`: plans and applies.
 */
export type Role = "publisher" | "consumer" | "viewer" | "watcher" | "operator" | "purger" | "provisioner";

export const ROLES: readonly Role[] = [
  "publisher",
  "consumer",
  "viewer",
  "watcher",
  "operator",
  "purger",
  "provisioner",
];

/** A call of the driver's connection, or of its topology, that a role makes. */
export type Call =
  | {
      readonly role: Role;
      readonly on: string;
      readonly use: ConnectionUse;
      readonly of: Destination;
      readonly details?: UseDetails;
    }
  | {
      readonly role: Role;
      readonly on: string;
      readonly use: TopologyUse;
      readonly destinations: readonly Destination[];
    };

/** What a service does. */
export interface Doing {
  readonly plan: Plan;
  /** `delayed`: the channel declares that messages are published with a delay. */
  readonly publishes: readonly { readonly channel: string; readonly delayed: boolean }[];
  readonly consumes: readonly { readonly channel: string; readonly group: string }[];
  /** Channels all of whose groups people look after. */
  readonly channels: readonly string[];
  readonly destructive: boolean;
}

export function callsOf(doing: Doing): readonly Call[] {
  const { plan } = doing;
  // A channel that the current profile leaves out has no plan.
  const found = (name: string): readonly ChannelPlan[] =>
    Object.hasOwn(plan.channels, name) ? [plan.channels[name]!] : [];
  const consumes = doing.consumes.flatMap(({ channel, group }) => groupsOf(found(channel), [group]));
  // People look after the groups that the service consumes, and all groups of the channels that are named for it.
  const tended = [...consumes, ...groupsOf(doing.channels.flatMap(found))];
  return [
    ...doing.publishes.flatMap(({ channel, delayed }) =>
      found(channel).map(({ on, to }): Call => ({ role: "publisher", on, use: "send", of: to, details: { delayed } })),
    ),
    ...consumes.flatMap(consuming),
    ...tended.flatMap(viewing),
    ...tended.flatMap((of) => operating(plan, of)),
    ...tended.flatMap(purging),
    ...[...new Set(tended.map(({ channel }) => channel))].flatMap(watching),
    ...Object.keys(plan.connections).flatMap((on) => provisioning(doing, on)),
  ];
}

/** The channels of the groups whose dead letters the operator may change. */
export function editable({ plan, consumes, channels }: Doing): readonly string[] {
  const named = (name: string) =>
    Object.hasOwn(plan.channels, name) ? Object.values(plan.channels[name]!.groups) : [];
  const allows = (name: string, group?: string) =>
    named(name).some((each) => (group === undefined || each.group === group) && each.editDeadLetters === true);
  return [
    ...consumes.flatMap(({ channel, group }) => (allows(channel, group) ? [channel] : [])),
    ...channels.filter((name) => allows(name)),
  ];
}

interface Group {
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
}

/** A group that the current profile leaves out has no plan. */
function groupsOf(channels: readonly ChannelPlan[], names?: readonly string[]): readonly Group[] {
  return channels.flatMap((channel) =>
    Object.values(channel.groups)
      .filter(({ group }) => names === undefined || names.includes(group))
      .map((group) => ({ channel, group })),
  );
}

/** The dead letters of a group, with the connection they are on. Their source is named if they are its own, and not another channel. */
function deadLettersOf({ channel, group: { from, deadLetter, deadLetterOn } }: Group) {
  if (deadLetter === undefined) return undefined;
  const details = from.deadLetter === deadLetter ? { source: from } : {};
  return { on: deadLetterOn ?? channel.on, of: deadLetter, details };
}

function consuming(of: Group): readonly Call[] {
  const dead = deadLettersOf(of);
  return [
    { role: "consumer", on: of.channel.on, use: "receive", of: of.group.from },
    ...(dead === undefined ? [] : [{ role: "consumer", use: "send", ...dead } as const]),
  ];
}

const viewing = ({ channel, group }: Group): readonly Call[] => [
  { role: "viewer", on: channel.on, use: "depth", of: group.from },
];

/** A queue is not watched. */
const watching = ({ model, on, to }: ChannelPlan): readonly Call[] =>
  model === "queue" ? [] : [{ role: "watcher", on, use: "tail", of: to }];

/** What is purged by a filter is received, and deleted one by one. */
function purging(of: Group): readonly Call[] {
  const box = deadLettersOf(of);
  if (box?.of.model !== "queue") return [];
  return (["receive", "depth", "purge"] as const).map((use): Call => ({ role: "purger", use, ...box }));
}

function movable(plan: Plan, { channel, group }: Group): boolean {
  const { deadLetter, deadLetterOn = channel.on } = group;
  const { adapter, options } = plan.connections[deadLetterOn]!;
  return whyNotNative(channel, group, deadLetter && adapter.capabilities(deadLetter, options)) === undefined;
}

function operating(plan: Plan, of: Group): readonly Call[] {
  const { channel, group } = of;
  const operator = { role: "operator", on: channel.on } as const;
  const dead = deadLettersOf(of);
  // A topic or a stream takes another channel's dead letters, and its own groups read them.
  const box = dead?.of.model === "queue" ? dead : undefined;
  // A redrive goes to the group alone. On a stream it is a record, which the other groups skip.
  const into = channel.model === "stream" ? channel.to : group.from;
  return [
    { ...operator, use: "depth", of: group.from },
    ...(channel.model === "stream" ? [{ ...operator, use: "seek", of: group.from } as const] : []),
    ...(box === undefined
      ? []
      : [
          ...(["receive", "depth"] as const).map((use): Call => ({ role: "operator", use, ...box })),
          // An import puts letters back. A redrive does not.
          { role: "operator", use: "send", ...box } as const,
          ...(movable(plan, of) ? [{ role: "operator", use: "move", ...box } as const] : []),
          { ...operator, use: "send", of: into } as const,
        ]),
  ];
}

function provisioning({ plan, destructive }: Doing, on: string): readonly Call[] {
  const destinations = destinationsOf(plan, on);
  if (destinations.length === 0) return [];
  const call = (role: Role, use: TopologyUse): Call => ({ role, on, use, destinations });
  const { provision } = plan.connections[on]!;
  return [
    call("viewer", "plan"),
    call("provisioner", "plan"),
    call("provisioner", "apply"),
    ...(destructive ? [call("provisioner", "destroy")] : []),
    // With `verify`, `connect()` plans.
    ...(provision === "verify" ? [call("publisher", "plan"), call("consumer", "plan")] : []),
  ];
}
