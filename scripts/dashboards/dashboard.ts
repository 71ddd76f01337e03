/** A dashboard for Grafana. */
import { type Flavour, knownAge, knownBacklog, LABELS, type Metric, seriesOf } from "./series.ts";

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  /** Expressions with their legends. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
}

const WHICH = `{{${LABELS.channel}}}/{{${LABELS.group}}}`;
const BY = `${LABELS.channel}, ${LABELS.group}`;
/** What the variables of the dashboard choose. A publisher's series have no group. */
const CHANNEL = `${LABELS.channel}=~"$channel"`;
const GROUP = `${CHANNEL}, ${LABELS.group}=~"$group"`;

export function panelsOf(flavour: Flavour): readonly Panel[] {
  const of = (metric: Metric) => seriesOf(metric, flavour);
  const rate = (metric: Metric, where: string, by: string) =>
    `sum by (${by}) (rate(${of(metric)}{${where}}[$__rate_interval]))`;
  const quantile = (q: number, metric: Metric, where: string, by: string) =>
    `histogram_quantile(${q}, sum by (le, ${by}) (rate(${of(metric)}_bucket{${where}}[$__rate_interval])))`;
  return [
    {
      title: "Backlog",
      description: "Messages that wait. One process reports it, so this is a maximum and no sum.",
      unit: "short",
      queries: [
        [`max by (${BY}, ${LABELS.state}) (${knownBacklog(flavour, [GROUP])})`, `${WHICH} {{${LABELS.state}}}`],
      ],
    },
    {
      title: "Age of the oldest message",
      description: "Where the broker tells it.",
      unit: "s",
      queries: [[`max by (${BY}) (${knownAge(flavour, [GROUP])})`, WHICH]],
    },
    {
      title: "Sent and delivered",
      description: "Messages a second. Redeliveries count as deliveries.",
      unit: "short",
      queries: [
        [rate("sent", `${CHANNEL}, ${LABELS.error}=""`, LABELS.channel), `{{${LABELS.channel}}} sent`],
        [rate("sent", `${CHANNEL}, ${LABELS.error}!=""`, LABELS.channel), `{{${LABELS.channel}}} send failed`],
        [rate("consumed", GROUP, BY), `${WHICH} delivered`],
      ],
    },
    {
      title: "Handlers by outcome",
      description: "Attempts a second.",
      unit: "short",
      queries: [
        [
          `sum by (${BY}, ${LABELS.outcome}) (rate(${of("processDuration")}_count{${GROUP}}[$__rate_interval]))`,
          `${WHICH} {{${LABELS.outcome}}}`,
        ],
      ],
    },
    {
      title: "Time of handlers",
      description: "Median and 99th percentile, by type. They should be far below the hold.",
      unit: "s",
      queries: [
        [quantile(0.5, "processDuration", GROUP, `${BY}, ${LABELS.type}`), `${WHICH} {{${LABELS.type}}} p50`],
        [quantile(0.99, "processDuration", GROUP, `${BY}, ${LABELS.type}`), `${WHICH} {{${LABELS.type}}} p99`],
      ],
    },
    {
      title: "Retries, dead letters, losses, blocked",
      description: "A second. A rising rate of retries is an outage that begins; dead letters need somebody.",
      unit: "short",
      queries: [
        [rate("retries", GROUP, BY), `${WHICH} retries`],
        [rate("deadLetters", GROUP, BY), `${WHICH} dead letters`],
        [rate("holdsLost", GROUP, `${BY}, ${LABELS.during}`), `${WHICH} lost {{${LABELS.during}}}`],
        [rate("blocked", GROUP, BY), `${WHICH} blocked`],
        [rate("positionsLost", GROUP, BY), `${WHICH} positions lost`],
      ],
    },
    {
      title: "In flight, breakers, leases",
      description: "Messages held by all processes; 1 for an open breaker; moves of leases a second.",
      unit: "short",
      queries: [
        [`sum by (${BY}) (${of("inFlight")}{${GROUP}})`, `${WHICH} in flight`],
        [`max by (${BY}) (${of("breaker")}{${GROUP}})`, `${WHICH} breaker`],
        [rate("leaseMoves", GROUP, BY), `${WHICH} lease moves`],
      ],
    },
    {
      title: "Time of calls of the broker",
      description: "99th percentile.",
      unit: "s",
      queries: [
        [
          quantile(0.99, "operationDuration", CHANNEL, `${LABELS.channel}, ${LABELS.operation}`),
          `{{${LABELS.channel}}} {{${LABELS.operation}}}`,
        ],
      ],
    },
    {
      title: "Calls for each message",
      description: "What the broker bills, over what was delivered.",
      unit: "short",
      queries: [
        [
          `${rate("calls", CHANNEL, LABELS.channel)} / ${rate("consumed", CHANNEL, LABELS.channel)}`,
          `{{${LABELS.channel}}}`,
        ],
      ],
    },
  ];
}

const SOURCE = { type: "prometheus", uid: "${datasource}" };

/** The dashboard as Grafana imports it. */
export function dashboardOf(flavour: Flavour): object {
  const variable = (name: string, label: string) => ({
    name,
    type: "query",
    datasource: SOURCE,
    query: `label_values(${seriesOf("consumed", flavour)}, ${label})`,
    refresh: 2,
    includeAll: true,
    allValue: ".*",
    multi: true,
    current: { text: "All", value: "$__all" },
  });
  return {
    uid: `switchyard-${flavour}`,
    title: "Switchyard",
    tags: ["switchyard", "messaging"],
    schemaVersion: 39,
    editable: true,
    time: { from: "now-3h", to: "now" },
    refresh: "30s",
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus" },
        variable("channel", LABELS.channel),
        variable("group", LABELS.group),
      ],
    },
    panels: panelsOf(flavour).map(({ title, description, unit, queries }, at) => ({
      id: at + 1,
      type: "timeseries",
      title,
      description,
      datasource: SOURCE,
      gridPos: { h: 8, w: 12, x: (at % 2) * 12, y: Math.floor(at / 2) * 8 },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: queries.map(([expr, legendFormat], index) => ({
        refId: String.fromCodePoint(65 + index),
        datasource: SOURCE,
        expr,
        legendFormat,
      })),
    })),
  };
}
