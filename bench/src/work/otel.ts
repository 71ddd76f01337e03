/**
 * What spans and metrics cost: every span recorded, nothing exported. Ours without and with `otel()`, the same spans made by hand, and
 * the official instrumentations on raw clients.
 */
import { context, propagation, type Span, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { AmqplibInstrumentation } from "@opentelemetry/instrumentation-amqplib";
import { AwsInstrumentation } from "@opentelemetry/instrumentation-aws-sdk";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import type { Telemetry } from "@switchyard/core";
import { otel } from "@switchyard/otel";
import type { Session, Work, WorkOptions } from "../measured.ts";

/** Registers an SDK that samples everything and drops what has ended. */
function registered() {
  const nothing = { onStart: () => {}, onEnd: () => {}, forceFlush: async () => {}, shutdown: async () => {} };
  const tracerProvider = new TracerProvider({ spanProcessors: [nothing] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  trace.setGlobalTracerProvider(tracerProvider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return { tracerProvider, meterProvider };
}

const telemetry = (): Telemetry => {
  const { tracerProvider, meterProvider } = registered();
  return otel({ tracerProvider, meterProvider });
};

/** Clients are loaded after what patches them. */
const instrumented = (): void => {
  const { tracerProvider, meterProvider } = registered();
  const instrumentations = [new AwsInstrumentation(), new AmqplibInstrumentation()];
  registerInstrumentations({ instrumentations, tracerProvider, meterProvider });
};

const opened =
  (open: (options: WorkOptions) => Promise<Session>): Work =>
  (options) =>
    open(options);

export const memory: Work = opened(async (o) => (await import("./memory.ts")).ours(o));
export const memoryTraced: Work = opened(async (o) => (await import("./memory.ts")).oursWith(telemetry())(o));

/** For each message a create and a process span with their links and attributes, and for each hundred a send, a receive and a settle span. */
export const memoryByHand: Work = async (options) => {
  const { tracerProvider, meterProvider } = registered();
  const tracer = tracerProvider.getTracer("bench");
  const meter = meterProvider.getMeter("bench");
  const counters = ["sent", "consumed", "calls"].map((name) => meter.createCounter(name));
  const took = ["operation", "process"].map((name) => meter.createHistogram(name));
  const facts = (operation: string) => ({
    "messaging.system.name": "memory",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
    "messaging.destination.template": "jobs",
    "messaging.destination.name": "bench_jobs_work",
  });
  const all = Object.fromEntries(["create", "send", "receive", "process", "settle"].map((of) => [of, facts(of)]));
  let batch: Span[] = [];
  /** What the calls of the broker for a hundred messages would be. */
  const calls = (): void => {
    const links = batch.map((span) => ({ context: span.spanContext() }));
    for (const call of ["send", "receive", "settle"]) {
      tracer.startSpan(`${call} jobs`, { kind: SpanKind.CLIENT, attributes: all[call]!, links }).end();
      took[0]!.record(0.001, all[call]!);
      for (const counter of counters) counter.add(1, all[call]!);
    }
    batch = [];
  };
  const { oursBy } = await import("./memory.ts");
  return oursBy(
    (publish, id) => {
      const attributes = { ...all["create"], "messaging.message.id": String(id), "switchyard.message.type": "job" };
      const span = tracer.startSpan("create jobs", { kind: SpanKind.PRODUCER, attributes });
      const headers: Record<string, string> = {};
      propagation.inject(trace.setSpan(context.active(), span), headers);
      if (batch.push(span) === 100) calls();
      return publish({ headers }).finally(() => span.end());
    },
    (delivery, handle) => {
      const parent = propagation.extract(context.active(), delivery);
      const creation = trace.getSpanContext(parent)!;
      const attributes = { ...all["process"], "messaging.message.id": delivery.id, "switchyard.attempt": 1 };
      const links = [{ context: creation }];
      const span = tracer.startSpan("process jobs", { kind: SpanKind.CONSUMER, attributes, links }, parent);
      context.with(trace.setSpan(parent, span), handle);
      span.setAttribute("switchyard.outcome", "handled").end();
      took[1]!.record(0.001, all["process"]);
    },
  )(options);
};

export const sqs: Work = opened(async (o) => (await import("./sqs-emulated.ts")).oursAll(o));
export const sqsTraced: Work = opened(async (o) => (await import("./sqs-emulated.ts")).oursWith(telemetry())(o));
export const sqsRaw: Work = opened(async (o) => (await import("./sqs-emulated.ts")).rawAll(o));
export const sqsInstrumented: Work = async (options) => {
  instrumented();
  return (await import("./sqs-emulated.ts")).rawAll(options);
};

export const publish: Work = opened(async (o) => (await import("./rabbit-publish.ts")).ours(o));
export const publishTraced: Work = opened(async (o) => (await import("./rabbit-publish.ts")).oursWith(telemetry())(o));
export const publishRaw: Work = opened(async (o) => (await import("./rabbit-publish.ts")).raw(o));
export const publishInstrumented: Work = async (options) => {
  instrumented();
  return (await import("./rabbit-publish.ts")).raw(options);
};

export const consume: Work = opened(async (o) => (await import("./rabbit-consume.ts")).ours(o));
export const consumeTraced: Work = opened(async (o) => (await import("./rabbit-consume.ts")).oursWith(telemetry())(o));
export const consumeRaw: Work = opened(async (o) => (await import("./rabbit-consume.ts")).raw(o));
export const consumeInstrumented: Work = async (options) => {
  instrumented();
  return (await import("./rabbit-consume.ts")).raw(options);
};
