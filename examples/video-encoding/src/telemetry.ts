import type { Telemetry } from "@switchyard/core";

/** Spans and metrics of a process, sent by OTLP. */
export interface Exporting extends AsyncDisposable {
  /** For `connect()`. With `backlog` it also reports how many uploads wait: only one process should. */
  of(options?: { readonly backlog: boolean }): Telemetry;
}

/**
 * Exports to the receiver at `OTEL_EXPORTER_OTLP_ENDPOINT`, such as http://localhost:4318. Undefined without it, and nothing is loaded.
 * Call it before `connect()`; disposing of it sends what is left. `OTEL_TRACES_EXPORTER=none` leaves the spans out, and
 * `OTEL_METRIC_EXPORT_INTERVAL` says how often metrics are sent, in milliseconds.
 */
export async function exporting(env: NodeJS.ProcessEnv = process.env): Promise<Exporting | undefined> {
  if (!env["OTEL_EXPORTER_OTLP_ENDPOINT"]) return undefined;
  const [{ context }, { AsyncLocalStorageContextManager }, traces, metrics, sdk, { OTLPTraceExporter }, otlp, own] =
    await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/context-async-hooks"),
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/sdk-metrics"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/exporter-metrics-otlp-http"),
      import("@switchyard/otel"),
    ]);
  const resource = sdk.resourceFromAttributes({ "service.name": env["OTEL_SERVICE_NAME"] ?? "video-encoding" });
  const traced = env["OTEL_TRACES_EXPORTER"] !== "none";
  const tracerProvider = new traces.TracerProvider({
    resource,
    spanProcessors: traced ? [new traces.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] : [],
  });
  const everyMs = Number(env["OTEL_METRIC_EXPORT_INTERVAL"] ?? 60_000);
  const reader = new metrics.PeriodicExportingMetricReader({
    exporter: new otlp.OTLPMetricExporter(),
    exportIntervalMillis: everyMs,
    exportTimeoutMillis: Math.min(everyMs, 30_000),
  });
  const meterProvider = new metrics.MeterProvider({ resource, readers: [reader] });
  // So that what a handler publishes, and spans of its own, belong to its message.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    of: ({ backlog } = { backlog: false }) =>
      own.otel({
        tracerProvider: traced && tracerProvider,
        meterProvider,
        ...(backlog && { backlog: { every: "1s" } }),
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
      context.disable();
    },
  };
}
