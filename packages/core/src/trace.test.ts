import { afterEach, expect, test } from "vitest";
import { outgoingTrace, readTrace } from "./trace.ts";

const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const registry = globalThis as { [REGISTRY]?: unknown };
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

afterEach(() => {
  delete registry[REGISTRY];
});

test("a registered OpenTelemetry's active context is sent", () => {
  registry[REGISTRY] = {
    context: { active: () => "the active context" },
    propagation: {
      inject: (context: unknown, carrier: object, setter: { set(c: object, k: string, v: string): void }) => {
        expect(context).toBe("the active context");
        setter.set(carrier, "traceparent", traceparent);
        setter.set(carrier, "tracestate", "vendor=1");
        setter.set(carrier, "baggage", "not ours");
      },
    },
  };
  const other = { traceparent: traceparent.replace("b7ad", "ffff") };
  expect(outgoingTrace(other)).toEqual({ traceparent, tracestate: "vendor=1" });
});

test("without one, or where it throws or has no active span, the headers' context is passed on", () => {
  const headers = { traceparent, tracestate: "a=b" };
  expect(outgoingTrace(headers)).toEqual(headers);
  registry[REGISTRY] = { context: { active: () => ({}) }, propagation: { inject: () => {} } };
  expect(outgoingTrace(headers)).toEqual(headers);
  registry[REGISTRY] = {
    context: { active: () => ({}) },
    propagation: {
      inject: () => {
        throw new Error("broken");
      },
    },
  };
  expect(outgoingTrace(headers)).toEqual(headers);
  expect(outgoingTrace(undefined)).toBeUndefined();
});

test.each([
  "",
  "garbage",
  traceparent.toUpperCase(),
  `ff${traceparent.slice(2)}`,
  traceparent.replace("0af7651916cd43dd8448eb211c80319c", "0".repeat(32)),
  traceparent.replace("b7ad6b7169203331", "0".repeat(16)),
])("a malformed traceparent is not passed on: %j", (bad) => {
  expect(readTrace({ traceparent: bad })).toBeUndefined();
});

test("a malformed tracestate is left out, the traceparent stays", () => {
  for (const tracestate of ["", "a\nb", "x".repeat(513), 7])
    expect(readTrace({ traceparent, tracestate })).toEqual({ traceparent });
});
