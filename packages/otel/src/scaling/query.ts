import { MessagingError } from "@switchyard/core";
import { CONVENTIONAL, OWN, OWN_METRICS } from "../names.ts";
import type { Scale } from "./scale.ts";

/**
 * Who exports the metrics to Prometheus, as the files of dashboards are called. `js`: `@opentelemetry/exporter-prometheus`. `collector`:
 * OpenTelemetry's collector or Prometheus's OTLP receiver, which add the unit to a name.
 */
export type Flavour = "js" | "collector";

const underscored = (name: string): string => name.replace(/\W/g, "_");

/** The series of the oldest message's age, in seconds. */
export function ageSeries(flavour: Flavour): string {
  if (flavour !== "js" && flavour !== "collector")
    throw new MessagingError("bad-option", 'flavour: pass "js" or "collector", by who exports the metrics', {
      kind: "config",
    });
  return `${underscored(OWN_METRICS.backlogAge)}${flavour === "collector" ? "_seconds" : ""}`;
}

/** Labels of a group, as Prometheus writes them. */
export const labelsOf = ({ input }: Scale): Readonly<Record<string, string>> => ({
  [underscored(CONVENTIONAL.channel)]: input.channel,
  [underscored(CONVENTIONAL.group)]: input.group,
});

/** How many replicas of work wait: messages by what one does within the latency, or on Kinesis, which tells an age only, the age by the latency. */
export function workQuery(scale: Scale, flavour: Flavour): { readonly query: string; readonly threshold: string } {
  const labels = Object.entries(labelsOf(scale)).map(([name, value]) => `${name}="${value}"`);
  const by = (metric: string, more: readonly string[]) => `max(${metric}{${[...labels, ...more].join(",")}})`;
  if (scale.transport === "kinesis")
    return { query: by(ageSeries(flavour), []), threshold: String(scale.latencySeconds) };
  return {
    query: by(underscored(OWN_METRICS.backlog), [`${underscored(OWN.state)}="ready"`]),
    threshold: String(scale.perReplica),
  };
}
