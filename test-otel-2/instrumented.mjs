/** The 2.x world: its SDK and its instrumentations of the AWS SDK and of amqplib, registered. Import it before what is instrumented. */
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { AmqplibInstrumentation } from "@opentelemetry/instrumentation-amqplib";
import { AwsInstrumentation } from "@opentelemetry/instrumentation-aws-sdk";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

/** @type {{ scope: string, kind: number }[]} */
export const ended = [];
const provider = new BasicTracerProvider({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => void ended.push({ scope: span.instrumentationScope.name, kind: span.kind }),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
});
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
registerInstrumentations({ instrumentations: [new AwsInstrumentation(), new AmqplibInstrumentation()] });

export { context, ROOT_CONTEXT, SpanKind, trace };
