/** OpenTelemetry's own SDK, which keeps what has ended. */
import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

export interface Spans extends Disposable {
  readonly tracerProvider: TracerProvider;
  /** Runs `work` in a span of the application's. Resolves with the span's trace and the span. */
  within(work: () => Promise<unknown>): Promise<{ readonly traceId: string; readonly spanId: string }>;
  /** The ended ones of this name. */
  named(name: string): readonly ReadableSpan[];
}

/** With a context manager and a propagator, as an application registers them. Disposing of it takes them away. */
export function collectSpans(): Spans {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    tracerProvider,
    within: (work) =>
      tracerProvider.getTracer("application").startActiveSpan("checkout", async (span) => {
        await work();
        span.end();
        return span.spanContext();
      }),
    named: (name) => exporter.getFinishedSpans().filter((span) => span.name === name),
    [Symbol.dispose]: () => {
      propagation.disable();
      context.disable();
    },
  };
}
