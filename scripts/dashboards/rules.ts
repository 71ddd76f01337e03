/** Alerts, as rules of Prometheus. */
import { type Flavour, knownAge, knownBacklog, LABELS, type Metric, seriesOf } from "./series.ts";

const BY = `${LABELS.channel}, ${LABELS.group}`;
const WHICH = `{{ $labels.${LABELS.channel} }}/{{ $labels.${LABELS.group} }}`;
const RUNBOOK = "https://github.com/switchyard-js/switchyard/blob/main/docs/guides/on-call.md";

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: "page" | "ticket" };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

interface Draft {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity: "page" | "ticket";
  readonly summary: string;
  readonly description: string;
}

/** The alerts. What a broker does not tell is absent, and an alert on it never fires. */
export function rulesOf(flavour: Flavour): readonly Rule[] {
  const of = (metric: Metric) => seriesOf(metric, flavour);
  const increase = (metric: Metric, over: string, only = "") =>
    `sum by (${BY}) (increase(${of(metric)}${only}[${over}]))`;
  const since = (metric: Metric) => `sum by (${BY}) (${of(metric)}) unless sum by (${BY}) (${of(metric)} offset 15m)`;
  const rate = (metric: Metric, only = "") => `sum by (${BY}) (rate(${of(metric)}${only}[10m]))`;
  // One process reports a backlog. If two do, it is the same number.
  const ready = `max by (${BY}) (${knownBacklog(flavour, [`${LABELS.state}="ready"`])})`;
  const drafts: readonly Draft[] = [
    {
      alert: "SwitchyardMessageBlocked",
      expr: `${increase("blocked", "10m")} > 0`,
      severity: "page",
      summary: `${WHICH}: a message is blocked, and its key waits`,
      description: "It could not become a dead letter: a queue or a right is missing, or its policy says so.",
    },
    {
      alert: "SwitchyardPositionLost",
      // As with dead letters: a group that comes back after days begins with it.
      expr: `${increase("positionsLost", "15m")} > 0 or (${since("positionsLost")}) > 0`,
      severity: "page",
      summary: `${WHICH}: retention has overtaken the group, and messages are lost`,
      description: "The stream no longer has the position where the group stopped reading.",
    },
    {
      alert: "SwitchyardDeadLetters",
      // The counter of a code begins with its first message, which is no increase.
      expr: `${increase("deadLetters", "15m")} > 0 or (${since("deadLetters")}) > 0`,
      severity: "ticket",
      summary: `${WHICH}: {{ $value | humanize }} messages became dead letters`,
      description: "Mend the cause, then redrive them.",
    },
    {
      alert: "SwitchyardRetries",
      expr: `${rate("retries")} / ${rate("consumed")} > 0.25`,
      for: "10m",
      severity: "ticket",
      summary: `${WHICH}: {{ $value | humanizePercentage }} of the deliveries fail`,
      description: "What the handlers call may be down.",
    },
    {
      alert: "SwitchyardHoldsLost",
      expr: `${rate("holdsLost")} / ${rate("consumed")} > 0.01`,
      for: "10m",
      severity: "ticket",
      summary: `${WHICH}: {{ $value | humanizePercentage }} of the deliveries lose their hold and come again`,
      description: "Handlers take longer than the hold, or settlements do not reach the broker.",
    },
    {
      alert: "SwitchyardBreakerOpen",
      // Half-open counts, too: a tried message that waits for what is down would begin the five minutes anew.
      expr: `max by (${BY}) (${of("breaker")}) > 0`,
      for: "5m",
      severity: "page",
      summary: `${WHICH}: the circuit breaker is open, and nothing is handled`,
      description: "What the handlers need is down. The group tries again by itself.",
    },
    {
      alert: "SwitchyardPublishFails",
      expr: `sum by (${LABELS.channel}) (rate(${of("sent")}{${LABELS.error}!=""}[10m])) / sum by (${LABELS.channel}) (rate(${of("sent")}[10m])) > 0.05`,
      for: "5m",
      severity: "page",
      summary: `{{ $labels.${LABELS.channel} }}: {{ $value | humanizePercentage }} of the sends fail`,
      description: "The broker refuses or does not answer. Publishing waits, and fails at its timeout.",
    },
    {
      alert: "SwitchyardBacklogGrows",
      expr: `min_over_time((${ready})[30m:1m]) > 0 and deriv((${ready})[30m:1m]) > 0`,
      for: "10m",
      severity: "ticket",
      summary: `${WHICH}: the backlog has grown for half an hour`,
      description: "Consumers are too few, too slow, or fail. Add some, up to the number of partitions or keys.",
    },
    {
      alert: "SwitchyardBacklogStands",
      // Without an age, as on RabbitMQ and SQS, a backlog that neither grows nor shrinks shows in nothing else.
      expr: `${ready} > 0 unless sum by (${BY}) (increase(${of("consumed")}[15m])) > 0`,
      for: "15m",
      severity: "page",
      summary: `${WHICH}: messages wait, and none has been delivered for half an hour`,
      description:
        "No consumer runs, or none receives. With handlers that take longer than a quarter of an hour, raise the times.",
    },
    {
      alert: "SwitchyardBacklogOld",
      expr: `max by (${BY}) (${knownAge(flavour)}) > 600`,
      for: "5m",
      severity: "page",
      summary: `${WHICH}: the oldest message is {{ $value | humanizeDuration }} old`,
      description: "Only brokers that tell an age have this series: Kinesis, SQS with `cloudWatch: true`, and memory.",
    },
    {
      alert: "SwitchyardBacklogUnknown",
      expr: `max by (${BY}) (present_over_time(${of("backlog")}[1h])) unless max by (${BY}) (${knownBacklog(flavour)}) or max by (${BY}) (${of("backlogUnknown")}{${LABELS.group}=""}) > 0`,
      for: "10m",
      severity: "ticket",
      summary: `${WHICH}: nobody reports the backlog`,
      description:
        "The process that reports it is gone, or the broker does not answer it. Without a group: it never did.",
    },
  ];
  return drafts.map(({ severity, summary, description, ...rule }) => ({
    ...rule,
    labels: { severity },
    // The page has a section for each alert.
    annotations: { summary, description, runbook_url: `${RUNBOOK}#${rule.alert.toLowerCase()}` },
  }));
}
