/** The dashboard and the alerts of `@switchyard/otel`: they use series that exist, and Prometheus fires them when it should. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { seamFaults } from "@switchyard/contract";
import { channel, connect, consumer, DependencyDown, type Explanation } from "@switchyard/core";
import { endpoints } from "@switchyard/core/endpoints";
import { virtualRuntime } from "@switchyard/core/testing";
import { adapter as memory } from "@switchyard/memory";
import { otel } from "@switchyard/otel";
import { kedaScaledObject, scaleOf } from "@switchyard/otel/scaling";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { panelsOf } from "../scripts/dashboards/dashboard.ts";
import { rulesOf } from "../scripts/dashboards/rules.ts";
import { FLAVOURS, LABELS, METRICS, type Metric, seriesOf } from "../scripts/dashboards/series.ts";
import { dashboardFiles } from "../scripts/dashboards.ts";
import { skips } from "./support/debian.ts";
import { needPromtool } from "./support/prometheus.ts";
import { run } from "./support/run.ts";
import { root } from "./support/workspace.ts";

const folder = join(root, "packages/otel/dashboards");
/** Set SWITCHYARD_SKIP to `promtool` (or a list with it) to do without. */
const skipped = skips("promtool");

test("the files are what the names make: npm run dashboards", () => {
  for (const [name, text] of dashboardFiles) expect(readFileSync(join(folder, name), "utf8"), name).toBe(text);
});

const schema = z.object({ n: z.number() });
const jobs = channel("jobs", { messages: { job: schema } });
const stuck = channel("stuck", { messages: { job: schema } });
const slow = channel("slow", { messages: { job: schema } });

