/**
 * What spans and metrics cost: every span recorded, nothing exported. Ours without and with `otel()`, the same spans made by hand, and
 * the official instrumentations on raw clients.
 */
import {
  type Attributes,
  context,
  type Counter,
  type Histogram,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
  type Tracer,
} from "@opentelemetry/api";
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
import type { ByHand } from "./by-hand.ts";

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

type Operation = "create" | "send" | "receive" | "process" | "settle";

export const memory: Work = opened(async (o) => (await import("./memory.ts")).ours(o));
export const memoryTraced: Work = opened(async (o) => (await import("./memory.ts")).oursWith(telemetry())(o));

/** So many messages share a call of the broker in {@link Hand}: about as many as in ours, under the load of the rows. */
const CALL = { memory: 100, rabbit: 30, sqs: 10 } as const;

/**
 * The same spans and metrics as ours, made by hand with attributes that are made once: for each message a create and a process span, and
 * for each call of the broker a send, a receive and a settle span, with their links.
 */
class Hand implements ByHand {
  readonly #tracer: Tracer;
  readonly #shared: Readonly<Record<Operation, Attributes>>;
  readonly #operation: Histogram;
  readonly #process: Histogram;
  readonly #counters: readonly Counter[];
  readonly #calls: readonly Operation[];
  readonly #perCall: number;
  readonly #batches = { sent: [] as SpanContext[], handled: [] as SpanContext[] };

  /** `pushed`: nobody asks for messages, so there are no receive spans. */
  constructor(system: string, perCall: number, pushed: boolean) {
    const { tracerProvider, meterProvider } = registered();
    this.#tracer = tracerProvider.getTracer("bench");
    const meter = meterProvider.getMeter("bench");
    this.#counters = ["sent", "consumed", "calls"].map((name) => meter.createCounter(name));
    this.#operation = meter.createHistogram("operation");
    this.#process = meter.createHistogram("process");
    this.#perCall = perCall;
    this.#calls = pushed ? ["settle"] : ["receive", "settle"];
    const facts = (operation: Operation): Attributes => ({
      "messaging.system.name": system,
      "messaging.operation.name": operation,
      "messaging.operation.type": operation,
      "messaging.destination.template": "jobs",
      "messaging.destination.name": "bench_jobs_work",
      ...(operation !== "create" && operation !== "send" && { "messaging.consumer.group.name": "work" }),
    });
    const operations = ["create", "send", "receive", "process", "settle"] as const;
    this.#shared = Object.fromEntries(operations.map((of) => [of, facts(of)])) as Record<Operation, Attributes>;
  }

  /** Begins a publish: what it carries, and what ends it. */
  publish(index: number): { readonly headers: Record<string, string>; readonly confirmed: () => void } {
    const shared = this.#shared.create;
    const attributes = { ...shared, "messaging.message.id": String(index), "switchyard.message.type": "job" };
    const span = this.#tracer.startSpan("create jobs", { kind: SpanKind.PRODUCER, attributes });
    const headers: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), headers);
    this.#called(["send"], this.#batches.sent, span);
    return { headers, confirmed: () => span.end() };
  }

  handle(headers: Record<string, unknown>, call: () => void): void {
    const parent = propagation.extract(context.active(), headers);
    const creation = trace.getSpanContext(parent)!;
    const shared = this.#shared.process;
    const attributes = {
      ...shared,
      "messaging.message.id": creation.spanId,
      "switchyard.message.type": "job",
      "switchyard.attempt": 1,
    };
    const links = [{ context: creation }];
    const span = this.#tracer.startSpan("process jobs", { kind: SpanKind.CONSUMER, attributes, links }, parent);
    context.with(trace.setSpan(parent, span), call);
    span.setAttribute("switchyard.outcome", "handled").end();
    this.#process.record(0.001, shared);
    this.#called(this.#calls, this.#batches.handled, span);
  }

  /** What the calls of the broker are, once enough messages have come together. */
  #called(calls: readonly Operation[], batch: SpanContext[], span: Span): void {
    if (batch.push(span.spanContext()) < this.#perCall) return;
    const links = batch.splice(0).map((of) => ({ context: of }));
    for (const call of calls) {
      const attributes = { ...this.#shared[call], "messaging.batch.message_count": links.length };
      this.#tracer.startSpan(`${call} jobs`, { kind: SpanKind.CLIENT, attributes, links }).end();
      this.#operation.record(0.001, this.#shared[call]);
      for (const counter of this.#counters) counter.add(1, this.#shared[call]);
    }
  }
}

export const memoryByHand: Work = async (options) => {
  const hand = new Hand("memory", CALL.memory, false);
  const { oursBy } = await import("./memory.ts");
  return oursBy(
    (publish, index) => {
      const { headers, confirmed } = hand.publish(index);
      return publish({ headers }).finally(confirmed);
    },
    ({ traceparent }, handle) => hand.handle({ traceparent }, handle),
  )(options);
};

export const sqs: Work = opened(async (o) => (await import("./sqs-emulated.ts")).oursAll(o));
export const sqsTraced: Work = opened(async (o) => (await import("./sqs-emulated.ts")).oursWith(telemetry())(o));
export const sqsRaw: Work = opened(async (o) => (await import("./sqs-emulated.ts")).rawAll(o));
export const sqsByHand: Work = async (options) =>
  (await import("./sqs-emulated.ts")).rawBy(new Hand("aws.sqs", CALL.sqs, false))(options);
export const sqsInstrumented: Work = async (options) => {
  instrumented();
  return (await import("./sqs-emulated.ts")).rawAll(options);
};

/** Against the emulator that answers as late as the service. */
const distant =
  (work: Work): Work =>
  (options) =>
    work({ ...options, servers: { "emulator-sqs": options.servers["distant-sqs"] as string } });

export const sqsDistant: Work = distant(sqs);
export const sqsDistantTraced: Work = distant(sqsTraced);

export const publish: Work = opened(async (o) => (await import("./rabbit-publish.ts")).ours(o));
export const publishTraced: Work = opened(async (o) => (await import("./rabbit-publish.ts")).oursWith(telemetry())(o));
export const publishRaw: Work = opened(async (o) => (await import("./rabbit-publish.ts")).raw(o));
export const publishByHand: Work = async (options) =>
  (await import("./rabbit-publish.ts")).rawBy(new Hand("rabbitmq", CALL.rabbit, true))(options);
export const publishInstrumented: Work = async (options) => {
  instrumented();
  return (await import("./rabbit-publish.ts")).raw(options);
};

export const consume: Work = opened(async (o) => (await import("./rabbit-consume.ts")).ours(o));
export const consumeTraced: Work = opened(async (o) => (await import("./rabbit-consume.ts")).oursWith(telemetry())(o));
export const consumeRaw: Work = opened(async (o) => (await import("./rabbit-consume.ts")).raw(o));
export const consumeByHand: Work = async (options) =>
  (await import("./rabbit-consume.ts")).rawBy(new Hand("rabbitmq", CALL.rabbit, true))(options);
export const consumeInstrumented: Work = async (options) => {
  instrumented();
  return (await import("./rabbit-consume.ts")).raw(options);
};
