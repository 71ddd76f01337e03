import type { Telemetry } from "@switchyard/core";

/** Spans and metrics of a process, sent by OTLP. */
export interface Exporting extends AsyncDisposable {
  /** For `connect()`. With `backlog` it also reports how many uploads wait: only one process should. */
  of(options?: { readonly backlog: boolean }): Telemetry;
}

/**
 * Exports to the receiver at `OTEL_EXPORTER_OTLP_ENDPOINT`, such as http://localhost:4318. Undefined without it, and nothing is loaded.
 * Call it before `connect()`; disposing of it sends what is left.
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
  const tracerProvider = new traces.TracerProvider({
    resource,
    spanProcessors: [new traces.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const reader = new metrics.PeriodicExportingMetricReader({ exporter: new otlp.OTLPMetricExporter() });
  const meterProvider = new metrics.MeterProvider({ resource, readers: [reader] });
  // So that what a handler publishes, and spans of its own, belong to its message.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    of: ({ backlog } = { backlog: false }) =>
      own.otel({ tracerProvider, meterProvider, ...(backlog && { backlog: { every: "1s" } }) }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
      context.disable();
    },
  };
}
