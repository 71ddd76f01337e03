/** What the configuration says of time: whether a hold outlasts its handler, and dead letters the messages that they come from. */
import type { Explanation, PlannedResources } from "@switchyard/core";
import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";
import type { Finding } from "./finding.ts";

/** `handlerMs`: the longest that a handler runs, if somebody says so. Groups that a function runs have its timeout in the configuration. */
export function holds({ channels }: Explanation, handlerMs: number | undefined): readonly Finding[] {
  return Object.entries(channels).flatMap(([channel, { groups, capabilities, notPortable, transport }]) =>
    Object.entries(groups).flatMap(([group, { hold, runsOn }]): readonly Finding[] => {
      const name = `${channel}/${group}`;
      if (runsOn !== undefined) return functions(name, `groups.${group}.native.lambda`, runsOn, notPortable);
      const holdMs = parseDuration(hold);
      if (handlerMs === undefined || holdMs === undefined) return [];
      const longest = `a handler of ${formatDuration(handlerMs)}`;
      if (capabilities.holdExtend)
        return [
          { check: "hold", status: "ok", text: `${name}: the hold of ${hold} is extended while ${longest} runs` },
        ];
      if (holdMs > handlerMs)
        return [{ check: "hold", status: "ok", text: `${name}: the hold of ${hold} outlasts ${longest}` }];
      const text = `${name}: ${longest} outlasts the hold of ${hold}, which ${transport} cannot extend: its message is handled twice; set \`hold\` of the group to more than ${formatDuration(handlerMs)}`;
      return [{ check: "hold", status: "failure", text }];
    }),
  );
}

/** That `hold` fits the timeout is checked with the configuration, and the mapping with the topology; both need to be told of it. */
function functions(name: string, path: string, runsOn: string, native: readonly string[]): readonly Finding[] {
  // A queue's settings are those of its one group.
  if (native.includes(path) || native.includes("native.lambda"))
    return [{ check: "lambda", status: "ok", text: `${name}: its event source mapping is compared with ${path}` }];
  const text = `${name} runs on ${runsOn}, and nobody compares its timeout and its mapping with \`hold\` and the policy; set ${path}: { function: NAME, timeout: 60s }`;
  return [{ check: "lambda", status: "warning", text }];
}

/**
 * A broker that moves a message to its dead letters by itself does not begin its age anew (SQS standard queues). So dead letters that are
 * kept no longer than their source may be gone as soon as they are there.
 */
export function retentions({ connections }: PlannedResources): readonly Finding[] {
  return Object.values(connections).flatMap(({ resources }) => {
    // A policy has the name of its queue.
    const kept = new Map(
      resources.flatMap(({ name, properties: its }) => (keptOf(its) === undefined ? [] : [[name, keptOf(its)]])),
    );
    return resources.flatMap(({ name, properties }): readonly Finding[] => {
      const dead = deadOf(properties);
      const [own, its] = [keptOf(properties), dead === undefined ? undefined : kept.get(dead)];
      if (own === undefined || its === undefined || dead === undefined) return [];
      const [source, letters] = [formatDuration(own), formatDuration(its)];
      if (its > own)
        return [
          { check: "retention", status: "ok", text: `${dead} keeps letters for ${letters}, ${name} for ${source}` },
        ];
      const text = `${dead} keeps dead letters for ${letters}, and ${name} its messages for ${source}: a letter may be gone before anybody sees it; keep the dead letters longer, or set a shorter \`retention\` on the channel`;
      return [{ check: "retention", status: "failure", text }];
    });
  });
}

type Properties = Readonly<Record<string, unknown>>;

/** Milliseconds. Undefined: without an end, or the resource is no queue. */
function keptOf({ MessageRetentionPeriod: seconds, arguments: given }: Properties): number | undefined {
  if (typeof seconds === "number") return seconds * 1_000;
  const ttl = (given as Properties | undefined)?.["x-message-ttl"];
  return typeof ttl === "number" ? ttl : undefined;
}

/** The name of the queue of its dead letters. */
function deadOf({ RedrivePolicy: redrive, arguments: given }: Properties): string | undefined {
  const { deadLetterTargetArn: arn } = (redrive ?? {}) as Properties;
  if (typeof arn === "string") return arn.slice(arn.lastIndexOf(":") + 1);
  const key = (given as Properties | undefined)?.["x-dead-letter-routing-key"];
  return typeof key === "string" ? key : undefined;
}
