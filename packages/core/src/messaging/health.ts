/** What a connected service says of itself: whether it works, what does not, and whether a person is needed. */
import type { MessagingError } from "../api/errors.ts";
import type { ChannelHealth, Health } from "../api/messaging.ts";
import type { Trouble } from "../base/troubles.ts";
import type { GroupRunner } from "../consume/group/runner.ts";
import type { Connections } from "./connections.ts";
import type { Pipelines } from "./pipelines.ts";

export interface HealthFacts {
  readonly state: Health["state"];
  readonly startFailure: MessagingError | undefined;
  readonly groups: readonly GroupRunner[];
  /** The channels that were published to. */
  readonly publishing: Iterable<string>;
  readonly connections: Connections;
  readonly pipelines: Pipelines | undefined;
}

export function healthOf(facts: HealthFacts): Health {
  const { state, groups } = facts;
  const connections = facts.connections.health();
  const troubles = troublesOf(facts);
  for (const [name, { state: its }] of Object.entries(connections))
    if (its !== "up") troubles.push({ text: `connection "${name}" is ${its}`, needsPerson: false });
  const status = statusOf(troubles);
  const working = state === "started" || (state === "connected" && groups.length === 0);
  const reached = Object.values(connections).every((each) => each.state !== "down");
  return {
    status,
    state,
    problems: textsOf(troubles),
    live: !groups.some((group) => group.stuck),
    ready: status !== "red" && working && reached && groups.every((group) => group.receiving),
    connections,
    channels: channelsOf(facts),
  };
}

function channelsOf(facts: HealthFacts): Record<string, ChannelHealth> {
  const { groups } = facts;
  const publishing = publishersTroubles(facts);
  const names = new Set([...facts.publishing, ...groups.map(({ context }) => context.channel.channel)]);
  return Object.fromEntries(
    [...names].map((name): [string, ChannelHealth] => {
      const own = groups.filter(({ context }) => context.channel.channel === name);
      const troubles = [
        ...own.flatMap((group) => group.troubles()),
        ...publishing.filter(({ channel }) => channel === name),
      ];
      const errors = own.flatMap(({ context }) => context.lastError ?? []).sort((one, other) => other.at - one.at);
      const [lastError] = errors;
      return [
        name,
        { status: statusOf(troubles), problems: textsOf(troubles), ...(lastError === undefined ? {} : { lastError }) },
      ];
    }),
  );
}

function troublesOf(facts: HealthFacts): Trouble[] {
  const { state, startFailure, groups } = facts;
  if (startFailure !== undefined)
    return [{ text: `start() failed, and messaging is stopped: ${startFailure.message}`, needsPerson: true }];
  if (state === "stopped") return [{ text: "messaging is stopped; connect() again", needsPerson: true }];
  const troubles: Trouble[] = [...groups.flatMap((runner) => runner.troubles()), ...publishersTroubles(facts)];
  if (state === "stopping")
    troubles.push({ text: "messaging is stopping: nothing new is received", needsPerson: false });
  return troubles;
}

const publishersTroubles = ({ connections, pipelines }: HealthFacts) => [
  ...connections.troubles(),
  ...(pipelines?.troubles() ?? []),
];

const textsOf = (troubles: readonly Trouble[]): readonly string[] => [...new Set(troubles.map(({ text }) => text))];

function statusOf(troubles: readonly Trouble[]): Health["status"] {
  if (troubles.some(({ needsPerson }) => needsPerson)) return "red";
  return troubles.length > 0 ? "yellow" : "green";
}
