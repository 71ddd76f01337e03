/**
 * The closed loop: a controller like Kubernetes' reads the backlog that `@switchyard/otel` reports and starts and stops encoders of the
 * example `video-encoding`, as processes on RabbitMQ, while ten uploads become a thousand. All send their metrics to one receiver of OTLP.
 * Set SWITCHYARD_PLOT to a folder to have the run drawn, and what the dashboard shows of it by Prometheus: docs/guides/scaling.svg and
 * dashboard.svg.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MeterProvider, MetricReader, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { connect, systemRuntime } from "@switchyard/core";
import { otel } from "@switchyard/otel";
import { scaleOf } from "@switchyard/otel/scaling";
import { expect, test } from "vitest";
import { uploads } from "../examples/video-encoding/src/channels.ts";
import { CONFIG } from "../examples/video-encoding/src/fleet.ts";
import { filmLibrary } from "../examples/video-encoding/src/library.ts";
import { checksumIn } from "../examples/video-encoding/src/transcode.ts";
import { drawDashboard } from "./support/dashboard-plot.ts";
import { type OtlpReceiver, startOtlp } from "./support/otlp-receiver.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
import { plotOf } from "./support/scaling-plot.ts";

/** How long a video takes at least, and how many an encoder works on at once, by the example's configuration. */
const WORK_MS = 100;
const CONCURRENCY = 4;
/** So many different videos, uploaded again and again. */
const FILMS = 10;
const MOST = 4;
const SPIKE = 1_000;
/** How often the controller looks, and for how long it remembers the most that it wanted before it scales down, as an HPA does. */
const LOOK_MS = 250;
const STABLE_MS = 3_000;
/** How often metrics are sent where the run is drawn. Else each process sends them once, as it stops. */
const DRAWN_MS = 500;

class Reader extends MetricReader {
  override async onForceFlush(): Promise<void> {}
  override async onShutdown(): Promise<void> {}
}

/** Encoders as processes. */
class Fleet {
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #receiver: OtlpReceiver;
  readonly #running: ChildProcess[] = [];
  readonly #left: Promise<unknown>[] = [];
  #joined = 0;
  /** How long the slowest of them took from its start until it received. */
  startMs = 0;

  constructor(env: NodeJS.ProcessEnv, folder: string, receiver: OtlpReceiver) {
    this.#env = { ...process.env, ...env };
    this.#folder = folder;
    this.#receiver = receiver;
  }

  get size(): number {
    return this.#running.length;
  }

  async join(): Promise<void> {
    const began = systemRuntime.monotonic();
    const service = new URL("../examples/video-encoding/src/service.ts", import.meta.url).pathname;
    const how = ["--out", this.#folder, "--least", String(WORK_MS)];
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", service, ...how], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...this.#env, OTEL_EXPORTER_OTLP_ENDPOINT: this.#receiver.urlOf(`encoder ${++this.#joined}`) },
    });
    this.#running.push(child);
    await until(child, "ready");
    this.startMs = Math.max(this.startMs, systemRuntime.monotonic() - began);
  }

  leave(): void {
    const child = this.#running.pop()!;
    this.#left.push(once(child, "exit"));
    child.kill("SIGTERM");
  }

  async disband(): Promise<void> {
    while (this.size > 0) this.leave();
    await Promise.all(this.#left);
  }
}

/** Resolves once a process has written the line. What it writes later is read, too, so that it never waits. */
async function until(child: ChildProcess, line: string): Promise<void> {
  for await (const each of createInterface(child.stdout!)) {
    if (each !== line) continue;
    child.stdout!.resume();
    return;
  }
  throw new Error(`the process ended before it wrote "${line}"`);
}

/** How often a series turns from up to down or back. */
function turns(sizes: readonly number[]): number {
  const steps = sizes.slice(1).map((size, i) => Math.sign(size - sizes[i]!));
  const moves = steps.filter((step) => step !== 0);
  return moves.slice(1).filter((move, i) => move !== moves[i]).length;
}

/** What the encoders report of their handlers, all together. */
function handled({ points }: OtlpReceiver): { readonly count: number; readonly meanMs: number } {
  const last = new Map<string, { readonly count: number; readonly sum: number }>();
  for (const { name, from, attributes, value, histogram } of points)
    if (name === "messaging.process.duration")
      last.set(JSON.stringify([from, attributes]), { count: histogram!.count, sum: value });
  const all = [...last.values()];
  const count = all.reduce((total, each) => total + each.count, 0);
  return { count, meanMs: (all.reduce((total, each) => total + each.sum, 0) * 1_000) / count };
}

