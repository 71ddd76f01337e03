/** What the destinations need: streams, and consumers for enhanced fan-out. */
import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { consumerName, isExternal, locate, streamName, streamRef } from "../names.ts";
import type { StreamRef } from "../sdk.ts";
import { fansOut, nativeProblems, type Settings, settingsOf } from "../native.ts";
import type { KinesisOptions } from "../options.ts";

export interface DesiredStream {
  readonly name: string;
  readonly ref: StreamRef;
  /** Given by address: never created or changed. */
  readonly external: boolean;
  readonly ordered: boolean;
  readonly settings: Settings;
  readonly consumers: readonly string[];
}

export function desiredStreams(
  destinations: readonly Destination[],
  options: KinesisOptions,
): readonly DesiredStream[] {
  const problems: { path: string; message: string }[] = [];
  const found = new Map<string, Destination[]>();
  for (const of of streams(destinations)) {
    const { problem } = locate(of, fansOut(of, options.fanOut));
    for (const message of [...(problem === undefined ? [] : [problem]), ...nativeProblems(of)])
      problems.push({ path: of.channel, message });
    found.set(streamName(of), [...(found.get(streamName(of)) ?? []), of]);
  }
  if (problems.length > 0) {
    throw new MessagingError("invalid-config", problems.map(({ path, message }) => `${path}: ${message}`).join("\n"), {
      kind: "config",
      problems,
    });
  }
  return [...found].map(([name, all]) => {
    // The channel's own destination says what the stream is. A group's adds what the group needs.
    const of = all.find(({ group }) => group === undefined) ?? all[0]!;
    return {
      name,
      ref: streamRef(of),
      external: isExternal(of),
      ordered: of.ordered,
      settings: settingsOf(of),
      consumers: [...new Set(all.filter((each) => fansOut(each, options.fanOut)).map(consumerName))],
    };
  });
}

export const streams = (destinations: readonly Destination[]): readonly Destination[] =>
  destinations.filter(({ model }) => model === "stream");
