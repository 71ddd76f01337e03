/** What our metrics are called in Prometheus, by who exports them. */
import { CONVENTIONAL, CONVENTIONAL_METRICS, OWN, OWN_METRICS } from "../../packages/otel/src/names.ts";

/**
 * `js`: OpenTelemetry's exporter for JavaScript, which leaves units out. `collector`: OpenTelemetry's collector and Prometheus's own OTLP
 * receiver as they are by default, which add the unit [opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics].
 */
export const FLAVOURS = ["js", "collector"] as const;
export type Flavour = (typeof FLAVOURS)[number];

export const METRICS = { ...CONVENTIONAL_METRICS, ...OWN_METRICS };
export type Metric = keyof typeof METRICS;

/** What kind of series each is, and whether its unit is seconds. The other units are annotations, which no exporter writes. */
const KINDS: Readonly<Record<Metric, { readonly kind: "counter" | "gauge" | "histogram"; readonly seconds?: true }>> = {
  operationDuration: { kind: "histogram", seconds: true },
  processDuration: { kind: "histogram", seconds: true },
  sent: { kind: "counter" },
  consumed: { kind: "counter" },
  inFlight: { kind: "gauge" },
  retries: { kind: "counter" },
  deadLetters: { kind: "counter" },
  holdsLost: { kind: "counter" },
  blocked: { kind: "counter" },
  positionsLost: { kind: "counter" },
  leaseMoves: { kind: "counter" },
  breaker: { kind: "gauge" },
  calls: { kind: "counter" },
  backlog: { kind: "gauge" },
  backlogAge: { kind: "gauge", seconds: true },
  backlogUnknown: { kind: "gauge" },
  partition: { kind: "gauge" },
  partitionAge: { kind: "gauge", seconds: true },
};

const underscored = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, "_");

/** The name of a series; of a histogram, without `_bucket`, `_sum` or `_count`. */
export function seriesOf(metric: Metric, flavour: Flavour): string {
  const { kind, seconds } = KINDS[metric];
  const unit = seconds === true && flavour === "collector" ? "_seconds" : "";
  return `${underscored(METRICS[metric])}${unit}${kind === "counter" ? "_total" : ""}`;
}

/** The labels that queries use. */
export const LABELS = {
  channel: underscored(CONVENTIONAL.channel),
  group: underscored(CONVENTIONAL.group),
  operation: underscored(CONVENTIONAL.operation),
  error: underscored(CONVENTIONAL.error),
  type: underscored(OWN.type),
  outcome: underscored(OWN.outcome),
  state: underscored(OWN.state),
  during: underscored(OWN.during),
} as const;

/**
 * Selectors of the backlog as far as it is known. OpenTelemetry's SDK for JavaScript goes on exporting the last value of a series that is
 * observed no more.
 */
export function knownBacklog(flavour: Flavour, labels: readonly string[] = []): string {
  const where = braced(labels);
  return `${seriesOf("backlog", flavour)}${where} unless ${seriesOf("backlogUnknown", flavour)}${where} == 1`;
}

/** As {@link knownBacklog}, of the oldest message's age. */
export function knownAge(flavour: Flavour, labels: readonly string[] = []): string {
  const unknown = `${seriesOf("backlogUnknown", flavour)}${braced([...labels, `${LABELS.state}="oldest"`])}`;
  return `${seriesOf("backlogAge", flavour)}${braced(labels)} unless ignoring (${LABELS.state}) ${unknown} == 1`;
}

const braced = (labels: readonly string[]): string => (labels.length === 0 ? "" : `{${labels.join(", ")}}`);
