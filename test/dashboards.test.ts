/** The dashboard and the alerts of `@switchyard/otel`: they use series that exist, and Prometheus fires them when it should. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { channel, connect, consumer, DependencyDown, type MessagingEvent } from "@switchyard/core";
import { endpoints } from "@switchyard/core/endpoints";
import { virtualRuntime } from "@switchyard/core/testing";
import { adapter as memory } from "@switchyard/memory";
import { otel } from "@switchyard/otel";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { expressionsOf } from "../scripts/dashboards/dashboard.ts";
import { rulesOf } from "../scripts/dashboards/rules.ts";
import { FLAVOURS, LABELS, type Metric, seriesOf } from "../scripts/dashboards/series.ts";
import { dashboardFiles } from "../scripts/dashboards.ts";
import { installDebian, skips } from "./support/debian.ts";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

const folder = join(root, "packages/otel/dashboards");
/** Set SWITCHYARD_SKIP to `promtool` (or a list with it) to do without. */
const skipped = skips("promtool");

test("the files are what the names make: npm run dashboards", () => {
  for (const [name, text] of dashboardFiles) expect(readFileSync(join(folder, name), "utf8"), name).toBe(text);
});

/** The text that Prometheus would scrape from a service in which everything goes wrong once. */
async function scraped(): Promise<string> {
  const runtime = virtualRuntime();
  const schema = z.object({ n: z.number() });
  const jobs = channel("jobs", { messages: { job: schema } });
  const stuck = channel("stuck", { messages: { job: schema } });
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const events: MessagingEvent[] = [];
  const messaging = await connect({
    channels: [jobs, stuck],
    service: "shop",
    adapters: [memory],
    runtime,
    observe: (event) => void events.push(event),
    telemetry: otel({ meterProvider, tracerProvider: false, backlog: { every: "10s" } }),
    config: {
      connections: { main: { use: "memory" } },
      channels: {
        jobs: { model: "queue", on: "main", groups: { work: { breaker: { pause: "5m..10m" } } } },
        stuck: { model: "queue", on: "main", policy: "blocks", groups: { work: {} } },
      },
      policies: {
        default: { retry: { attempts: 2, first: "1s", max: "1s" } },
        blocks: { deadLetter: false, retry: { attempts: 1 } },
      },
    } as never,
  });
  messaging.consume(
    consumer(jobs, "work", {
      job: ({ n }) => {
        if (n === 1) throw new Error("fails");
        if (n === 2) throw new DependencyDown("down");
      },
    }),
  );
  messaging.consume(
    consumer(stuck, "work", {
      job: () => {
        throw new Error("blocks");
      },
    }),
  );
  await messaging.start();
  // Loads what asks: virtual time does not wait for a module.
  await messaging.depth(jobs);
  await messaging.publish(jobs, "job", { n: 0 });
  await messaging.publish(jobs, "job", { n: 1 });
  await messaging.publish(stuck, "job", { n: 1 });
  await runtime.advance("30s");
  const refused = messaging.publish(jobs, "job", { n: 9 }, { signal: AbortSignal.abort() }).catch(() => {});
  await Promise.all(Array.from({ length: 20 }, () => messaging.publish(jobs, "job", { n: 2 })));
  await runtime.advance("30s");
  await refused;
  const answer = await endpoints(messaging, { metrics: exporter })(new Request("http://localhost/metrics"));
  const text = await answer.text();
  const stopped = messaging.stop({ deadline: 1 });
  await runtime.advance("5m");
  await stopped;
  return text;
}

/** Series and labels that an expression names. */
const seriesIn = (expr: string) => new Set(expr.match(/\b(?:messaging|switchyard)_\w+/g));

