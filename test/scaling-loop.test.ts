/**
 * The closed loop: a controller like Kubernetes' reads the backlog that `@switchyard/otel` reports and starts and stops encoders of the
 * example `video-encoding`, as processes on RabbitMQ, while ten uploads become a thousand. Set SWITCHYARD_PLOT to a file to have the run
 * drawn: docs/guides/scaling.svg.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { connect, systemRuntime } from "@switchyard/core";
import { otel } from "@switchyard/otel";
import { scaleOf } from "@switchyard/otel/scaling";
import { expect, test } from "vitest";
import { uploads } from "../examples/video-encoding/src/channels.ts";
import { CONFIG } from "../examples/video-encoding/src/fleet.ts";
import { filmLibrary } from "../examples/video-encoding/src/library.ts";
import { checksumIn } from "../examples/video-encoding/src/transcode.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
import { plotOf } from "./support/scaling-plot.ts";

/** How long a video takes at least, and how many an encoder works on at once, by the example's configuration. */
const WORK_MS = 250;
const CONCURRENCY = 4;
/** So many different videos, uploaded again and again. */
const FILMS = 10;
const MOST = 4;
const SPIKE = 1_000;
/** How often the controller looks, and for how long it remembers the most that it wanted before it scales down, as an HPA does. */
const LOOK_MS = 500;
const STABLE_MS = 5_000;

class Reader extends MetricReader {
  override async onForceFlush(): Promise<void> {}
  override async onShutdown(): Promise<void> {}
}

/** Encoders as processes. */
class Fleet {
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #running: { readonly child: ChildProcess; readonly ready: Promise<unknown> }[] = [];
  readonly #left: Promise<unknown>[] = [];

  constructor(env: NodeJS.ProcessEnv, folder: string) {
    this.#env = { ...process.env, ...env };
    this.#folder = folder;
  }

  get size(): number {
    return this.#running.length;
  }

  join(): Promise<unknown> {
    const service = new URL("../examples/video-encoding/src/service.ts", import.meta.url).pathname;
    const how = ["--out", this.#folder, "--least", String(WORK_MS)];
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", service, ...how], {
      stdio: ["ignore", "pipe", "inherit"],
      env: this.#env,
    });
    const ready = until(child, "ready");
    this.#running.push({ child, ready });
    return ready;
  }

  leave(): void {
    const { child } = this.#running.pop()!;
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

test.skipIf(skipped)(
  "ten uploads become a thousand: the backlog is gone within 1.5 times the ideal, without flapping, unless SWITCHYARD_SKIP says rabbit",
  async () => {
    const { url } = await sharedRabbit();
    const env = { AMQP_URL: url, STAGE: `loop${process.pid}`, SWITCHYARD_PROFILE: "rabbit" };
    using library = await filmLibrary(FILMS);
    const folder = await library.renditions("encoded");
    const reader = new Reader();
    const meterProvider = new MeterProvider({ readers: [reader] });
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
      latency: "5s",
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

    const fleet = new Fleet(env, folder);
    try {
      const beforeStart = monotonic();
      await fleet.join();
      const startMs = monotonic() - beforeStart;

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
      await publish(10);
      await sleep(2_000);
      await publish(SPIKE);
      const began = monotonic();
      const seen: { readonly ms: number; readonly backlog: number; readonly encoders: number }[] = [];
      const wants: { readonly at: number; readonly size: number }[] = [];
      let goneMs: number | undefined;
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
      const idealMs = (SPIKE * WORK_MS) / (max * CONCURRENCY) + startMs;
      const plot = process.env["SWITCHYARD_PLOT"];
      if (plot !== undefined && goneMs !== undefined) writeFileSync(plot, plotOf({ startMs, idealMs, goneMs, seen }));
      expect(goneMs, `ideal ${Math.round(idealMs)} ms`).toBeLessThan(1.5 * idealMs);
      expect(Math.max(...seen.map(({ encoders }) => encoders))).toBe(max);
      // Up with the spike and down after it.
      expect(turns(seen.map(({ encoders }) => encoders))).toBeLessThanOrEqual(1);
      expect(fleet.size).toBe(1);
      // Each is encoded, and is what encoding it without any messaging gives.
      const wrong = [...films].filter(([videoId, checksum]) => checksumIn(folder, videoId) !== checksum);
      expect(wrong).toEqual([]);
    } finally {
      await fleet.disband();
    }
  },
  180_000,
);
