/** A Prometheus of Debian's with metrics that came by OTLP, asked as Grafana asks it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installDebian } from "./debian.ts";
import type { OtlpPoint } from "./otlp-receiver.ts";
import { run } from "./run.ts";

/** Installs it where it is missing and somebody is root. Rejects with what to do. */
export async function needPromtool(): Promise<void> {
  const there = async () => (await run("promtool", ["--version"], { cwd: tmpdir() })).code === 0;
  if (!(await there()) && !((await installDebian("prometheus")) && (await there())))
    throw new Error("no promtool: install Debian's prometheus, or set SWITCHYARD_SKIP=promtool to do without");
}

export interface PromSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

export interface Prometheus extends AsyncDisposable {
  query(expr: string, fromMs: number, toMs: number, stepMs: number): Promise<readonly PromSeries[]>;
}

/** `lookbackMs`: how old a value may be that counts as the present one. */
export async function prometheusOf(points: readonly OtlpPoint[], lookbackMs: number): Promise<Prometheus> {
  await needPromtool();
  const home = mkdtempSync(join(tmpdir(), "switchyard-prometheus-"));
  const remove = () => rmSync(home, { recursive: true, force: true });
  writeFileSync(join(home, "points.txt"), openMetrics(points));
  writeFileSync(join(home, "prometheus.yml"), "global: {}\n");
  const made = await run("promtool", ["tsdb", "create-blocks-from", "openmetrics", "points.txt", "data"], {
    cwd: home,
  });
  if (made.code !== 0) {
    remove();
    throw new Error(`promtool took no blocks: ${made.output}`);
  }
  const port = await freePort();
  const how = [
    ...["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=127.0.0.1:${port}`],
    ...["--storage.tsdb.retention.time=100y", `--query.lookback-delta=${lookbackMs}ms`],
  ];
  const child = spawn("prometheus", how, { cwd: home, stdio: "ignore" });
  const ended = once(child, "exit");
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  while (
    child.exitCode === null &&
    !(await ask("/-/ready").then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await sleep(50);
  return {
    async query(expr, fromMs, toMs, stepMs) {
      const [start, end, step] = [fromMs, toMs, stepMs].map((ms) => String(ms / 1_000)) as [string, string, string];
      const search = new URLSearchParams({ query: expr, start, end, step });
      const answer: any = await (await ask(`/api/v1/query_range?${search}`)).json();
      if (answer.status !== "success") throw new Error(`${answer.error}: ${expr}`);
      return answer.data.result.map(({ metric, values }: any) => ({
        labels: metric,
        points: values.map(([at, value]: [number, string]) => [at * 1_000, Number(value)] as const),
      }));
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
      remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** As OpenTelemetry's collector names them [opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics]. */
function openMetrics(points: readonly OtlpPoint[]): string {
  const lines = points
    .toSorted((one, other) => one.atMs - other.atMs)
    .flatMap(({ name, unit, kind, attributes, from, atMs, value, histogram }) => {
      const plain = underscored(name) + (unit === "s" ? "_seconds" : "");
      const labels = { instance: from, ...attributes };
      const line = (series: string, number: number, more: object = {}) =>
        `${series}{${Object.entries({ ...labels, ...more })
          .map(([label, its]) => `${underscored(label)}=${JSON.stringify(String(its))}`)
          .join(",")}} ${number} ${(atMs / 1_000).toFixed(3)}`;
      if (histogram === undefined) return [line(kind === "counter" ? `${plain}_total` : plain, value)];
      return [
        ...histogram.buckets.map(([le, count]) => line(`${plain}_bucket`, count, { le })),
        line(`${plain}_bucket`, histogram.count, { le: "+Inf" }),
        line(`${plain}_sum`, value),
        line(`${plain}_count`, histogram.count),
      ];
    });
  return `${lines.join("\n")}\n# EOF\n`;
}

const underscored = (name: string): string => name.replace(/\W/g, "_");
