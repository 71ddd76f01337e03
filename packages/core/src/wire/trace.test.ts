import { afterEach, expect, test } from "vitest";
import { inTraceOf, isTraced, outgoingTrace, readTrace, untraced } from "./trace.ts";

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

test("a call to a client is made, and a handler run, where no trace of others is active; what the call throws is thrown", () => {
  const made: string[][] = [];
  const contextOf = (changes: string[]): object => ({
    deleteValue: (key: symbol) => contextOf([...changes, `-${key.description}`]),
    setValue: (key: symbol) => contextOf([...changes, `+${key.description}`]),
    changes,
  });
  registry[REGISTRY] = {
    context: {
      active: () => contextOf([]),
      with: (context: { changes: string[] }, call: () => unknown) => (made.push(context.changes), call()),
    },
    propagation: {
      extract: (context: { changes: string[] }, carrier: { traceparent: string }) =>
        contextOf([...context.changes, carrier.traceparent]),
    },
  };
  const bare = ["-OpenTelemetry Context Key SPAN", "-OpenTelemetry Baggage Key"];
  const suppression = "OpenTelemetry SDK Context Key SUPPRESS_TRACING";
  expect(isTraced()).toBe(true);
  expect(untraced(() => 1)).toBe(1);
  expect(inTraceOf({ traceparent }, () => 2)).toBe(2);
  expect(inTraceOf({}, () => 3)).toBe(3);
  const without = [...bare, `-${suppression}`];
  expect(made).toEqual([[...without, `+${suppression}`], [...without, traceparent], without]);
  expect(() =>
    untraced(() => {
      throw new Error("the client's own");
    }),
  ).toThrow("the client's own");
  delete registry[REGISTRY];
  expect([isTraced(), untraced(() => 4), inTraceOf({ traceparent }, () => 5)]).toEqual([false, 4, 5]);
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
