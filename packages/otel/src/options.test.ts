import { expect, test } from "vitest";
import { otel } from "./otel.ts";

test.each([
  [{ trace: "both" }, 'otel({ trace }): pass "parent" or "link"'],
  [{ tracerProvider: {} }, "otel({ tracerProvider }): pass a provider with getTracer(), or false"],
  [{ parentFor: "soon" }, 'otel({ parentFor }): pass a duration, such as "5m"'],
  [{ sampler: 1 }, "otel({ sampler }): no such option"],
])("%o is refused with what to change", (options, text) => {
  expect(() => otel(options as never)).toThrow(text);
});
