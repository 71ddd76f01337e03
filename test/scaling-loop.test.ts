/**
 * The closed loop: a controller like Kubernetes' reads the backlog that `@switchyard/otel` reports and starts and stops encoders as processes
 * on RabbitMQ, while ten uploads become a thousand. Set SWITCHYARD_PLOT to a file to have the run drawn: docs/guides/scaling.svg.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { connect, systemRuntime } from "@switchyard/core";
import { otel } from "@switchyard/otel";
import { scaleOf } from "@switchyard/otel/scaling";
import { expect, test } from "vitest";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
import { plotOf } from "./support/scaling-plot.ts";
import { CONCURRENCY, config, uploads } from "./support/scaling-channel.ts";

const WORK_MS = 250;
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
  readonly #running: { readonly child: ChildProcess; readonly ready: Promise<unknown> }[] = [];
  readonly #left: Promise<unknown>[] = [];

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = { ...process.env, ...env };
  }

  get size(): number {
    return this.#running.length;
  }

  join(): Promise<unknown> {
    const worker = new URL("support/scaling-worker.mjs", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--conditions=@switchyard/source", worker], {
      stdio: ["ignore", "pipe", "inherit"],
      env: this.#env,
    });
    const ready = once(child.stdout!, "data");
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
    const stage = `loop${process.pid}`;
    const reader = new Reader();
    const meterProvider = new MeterProvider({ readers: [reader] });
    const { monotonic, sleep } = systemRuntime;
    await using site = await connect({
      channels: [uploads],
      service: "site",
      config: config(url, stage),
      observe: () => {},
      telemetry: otel({ meterProvider, tracerProvider: false, backlog: { every: "1s" } }),
    });
    const { perReplica, max } = scaleOf(site.explain(), {
      channel: "uploads",
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

    const fleet = new Fleet({ AMQP_URL: url, STAGE: stage, WORK_MS: String(WORK_MS) });
    try {
      const beforeStart = monotonic();
      await fleet.join();
      const startMs = monotonic() - beforeStart;

      const publish = (count: number) =>
        site.publishMany(
          uploads,
          Array.from({ length: count }, (_, n) => ({ type: "uploaded" as const, data: { n } })),
        );
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
    } finally {
      await fleet.disband();
    }
  },
  180_000,
);
