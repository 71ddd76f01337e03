/** Where the parts of a channel are, by their brokers' own answers. */
import { fromFault, isMessagingError, MessagingError } from "../api/errors.ts";
import type { ChannelPart, ChannelPlace, NamedPlace, PlacesOptions } from "../api/place.ts";
import type { Connection, Destination, FoundPlace, Runtime } from "../driver/index.ts";
import { groupOf } from "../plan/find-plan.ts";
import type { ChannelPlan, ConnectionPlan, GroupPlan, Plan } from "../plan/plan.ts";
import { retried } from "./retried.ts";

const PARTS: readonly ChannelPart[] = ["channel", "group", "deadLetters"];

interface Asking {
  readonly plan: Plan;
  readonly connections: { get(name: string): Connection };
  readonly runtime: Runtime;
  readonly closed: AbortSignal;
}

interface Part {
  readonly part: ChannelPart;
  readonly group?: string;
  readonly on: string;
  readonly of: Destination;
}

export async function placesOf(
  asking: Asking,
  channel: ChannelPlan,
  { group, parts = PARTS }: PlacesOptions,
): Promise<readonly ChannelPlace[]> {
  if (!Array.isArray(parts) || !parts.every((part) => PARTS.includes(part)))
    throw new MessagingError("bad-option", `places: parts must be a list of ${PARTS.join(", ")}`, { kind: "config" });
  const groups = group === undefined ? Object.values(channel.groups) : [groupOf(channel, group)];
  const all = partsOf(channel, groups).filter(({ part }) => parts.includes(part));
  return Promise.all(all.map((part) => placeOf(asking, channel, part)));
}

function partsOf({ model, on, to }: ChannelPlan, groups: readonly GroupPlan[]): readonly Part[] {
  return [
    // A queue is that of its group.
    ...(model === "queue" ? [] : [{ part: "channel", on, of: to } as const]),
    ...groups.flatMap(({ group, from, deadLetter, deadLetterOn }): Part[] => [
      { part: "group", group, on, of: from },
      ...(deadLetter === undefined
        ? []
        : [{ part: "deadLetters", group, on: deadLetterOn ?? on, of: deadLetter } as const]),
    ]),
  ];
}

async function placeOf(
  { plan, connections, runtime, closed }: Asking,
  { channel }: ChannelPlan,
  { part, group, on, of }: Part,
): Promise<ChannelPlace> {
  const errorContext = { channel, ...(group === undefined ? {} : { group }) };
  const asked = { connection: connections.get(on), plan: plan.connections[on]!, of, errorContext };
  const place = await namedPlace(asked, runtime, closed);
  return { part, ...(group === undefined ? {} : { group }), ...place };
}

/**
 * Where a plan would be applied: an answer of each connection and model, for something that is there if anything is. What is made under a name
 * is made by the same client.
 */
export async function planPlaces(
  { connection, destinations }: { readonly connection: ConnectionPlan; readonly destinations: readonly Destination[] },
  runtime: Runtime,
  signal: AbortSignal,
): Promise<readonly NamedPlace[]> {
  const found: NamedPlace[] = [];
  const opened = await connection.adapter.open(connection.options, runtime, () => undefined);
  try {
    for (const its of Map.groupBy(destinations, ({ model }) => model).values()) {
      let place: NamedPlace | undefined;
      for (const of of its) {
        const { channel } = of;
        place = await namedPlace(
          { connection: opened, plan: connection, of, errorContext: { channel } },
          runtime,
          signal,
        );
        if (place.missing !== true) break;
      }
      if (place !== undefined) found.push(place);
    }
  } finally {
    await opened.close();
  }
  return found;
}

interface Asked {
  readonly connection: Connection;
  readonly plan: ConnectionPlan;
  readonly of: Destination;
  readonly errorContext: { readonly channel: string; readonly group?: string };
}

async function namedPlace(
  { connection, plan: { name, adapter, options }, of, errorContext }: Asked,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<NamedPlace> {
  const { address } = adapter.locate(of, options);
  const named = { connection: name, address };
  if (connection.place === undefined) return named;
  const once = (): Promise<FoundPlace> =>
    connection.place!(of, signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      if (isMessagingError(cause)) throw cause;
      throw fromFault(connection.classify(cause, "open"), `place of "${address}"`, cause, errorContext);
    });
  try {
    return { ...named, ...(await retried(runtime, signal, once)) };
  } catch (error) {
    if (isMessagingError(error) && error.code.endsWith("-not-found")) return { ...named, missing: true };
    throw error;
  }
}