test.skipIf(skipped)(
  "ten uploads become a thousand: the backlog is gone within 1.5 times the ideal, without flapping, unless SWITCHYARD_SKIP says rabbit",
  async () => {
    const { url } = await sharedRabbit();
    const plot = process.env["SWITCHYARD_PLOT"];
    const sendMs = plot === undefined ? 60_000 : DRAWN_MS;
    const env = {
      AMQP_URL: url,
      STAGE: `loop${process.pid}`,
      SWITCHYARD_PROFILE: "rabbit",
      OTEL_TRACES_EXPORTER: "none",
      OTEL_METRIC_EXPORT_INTERVAL: String(sendMs),
    };
    await using receiver = await startOtlp();
    using library = await filmLibrary(FILMS);
    const folder = await library.renditions("encoded");
    const reader = new Reader();
    const sending = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: `${receiver.urlOf("site")}/v1/metrics` }),
      exportIntervalMillis: sendMs,
      exportTimeoutMillis: Math.min(sendMs, 30_000),
    });
    const meterProvider = new MeterProvider({ readers: [reader, sending] });
    const { monotonic, sleep } = systemRuntime;
    await using site = await connect({
      channels: [uploads],
      service: "site",
      config: CONFIG,
      env,
      observe: () => {},
      telemetry: otel({ meterProvider, tracerProvider: false, backlog: { every: "1s" } }),
    });
    const { perReplica, max } = scaleOf(site.explain(), {
      channel: "video-uploads",
      group: "encoder",
      name: "encoder",
      handler: `${WORK_MS}ms`,
      latency: "2s",
      max: MOST,
    });
    expect([perReplica, max]).toEqual([80, MOST]);
    /** The metric as a scraper sees it. Undefined until it is reported. */
    const backlog = async (): Promise<number | undefined> => {
      const { resourceMetrics } = await reader.collect();
      const points = resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .filter(({ descriptor }) => descriptor.name === "switchyard.backlog")
        .flatMap(({ dataPoints }) => dataPoints.filter(({ attributes }) => attributes["switchyard.state"] === "ready"));
      return points.length === 0 ? undefined : Math.max(...points.map(({ value }) => value as number));
    };

    const fleet = new Fleet(env, folder, receiver);
    const films = new Map<string, string | null>();
    const publish = async (count: number) => {
      const some = Array.from({ length: count }, (_, n) => {
        const { url: film, checksum } = library.videos[n % FILMS]!;
        const videoId = `upload-${films.size}`;
        films.set(videoId, checksum);
        return { type: "video.uploaded" as const, data: { videoId, url: film } };
      });
      expect((await site.publishMany(uploads, some)).filter(({ ok }) => !ok)).toEqual([]);
    };
    const seen: { readonly ms: number; readonly backlog: number; readonly encoders: number }[] = [];
    let goneMs: number | undefined;
    try {
      await fleet.join();
      await publish(FILMS);
      // What was counted before the first value is no increase: the spike is not to be in it.
      await sending.forceFlush();
      await publish(SPIKE);
      const began = monotonic();
      const wants: { readonly at: number; readonly size: number }[] = [];
      // Until the fleet is small again after the backlog is gone.
      while (monotonic() - began < 120_000) {
        const now = monotonic();
        const waiting = await backlog();
        if (waiting !== undefined) {
          wants.push({ at: now, size: Math.min(max, Math.max(1, Math.ceil(waiting / perReplica))) });
          const size = Math.max(...wants.filter(({ at }) => now - at <= STABLE_MS).map((want) => want.size));
          while (fleet.size < size) void fleet.join();
          while (fleet.size > size) fleet.leave();
          seen.push({ ms: Math.round(now - began), backlog: waiting, encoders: fleet.size });
          const peaked = seen.some(({ backlog: was }) => was > SPIKE / 2);
          if (peaked && waiting === 0) goneMs ??= now - began;
        }
        if (goneMs !== undefined && fleet.size === 1) break;
        await sleep(LOOK_MS);
      }
      expect(fleet.size).toBe(1);
    } finally {
      await fleet.disband();
    }
    await meterProvider.shutdown();

    const { count, meanMs } = handled(receiver);
    // Each handler was counted by one of the encoders; one that came twice, twice.
    expect(count).toBeGreaterThanOrEqual(SPIKE + FILMS);
    // The work as the handlers' own times have it, since a busy machine makes each of them longer, and the slowest start.
    const idealMs = (SPIKE * meanMs) / (max * CONCURRENCY) + fleet.startMs;
    if (plot !== undefined && goneMs !== undefined) {
      writeFileSync(join(plot, "scaling.svg"), plotOf({ idealMs, goneMs, seen }));
      writeFileSync(join(plot, "dashboard.svg"), await drawDashboard(receiver.points));
    }
    expect(goneMs, `ideal ${Math.round(idealMs)} ms`).toBeLessThan(1.5 * idealMs);
    expect(Math.max(...seen.map(({ encoders }) => encoders))).toBe(max);
    // Up with the spike and down after it.
    expect(turns(seen.map(({ encoders }) => encoders))).toBeLessThanOrEqual(1);
    // Five processes, of which one reports the backlog: nothing has to be divided by five.
    const reported = receiver.points.filter(({ name }) => name === "switchyard.backlog");
    expect(new Set(reported.map(({ from }) => from))).toEqual(new Set(["site"]));
    expect(new Set(receiver.points.map(({ from }) => from)).size).toBe(max + 1);
    // Each is encoded, and is what encoding it without any messaging gives.
    const wrong = [...films].filter(([videoId, checksum]) => checksumIn(folder, videoId) !== checksum);
    expect(wrong).toEqual([]);
  },
  180_000,
);
