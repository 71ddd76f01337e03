import { CONVENTIONAL, OWN, OWN_METRICS } from "../names.ts";
import type { Scale } from "./scale.ts";

const underscored = (name: string): string => name.replace(/\W/g, "_");

/** Labels of a group, as Prometheus writes them. */
export const labelsOf = ({ input }: Scale): Readonly<Record<string, string>> => ({
  [underscored(CONVENTIONAL.channel)]: input.channel,
  [underscored(CONVENTIONAL.group)]: input.group,
});

/** How many replicas of work wait: messages by what one does within the latency, or on Kinesis, which tells an age only, the age by the latency. */
export function workQuery(scale: Scale): { readonly query: string; readonly threshold: string } {
  const labels = Object.entries(labelsOf(scale)).map(([name, value]) => `${name}="${value}"`);
  const by = (metric: string, more: readonly string[]) =>
    `max(${underscored(metric)}{${[...labels, ...more].join(",")}})`;
  if (scale.transport === "kinesis")
    return { query: by(OWN_METRICS.backlogAge, []), threshold: String(scale.latencySeconds) };
  return {
    query: by(OWN_METRICS.backlog, [`${underscored(OWN.state)}="ready"`]),
    threshold: String(scale.perReplica),
  };
}