/** What Prometheus scrapes, twice, from a service in which everything goes wrong. */
async function scraped(): Promise<{ readonly texts: readonly string[]; readonly explanation: Explanation }> {
  const runtime = virtualRuntime();
  const { adapter, control } = seamFaults(memory);
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const messaging = await connect({
    channels: [jobs, stuck, slow],
    service: "shop",
    adapters: [adapter],
    runtime,
    observe: () => {},
    telemetry: otel({ meterProvider, tracerProvider: false, backlog: { every: "10s" } }),
    config: {
      connections: { main: { use: "memory" } },
      channels: {
        jobs: { model: "queue", on: "main", groups: { work: { breaker: { pause: "5m..10m" } } } },
        stuck: { model: "queue", on: "main", policy: "blocks", groups: { work: {} } },
        slow: { model: "queue", on: "main", groups: { work: { hold: "10s" } } },
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
  messaging.consume(consumer(slow, "work", { job: () => runtime.sleep(60_000) }));
  await messaging.start();
  // Loads what asks: virtual time does not wait for a module.
  await messaging.depth(jobs);
  const texts: string[] = [];
  for (const round of [1, 2]) {
    await messaging.publish(jobs, "job", { n: 0 });
    await messaging.publish(jobs, "job", { n: 1 });
    await messaging.publish(stuck, "job", { n: 1 });
    // Its hold ends while its handler runs.
    control.next("extend", "error");
    await messaging.publish(slow, "job", { n: 1 });
    control.next("send", "throttle", 1);
    const resent = messaging.publish(jobs, "job", { n: 0 });
    await runtime.advance("30s");
    await resent;
    control.heal();
    if (round === 2) {
      await Promise.all(Array.from({ length: 20 }, () => messaging.publish(jobs, "job", { n: 2 })));
      await runtime.advance("30s");
    }
    const answer = await endpoints(messaging, { metrics: exporter })(new Request("http://localhost/metrics"));
    texts.push(await answer.text());
  }
  const stopped = messaging.stop({ deadline: 1 });
  await runtime.advance("5m");
  await stopped;
  return { texts, explanation: messaging.explain() };
}

/** A series as `promtool` takes it. */
interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** Scrapes of one target, a minute apart. */
function inputOf(texts: readonly string[]): InputSeries[] {
  const scrapes = texts.map(
    (text) => new Map([...text.matchAll(/^([a-z]\w+(?:\{.*\})?) (\S+)/gm)].map(([, k, v]) => [k!, v!])),
  );
  const names = new Set(scrapes.flatMap((scrape) => [...scrape.keys()]));
  return [...names].map((series) => ({ series, values: scrapes.map((each) => each.get(series) ?? "_").join(" ") }));
}

/** Tests that the expressions have values, each with all of its labels. */
const answers = (
  input_series: readonly InputSeries[],
  asked: readonly { expr: string; labels: readonly string[] }[],
) => ({
  interval: "1m",
  input_series,
  promql_expr_test: asked.map(({ expr, labels }) => ({
    expr: `count by (lacks) (${labels.reduce(
      (inner, label) => `label_replace(${inner}, "lacks", "${label}", "${label}", "")`,
      expr,
    )}) > bool 0`,
    eval_time: "1m",
    exp_samples: [{ labels: "{}", value: 1 }],
  })),
});

/** `promtool test rules`, with rules or without. */
async function promtool(tests: readonly object[], rules?: readonly object[]): Promise<string> {
  await needPromtool();
  const work = mkdtempSync(join(tmpdir(), "switchyard-promtool-"));
  try {
    if (rules !== undefined)
      writeFileSync(join(work, "rules.yml"), stringify({ groups: [{ name: "switchyard", rules }] }));
    const rule_files = rules === undefined ? [] : ["rules.yml"];
    writeFileSync(join(work, "test.yml"), stringify({ rule_files, evaluation_interval: "1m", tests }));
    return (await run("promtool", ["test", "rules", "test.yml"], { cwd: work })).output;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const RANGES = ["$__rate_interval", "4m"] as const;
const labelsOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, label]) => label!);

test.skipIf(skipped)(
  "Prometheus answers each query of the dashboard, the alerts and the scalers with what is really emitted, unless SWITCHYARD_SKIP says promtool",
  async () => {
    const { texts, explanation } = await scraped();
    const scale = scaleOf(explanation, {
      channel: "jobs",
      group: "work",
      name: "worker",
      handler: "1s",
      latency: "1m",
      max: 5,
    });
    const tests = FLAVOURS.map((flavour) => {
      const named = texts.map((text) =>
        (Object.keys(METRICS) as Metric[]).reduce(
          (so, metric) => so.replaceAll(seriesOf(metric, "js"), seriesOf(metric, flavour)),
          text,
        ),
      );
      const panels = panelsOf(flavour).flatMap(({ queries }) =>
        queries.map(([expr, legend]) => ({
          expr: expr.replaceAll(...RANGES).replaceAll(/\$(?:channel|group)/g, ".*"),
          labels: labelsOf(legend, /\{\{(\w+)\}\}/g),
        })),
      );
      // Whether an alert fires is tested below. Here: each series that it reads is there, with the labels that its text names.
      const alerts = rulesOf(flavour).flatMap(({ expr, annotations }) =>
        labelsOf(expr, /((?:messaging|switchyard)_\w+(?:\{[^}]*\})?)(?=[[)]| offset| unless| ==)/g)
          .filter((selector) => !Object.values(LABELS).includes(selector as never))
          // Here each broker has answered.
          .filter((selector) => !selector.includes(`${LABELS.group}=""`))
          .map((selector) => ({ expr: selector, labels: labelsOf(annotations.summary, /\$labels\.(\w+)/g) })),
      );
      expect(alerts.length).toBeGreaterThan(rulesOf(flavour).length);
      const scalers = ["memory", "kinesis"].map((transport) => {
        const scaled: any = kedaScaledObject({ ...scale, transport }, { flavour });
        return { expr: scaled.spec.triggers[0].metadata.query, labels: [] };
      });
      return answers(inputOf(named), [...panels, ...alerts, ...scalers]);
    });
    expect(await promtool(tests)).toContain("SUCCESS");
  },
);

test.skipIf(skipped)(
  "five replicas that all report a backlog: the dashboard, the alerts and the scaler see it once, unless SWITCHYARD_SKIP says promtool",
  async () => {
    const runtime = virtualRuntime();
    const exporters = Array.from({ length: 5 }, () => new PrometheusExporter({ preventServerStart: true }));
    const replicas = await Promise.all(
      exporters.map((exporter) =>
        connect({
          channels: [jobs],
          service: "shop",
          adapters: [memory],
          runtime,
          observe: () => {},
          telemetry: otel({
            meterProvider: new MeterProvider({ readers: [exporter] }),
            tracerProvider: false,
            backlog: { every: "10s" },
          }),
          config: {
            connections: { main: { use: "memory", broker: `five-${process.pid}` } },
            channels: { jobs: { model: "queue", on: "main", groups: { work: {} } } },
          },
        }),
      ),
    );
    await Promise.all(replicas.map((replica) => replica.depth(jobs)));
    for (const n of [1, 2, 3, 4, 5, 6, 7]) await replicas[0]!.publish(jobs, "job", { n });
    await runtime.advance("15s");
    const scrapes = await Promise.all(
      exporters.map((metrics, at) =>
        endpoints(replicas[at]!, { metrics })(new Request("http://localhost/metrics")).then((answer) => answer.text()),
      ),
    );
    const asked = { channel: "jobs", group: "work", name: "worker", handler: "1s", latency: "1m", max: 5 } as const;
    const scaled: any = kedaScaledObject(scaleOf(replicas[0]!.explain(), asked), {});
    await Promise.all(replicas.map((replica) => replica.stop()));
    const input_series = scrapes.flatMap((text, at) =>
      inputOf([text]).map(({ series, values }) => ({ series: series.replace("{", `{instance="${at}",`), values })),
    );
    const [backlog] = panelsOf("js")[0]!.queries[0]!;
    const grows = rulesOf("js").find(({ alert }) => alert === "SwitchyardBacklogGrows")!;
    const [, ready] = /min_over_time\(\((.*?)\)\[/.exec(grows.expr)!;
    const sample = (expr: string, value: number) => ({
      expr: `sum(${expr.replaceAll(/\$(?:channel|group)/g, ".*")})`,
      eval_time: "0m",
      exp_samples: [{ labels: "{}", value }],
    });
    const promql_expr_test = [
      // This is why each of them takes the maximum.
      sample(seriesOf("backlog", "js"), 35),
      sample(backlog, 7),
      sample(ready!, 7),
      sample(scaled.spec.triggers[0].metadata.query, 7),
    ];
    expect(await promtool([{ interval: "1m", input_series, promql_expr_test }])).toContain("SUCCESS");
  },
);

test("each alert has its section in the runbook, where its annotation leads, and its severity stands there", () => {
  const page = readFileSync(join(root, "docs/guides/on-call.md"), "utf8");
  const rules = rulesOf("js");
  const sections = page.split(/^## /m).filter((section) => section.startsWith("Switchyard"));
  expect(sections.map((section) => section.split("\n")[0])).toEqual(rules.map(({ alert }) => alert));
  for (const [at, { alert, labels, annotations }] of rules.entries()) {
    expect(annotations.runbook_url.split("/blob/main/")[1]).toBe(`docs/guides/on-call.md#${alert.toLowerCase()}`);
    expect(sections[at]!.toLowerCase(), alert).toContain(`\n**${labels.severity}.** `);
  }
  const table = readFileSync(join(root, "docs/guides/metrics.md"), "utf8");
  for (const { alert, labels } of rules) expect(table).toContain(`| \`${alert}\` | ${labels.severity} |`);
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
  Record<
    string,
    {
      readonly minutes: number;
      readonly fires: readonly Input[];
      /** Others that make it fire. */
      readonly also?: readonly Input[];
      readonly not: readonly Input[];
    }
  >
> = {
  SwitchyardMessageBlocked: {
    minutes: 5,
    fires: [{ metric: "blocked", values: "0 0 1 1 1 1" }],
    not: [{ metric: "blocked", values: "3x20" }],
  },
  SwitchyardPositionLost: {
    minutes: 5,
    fires: [{ metric: "positionsLost", values: "0 0 1 1 1 1" }],
    not: [{ metric: "positionsLost", values: "0x20" }],
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
    // While it is open one message is tried now and then, and its handler may wait for long.
    fires: [{ metric: "breaker", values: "1 0.5 1 0.5 0.5 1 1 0.5 1" }],
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
  SwitchyardBacklogStands: {
    minutes: 45,
    // Nobody has consumed since the process that reports began, or since ten minutes after.
    fires: [
      { metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "5x60" },
      { metric: "consumed", values: "0+10x10 100x50" },
    ],
    not: [
      { metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "5x60" },
      { metric: "consumed", values: "0+1x60" },
    ],
  },
  SwitchyardBacklogOld: {
    minutes: 10,
    fires: [{ metric: "backlogAge", values: "700x12" }],
    // It was old when the broker last told.
    not: [
      { metric: "backlogAge", values: "300 300 700x12" },
      { metric: "backlogUnknown", labels: { [LABELS.state]: "oldest" }, values: "0 0 1x12" },
    ],
  },
  SwitchyardBacklogUnknown: {
    minutes: 25,
    fires: [{ metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "1 1 1 _x30" }],
    // The broker does not answer, and the SDK exports what it said last.
    also: [
      { metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "1x30" },
      { metric: "backlogUnknown", labels: { [LABELS.state]: "ready" }, values: "0 0 0 1x30" },
    ],
    // RabbitMQ does not tell what others hold.
    not: [
      { metric: "backlog", labels: { [LABELS.state]: "ready" }, values: "1x30" },
      { metric: "backlog", labels: { [LABELS.state]: "held" }, values: "1x30" },
      { metric: "backlogUnknown", labels: { [LABELS.state]: "ready" }, values: "0x30" },
      { metric: "backlogUnknown", labels: { [LABELS.state]: "held" }, values: "0 0 1x30" },
    ],
  },
};

test.skipIf(skipped)(
  "Prometheus fires each alert when it should, and only then, unless SWITCHYARD_SKIP says promtool",
  async () => {
    await needPromtool();
    const files = FLAVOURS.map((flavour) => join(folder, `prometheus-rules.${flavour}.yml`));
    const checked = await run("promtool", ["check", "rules", ...files], { cwd: root });
    expect(checked.output.match(/SUCCESS: \d+ rules found/g)).toEqual(
      FLAVOURS.map((flavour) => `SUCCESS: ${rulesOf(flavour).length} rules found`),
    );
    for (const flavour of FLAVOURS) {
      const rules = rulesOf(flavour);
      expect(Object.keys(CASES)).toEqual(rules.map(({ alert }) => alert));
      const series = ({ metric, labels = {}, values }: Input): InputSeries => {
        const pairs = Object.entries({ ...(metric === "sent" ? { [LABELS.channel]: "orders" } : at), ...labels });
        return {
          series: `${seriesOf(metric, flavour)}{${pairs.map(([name, value]) => `${name}="${value}"`).join(",")}}`,
          values,
        };
      };
      const tests = rules.flatMap(({ alert, labels }) => {
        const { minutes, fires, also, not } = CASES[alert]!;
        const name = { alertname: alert, eval_time: `${minutes}m` };
        const where = alert === "SwitchyardPublishFails" ? { [LABELS.channel]: "orders" } : at;
        const expected = { exp_labels: { ...labels, ...where } };
        return [
          ...[fires, ...(also === undefined ? [] : [also])].map((each) => ({
            interval: "1m",
            input_series: each.map(series),
            alert_rule_test: [{ ...name, exp_alerts: [expected] }],
          })),
          { interval: "1m", input_series: not.map(series), alert_rule_test: [{ ...name, exp_alerts: [] }] },
        ];
      });
      const [unheard, { alert, labels }] = [{ [LABELS.channel]: "orders" }, rules.at(-1)!];
      tests.push({
        interval: "1m",
        // No group of it is known.
        input_series: [
          { series: `${seriesOf("backlogUnknown", flavour)}{${LABELS.channel}="orders"}`, values: "_ 1x30" },
        ],
        alert_rule_test: [
          { alertname: alert, eval_time: "25m", exp_alerts: [{ exp_labels: { ...labels, ...unheard } }] },
        ],
      });
      // What nobody reports, such as the age on RabbitMQ, fires nothing.
      const silent = rules.map(({ alert }) => ({ eval_time: "45m", alertname: alert, exp_alerts: [] }));
      tests.push({ interval: "1m", input_series: [], alert_rule_test: silent });
      // Which alerts fire is tested, not their texts.
      const bare = rules.map(({ annotations: _, ...rule }) => rule);
      expect(await promtool(tests, bare)).toContain("SUCCESS");
    }
  },
);
