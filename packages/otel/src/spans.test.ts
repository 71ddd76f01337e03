import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { HandledMessage } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { spanContextOf, traceOf } from "./api.ts";
import { Spans } from "./spans.ts";

const place = {
  connection: "main",
  transport: "sqs",
  channel: "jobs",
  group: "work",
  destination: "jobs",
  dead: false,
};
const runtime = virtualRuntime();
const trace = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "vendor=1,other=2" };
const message: HandledMessage = {
  id: "1",
  type: "job",
  source: "shop",
  time: new Date(runtime.now()),
  attempt: 1,
  foreign: false,
  hop: 0,
  trace,
};

function handled(over: Partial<HandledMessage>, given = place) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const rules = { trace: "parent", createSpans: true, trust: () => true, parentForMs: 60_000 } as const;
  const spans = new Spans(provider.getTracer("test"), rules, runtime);
  spans.handling(given, [{ ...message, ...over }], false).ended([{ end: "ack" }]);
  return exporter.getFinishedSpans()[0]!;
}

test.each([
  ["a first delivery of our own", {}, true],
  ["a foreign message", { foreign: true }, false],
  ["a second attempt", { attempt: 2 }, false],
  ["a redriven message", { hop: 2 }, false],
  ["a delayed, replayed or late message", { time: new Date(runtime.now() - 61_000) }, false],
  ["a message without a trace", { trace: undefined }, false],
] as const)("%s: its parent is the creation: %o", (_name, over, child) => {
  const span = handled(over);
  expect(span.parentSpanContext?.spanId).toBe(child ? "b".repeat(16) : undefined);
  expect(span.links.map(({ context }) => context.spanId)).toEqual("trace" in over ? [] : ["b".repeat(16)]);
});

test("an address is no destination's name", () => {
  const url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs";
  expect(handled({}, { ...place, destination: url }).attributes).not.toHaveProperty("messaging.destination.name");
  expect(handled({}).attributes).toHaveProperty("messaging.destination.name", "jobs");
});

test("a trace context makes the round trip, and what is no span makes none", () => {
  expect(traceOf(spanContextOf(trace))).toEqual(trace);
  expect(traceOf({ traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 })).toBeUndefined();
});
