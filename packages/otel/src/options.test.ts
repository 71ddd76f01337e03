import { logs, metrics, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { otel } from "./otel.ts";

test.each([
  [{ trace: "both" }, 'otel({ trace }): pass "parent" or "link"'],
  [{ tracerProvider: {} }, "otel({ tracerProvider }): pass a provider with getTracer(), or false"],
  [{ loggerProvider: {} }, "otel({ loggerProvider }): pass a provider with getLogger(), or false"],
  [{ parentFor: "soon" }, 'otel({ parentFor }): pass a duration, such as "5m"'],
  [{ sampler: 1 }, "otel({ sampler }): no such option"],
])("%o is refused with what to change", (options, text) => {
  expect(() => otel(options as never)).toThrow(text);
});

test("the providers of OpenTelemetry's API are taken, by their types, too", () => {
  const tracerProvider = trace.getTracerProvider();
  const meterProvider = metrics.getMeterProvider();
  expect(() => otel({ tracerProvider, meterProvider, loggerProvider: logs.getLoggerProvider() })).not.toThrow();
});