test("every series and label that the dashboard and the alerts use is emitted", async () => {
  const text = await scraped();
  const emitted = new Set(text.match(/^[a-z_]+(?=[{ ])/gm));
  const labels = new Set([...text.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label as string));
  // No hold was lost here, and nothing failed to be sent.
  const absent = new Set<string>([seriesOf("holdsLost", "js"), LABELS.during]);
  const used = new Set(
    [...expressionsOf("js"), ...rulesOf("js").map(({ expr }) => expr)].flatMap((expr) => [...seriesIn(expr)]),
  );
  expect(used.size).toBeGreaterThan(15);
  for (const name of used) if (!absent.has(name)) expect(emitted.has(name) || labels.has(name), name).toBe(true);
});

test("the collector's flavour has the unit of seconds, and nothing else", () => {
  expect(seriesOf("operationDuration", "js")).toBe("messaging_client_operation_duration");
  expect(seriesOf("operationDuration", "collector")).toBe("messaging_client_operation_duration_seconds");
  expect(seriesOf("backlogAge", "collector")).toBe("switchyard_backlog_age_seconds");
  expect(seriesOf("sent", "collector")).toBe("messaging_client_sent_messages_total");
});

/** Values of a series, one a minute, as promtool writes them. */
interface Input {
  readonly metric: Metric;
  readonly labels?: Readonly<Record<string, string>>;
  readonly values: string;
}

const at = { [LABELS.channel]: "orders", [LABELS.group]: "billing" };
/** For each alert: series that make it fire by the given time, and series that must not. */
const CASES: Readonly<
  Record<string, { readonly minutes: number; readonly fires: readonly Input[]; readonly not: readonly Input[] }>
> = {
  SwitchyardMessageBlocked: {
    minutes: 5,
    fires: [{ metric: "blocked", values: "0 0 1 1 1 1" }],
    not: [{ metric: "blocked", values: "3x20" }],
  },
  SwitchyardDeadLetters: {
    minutes: 5,
    // The first of a group: the series begins with it.
    fires: [{ metric: "deadLetters", labels: { [LABELS.error]: "failed" }, values: "_ _ 1 1 1 1" }],
    not: [{ metric: "deadLetters", labels: { [LABELS.error]: "failed" }, values: "_x5" }],
  },
  SwitchyardRetries: {
    minutes: 25,
    fires: [
      { metric: "retries", values: "0+30x30" },
      { metric: "consumed", values: "0+60x30" },
    ],
    not: [
      { metric: "retries", values: "0+1x30" },
      { metric: "consumed", values: "0+60x30" },
    ],
  },
  SwitchyardHoldsLost: {
    minutes: 25,
    fires: [
      { metric: "holdsLost", labels: { [LABELS.during]: "handling" }, values: "0+6x30" },
      { metric: "consumed", values: "0+60x30" },
    ],
    not: [
      { metric: "holdsLost", values: "0x30" },
      { metric: "consumed", values: "0+60x30" },
    ],
  },
  SwitchyardBreakerOpen: {
    minutes: 8,
    fires: [{ metric: "breaker", values: "1x10" }],
    not: [{ metric: "breaker", values: "1 0.5 0 1 1 0 0 0 0" }],
  },
  SwitchyardPublishFails: {
    minutes: 20,
    fires: [
      { metric: "sent", values: "0+60x30" },
      { metric: "sent", labels: { [LABELS.error]: "throttled" }, values: "0+30x30" },
    ],
    not: [
      { metric: "sent", values: "0+60x30" },
      { metric: "sent", labels: { [LABELS.error]: "throttled" }, values: "0+1x30" },
    ],
  },
  SwitchyardBacklogGrows: {
    minutes: 45,
    fires: [{ metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "10+5x60" }],
    not: [{ metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "600-5x60" }],
  },
  SwitchyardBacklogOld: {
    minutes: 10,
    fires: [{ metric: "backlogAge", values: "700x12" }],
    not: [{ metric: "backlogAge", values: "300x12" }],
  },
  SwitchyardBacklogUnknown: {
    minutes: 25,
    fires: [{ metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "1 1 1 _x30" }],
    not: [{ metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "1x30" }],
  },
};

test.skipIf(skipped).each(FLAVOURS)(
  "promtool: each alert of the flavour %s fires when it should, and only then",
  async (flavour) => {
    const there = async () => (await run("promtool", ["--version"], { cwd: root })).code === 0;
    if (!(await there()) && !((await installDebian("prometheus")) && (await there())))
      throw new Error("no promtool: install Debian's prometheus, or set SWITCHYARD_SKIP=promtool to do without");
    const rules = rulesOf(flavour);
    expect(Object.keys(CASES)).toEqual(rules.map(({ alert }) => alert));
    const series = ({ metric, labels = {}, values }: Input) => {
      const pairs = Object.entries({ ...(metric === "sent" ? { [LABELS.channel]: "orders" } : at), ...labels });
      return {
        series: `${seriesOf(metric, flavour)}{${pairs.map(([name, value]) => `${name}="${value}"`).join(",")}}`,
        values,
      };
    };
    const tests = rules.flatMap(({ alert }) => {
      const { minutes, fires, not } = CASES[alert]!;
      const name = { alertname: alert, eval_time: `${minutes}m` };
      const { labels } = rules.find((rule) => rule.alert === alert)!;
      const expected = {
        exp_labels: { ...labels, ...(alert === "SwitchyardPublishFails" ? { [LABELS.channel]: "orders" } : at) },
      };
      return [
        { interval: "1m", input_series: fires.map(series), alert_rule_test: [{ ...name, exp_alerts: [expected] }] },
        { interval: "1m", input_series: not.map(series), alert_rule_test: [{ ...name, exp_alerts: [] }] },
      ];
    });
    const work = join(import.meta.dirname, ".tmp", `rules-${process.pid}-${flavour}`);
    mkdirSync(work, { recursive: true });
    try {
      // Which alerts fire is tested, not their texts.
      const bare = { groups: [{ name: "switchyard", rules: rules.map(({ annotations: _, ...rule }) => rule) }] };
      writeFileSync(join(work, "rules.yml"), stringify(bare));
      writeFileSync(join(work, "test.yml"), stringify({ rule_files: ["rules.yml"], evaluation_interval: "1m", tests }));
      const checked = await run("promtool", ["check", "rules", join(folder, `prometheus-rules.${flavour}.yml`)], {
        cwd: work,
      });
      expect(checked.output).toContain(`SUCCESS: ${rules.length} rules found`);
      const tested = await run("promtool", ["test", "rules", join(work, "test.yml")], { cwd: work });
      expect(tested.output).toContain("SUCCESS");
      expect(tested.code).toBe(0);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
);
