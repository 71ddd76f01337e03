import type { Ended, Telemetry, TelemetryContext, TelemetrySession } from "@switchyard/core";
import { globalMeterProvider, globalTracerProvider } from "./api.ts";
import { Backlog } from "./backlog.ts";
import { Metrics } from "./metrics.ts";
import { CONVENTIONS, SCHEMA_URL, SCOPE } from "./names.ts";
import { type OtelOptions, rulesOf } from "./options.ts";
import { inTraceOf, type SpanRules, Spans } from "./spans.ts";

/**
 * Telemetry for `connect({ telemetry })`: spans and metrics by OpenTelemetry's messaging conventions. Register your SDK before
 * `connect()`, or pass its providers.
 *
 * @throws MessagingError `bad-option`.
 */
export function otel(options: OtelOptions = {}): Telemetry {
  const rules = rulesOf(options);
  return { open: (context) => new Session(options, rules, context) };
}

type Methods = Required<TelemetrySession>;

class Session implements TelemetrySession {
  readonly #spans: Spans | undefined;
  readonly #metrics: Metrics | undefined;
  readonly #backlog: Backlog | undefined;

  constructor({ tracerProvider, meterProvider, backlog }: OtelOptions, rules: SpanRules, context: TelemetryContext) {
    const { runtime } = context;
    const scope = { schemaUrl: SCHEMA_URL };
    const traces = tracerProvider === false ? undefined : (tracerProvider ?? globalTracerProvider());
    if (traces !== undefined) this.#spans = new Spans(traces.getTracer(SCOPE, CONVENTIONS, scope), rules, runtime);
    const meters = meterProvider === false ? undefined : (meterProvider ?? globalMeterProvider());
    if (meters === undefined) return;
    const meter = meters.getMeter(SCOPE, CONVENTIONS, scope);
    this.#metrics = new Metrics(meter, runtime, () => context.inFlight());
    if (backlog !== undefined) this.#backlog = new Backlog(meter, context, backlog);
  }

  publishing: Methods["publishing"] = (place, message) => this.#spans?.publishing(place, message);

  sending: Methods["sending"] = (place, traces) => {
    const began = this.#metrics?.now() ?? 0;
    return this.#both(this.#spans?.sending(place, traces), (results) => this.#metrics?.sent(place, results, began));
  };

  received: Methods["received"] = (place, traces, tookMs, failure) => {
    this.#spans?.received(place, traces, tookMs, failure);
    this.#metrics?.received(place, traces.length, tookMs, failure);
  };

  handling: Methods["handling"] = (place, messages, batch) => {
    const began = this.#metrics?.now() ?? 0;
    const span = this.#spans?.handling(place, messages, batch);
    return {
      run: (call) => (span === undefined ? inTraceOf(messages, batch, call) : span.run(call)),
      ended: (ends) => {
        span?.ended(ends);
        this.#metrics?.handled(place, messages, ends, began);
      },
    };
  };

  settling: Methods["settling"] = (place, settlements) => {
    const began = this.#metrics?.now() ?? 0;
    return this.#both(this.#spans?.settling(place, settlements), (results) =>
      this.#metrics?.settled(place, results, began),
    );
  };

  lease: Methods["lease"] = (place, change) => this.#metrics?.lease(place, change);

  event: Methods["event"] = (event) => this.#metrics?.event(event);

  close(): void {
    this.#backlog?.stop();
  }

  #both(span: Ended | undefined, metrics: Ended): Ended {
    return (results) => {
      span?.(results);
      metrics(results);
    };
  }
}
