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

/**
 * How many replicas of work wait: messages by what one does within the latency, or on Kinesis, which tells an age only, the age by the
 * latency. Nothing while it is not known.
 */
export function workQuery(scale: Scale, flavour: Flavour): { readonly query: string; readonly threshold: string } {
  const labels = Object.entries(labelsOf(scale)).map(([name, value]) => `${name}="${value}"`);
  const state = underscored(OWN.state);
  const kinesis = scale.transport === "kinesis";
  const waiting = kinesis
    ? `${ageSeries(flavour)}{${labels.join(",")}}`
    : `${underscored(OWN_METRICS.backlog)}{${[...labels, `${state}="ready"`].join(",")}}`;
  const of = [...labels, `${state}="${kinesis ? "oldest" : "ready"}"`];
  const unknown = `${underscored(OWN_METRICS.backlogUnknown)}{${of.join(",")}}`;
  return {
    query: `max(${waiting} unless ignoring(${state}) ${unknown} == 1)`,
    threshold: String(kinesis ? scale.latencySeconds : scale.perReplica),
  };
}
