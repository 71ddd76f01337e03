import { logs, metrics, trace } from "@opentelemetry/api";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { otel } from "./otel.ts";

test.each([
  [{ trace: "both" }, 'otel({ trace }): pass "parent" or "link"'],
  [{ tracerProvider: {} }, "otel({ tracerProvider }): pass a provider with getTracer(), or false"],
  [{ loggerProvider: {} }, "otel({ loggerProvider }): pass a provider with getLogger(), or false"],
  [{ parentFor: "soon" }, 'otel({ parentFor }): pass a duration, such as "5m"'],
  [{ sampler: 1 }, "otel({ sampler }): no such option"],
  [{ meterProvider: {} }, "otel({ meterProvider }): pass a provider with getMeter(), or false"],
  [null, "otel(options): pass an object"],
  [{ backlog: true }, 'otel({ backlog }): pass an object, such as { every: "30s" }'],
  [{ backlog: { evry: "30s" } }, "otel({ backlog.evry }): no such option; there are every, channels, partitions"],
  [{ backlog: { every: "10ms" } }, "otel({ backlog.every }): pass a duration of at least 1s"],
  [{ backlog: { every: "often" } }, "otel({ backlog.every }): pass a duration of at least 1s"],
  [{ backlog: { channels: ["orders"] } }, "otel({ backlog.channels }): pass channels, such as [orders]"],
  [{ backlog: { channels: [null] } }, "otel({ backlog.channels }): pass channels, such as [orders]"],
  [{ backlog: { partitions: "all" } }, "otel({ backlog.partitions }): pass true or false"],
  [{ backlog: {}, meterProvider: false }, "otel({ backlog }): it is a metric, and meterProvider: false says none"],
])("%o is refused with what to change", (options, text) => {
  expect(() => otel(options as never)).toThrow(text);
});

test.each([
  ["tracerProvider", { getTracer: () => undefined }, "startSpan"],
  ["meterProvider", { getMeter: () => ({}) }, "createHistogram"],
  ["loggerProvider", { getLogger: () => null }, "emit"],
] as const)("a %s that makes nothing is refused when it is opened", (name, provider, method) => {
  const telemetry = otel({ [name]: provider } as never);
  expect(() => telemetry.open({ runtime: virtualRuntime(), inFlight: () => [] } as never)).toThrow(
    `otel({ ${name} }): it makes nothing that has ${method}()`,
  );
});

test("the providers of OpenTelemetry's API are taken, by their types, too", () => {
  const tracerProvider = trace.getTracerProvider();
  const meterProvider = metrics.getMeterProvider();
  expect(() => otel({ tracerProvider, meterProvider, loggerProvider: logs.getLoggerProvider() })).not.toThrow();
});
