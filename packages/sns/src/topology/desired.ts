import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { locateTopic, topicAddress, topicName } from "../names.ts";
import { nativeProblems, type TopicSettings, topicSettings } from "../native.ts";

export interface DesiredTopic {
  /** The topic's own destination; made up where only groups were given. */
  readonly of: Destination;
  /** Its name, or the address it was given. */
  readonly name: string;
  /** Given by address: it must exist, and its settings are its owner's. */
  readonly external: boolean;
  readonly settings: TopicSettings;
  readonly groups: readonly Destination[];
  /** The list of groups is whole: one that is there and not in it was removed. */
  readonly whole: boolean;
}

/** Every topic once, with the groups that are to hang on it. Throws where the destinations cannot be topics and queues. */
export function desiredTopics(destinations: readonly Destination[]): readonly DesiredTopic[] {
  const found = new Map<string, { of: Destination; groups: Destination[]; whole: boolean }>();
  const problems: { path: string; message: string }[] = [];
  for (const of of destinations) {
    if (of.model !== "pubsub") continue;
    const { problem } = locateTopic(of);
    for (const message of problem === undefined ? nativeProblems(of) : [problem])
      problems.push({ path: of.channel, message });
    const name = topicAddress(of);
    const topic = found.get(name) ?? { of: topicOf(of), groups: [], whole: false };
    found.set(name, topic);
    if (of.group === undefined) Object.assign(topic, { of, whole: true });
    else if (!topic.groups.some((group) => group.name === of.name)) topic.groups.push(of);
  }
  if (problems.length > 0) {
    const text = problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
    throw new MessagingError("invalid-config", text, { kind: "config", problems });
  }
  return [...found].map(([name, topic]) => ({
    ...topic,
    name,
    external: name !== topicName(topic.of),
    settings: topicSettings(topic.of),
  }));
}

function topicOf({ channel, base, ordered, baseAddress }: Destination): Destination {
  const topic = { channel, base, name: base, model: "pubsub" as const, ordered, native: {} };
  return baseAddress === undefined ? topic : { ...topic, baseAddress };
}

/** The types of the group, and what has none: a foreign producer's. Consumers check again: filters change slowly. */
export function filterPolicy({ types }: Destination): string | undefined {
  return types === undefined ? undefined : JSON.stringify({ type: [...[...types].sort(), { exists: false }] });
}
