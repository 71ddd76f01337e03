import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { locateTopic, topicAddress, topicName } from "../names.ts";
import { nativeProblems, type TopicSettings, topicSettings } from "../native.ts";

export interface DesiredTopic {
  /** The topic's own destination. It is derived if only groups were given. */
  readonly of: Destination;
  /** Its name, or the address it was given. */
  readonly name: string;
  /** True if it was given by address. It must exist, and its settings are left to its owner. */
  readonly external: boolean;
  readonly settings: TopicSettings;
  readonly groups: readonly Destination[];
  /** True if the list of groups is complete, so that an existing group which is not in it was removed from the configuration. */
  readonly whole: boolean;
}

/** Each topic once, with its groups. Throws if a destination cannot be a topic or a queue. */
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

/**
 * Lets through the group's types and messages without a type, which other producers send. Consumers check types again, because a changed
 * filter takes time to apply.
 */
export function filterPolicy({ types }: Destination): string | undefined {
  return types === undefined ? undefined : JSON.stringify({ type: [...[...types].sort(), { exists: false }] });
}
