import type {
  Ended,
  HandledMessage,
  Handling,
  Telemetry,
  TelemetryContext,
  TelemetryPlace,
  TelemetrySession,
} from "@switchyard/core";
import { globalLoggerProvider, globalMeterProvider, globalTracerProvider, within } from "./api.ts";
import { Backlog } from "./backlog.ts";
import { badOption } from "./bad-option.ts";
import { Exceptions } from "./exceptions.ts";
import { Metrics } from "./metrics.ts";
import { CONVENTIONS, SCHEMA_URL, SCOPE } from "./names.ts";
import { type OtelOptions, rulesOf } from "./options.ts";
import { type Ends, type ProcessSpan, type SpanRules, Spans, traceContext } from "./spans.ts";

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

/** What a provider made, or an error that says that it made nothing. */
function usable<T extends object>(provider: string, method: keyof T & string, made: T): T {
  if (typeof (made as T | undefined)?.[method] === "function") return made;
  throw badOption(provider, `it makes nothing that has ${method}()`);
}

type Methods = Required<TelemetrySession>;

class Session implements TelemetrySession {
  readonly #spans: Spans | undefined;
  readonly #metrics: Metrics | undefined;
  readonly #exceptions: Exceptions | undefined;
  readonly #backlog: Backlog | undefined;

  constructor(options: OtelOptions, rules: SpanRules, context: TelemetryContext) {
    const { tracerProvider, meterProvider, loggerProvider, backlog } = options;
    const { runtime } = context;
    const scope = { schemaUrl: SCHEMA_URL };
    const traces = tracerProvider === false ? undefined : (tracerProvider ?? globalTracerProvider());
    if (traces !== undefined) {
      const tracer = usable("tracerProvider", "startSpan", traces.getTracer(SCOPE, CONVENTIONS, scope));
      this.#spans = new Spans(tracer, rules, runtime);
    }
    const logs = loggerProvider === false ? undefined : (loggerProvider ?? globalLoggerProvider());
    if (logs !== undefined)
      this.#exceptions = new Exceptions(usable("loggerProvider", "emit", logs.getLogger(SCOPE, CONVENTIONS, scope)));
    const meters = meterProvider === false ? undefined : (meterProvider ?? globalMeterProvider());
    if (meters === undefined) return;
    const meter = usable("meterProvider", "createHistogram", meters.getMeter(SCOPE, CONVENTIONS, scope));
    this.#metrics = new Metrics(meter, runtime, () => context.inFlight());
    if (backlog !== undefined) this.#backlog = new Backlog(meter, context, backlog);
  }

  publishing: Methods["publishing"] = (place, message) => this.#spans?.publishing(place, message);

  sending: Methods["sending"] = (place, traces) => {
    const began = this.#metrics?.now() ?? 0;
    return this.#both(this.#spans?.sending(place, traces), (results) => this.#metrics?.sent(place, results, began));
  };

  received: Methods["received"] = (place, messages, tookMs, failure) => {
    this.#spans?.received(place, messages, tookMs, failure);
    this.#metrics?.received(place, messages.count, tookMs, failure);
  };

  handling: Methods["handling"] = (place, messages, batch) =>
    new Handler(place, messages, batch, this.#spans?.handling(place, messages, batch), this.#metrics, this.#exceptions);

  settling: Methods["settling"] = (place, settlements) => {
    const began = this.#metrics?.now() ?? 0;
    const span = this.#spans?.settling(
      place,
      settlements.map(({ action }) => action),
      settlements.map(({ handling }) => (handling instanceof Handler ? handling.span : undefined)),
    );
    return this.#both(span, (results) => this.#metrics?.settled(place, results, began));
  };

  lease: Methods["lease"] = (place, change) => this.#metrics?.lease(place, change);

  event: Methods["event"] = (event) => this.#metrics?.event(event);

  close(): void {
    this.#backlog?.stop();
    this.#metrics?.stop();
  }

  #both(span: Ended | undefined, metrics: Ended): Ended {
    return (results) => {
      span?.(results);
      metrics(results);
    };
  }
}

/** A handler that runs, or one of a batch. */
class Handler implements Handling {
  readonly #place: TelemetryPlace;
  readonly #messages: readonly HandledMessage[];
  readonly #batch: boolean;
  readonly span: ProcessSpan | undefined;
  readonly #metrics: Metrics | undefined;
  readonly #exceptions: Exceptions | undefined;
  readonly #began: number;

  constructor(
    place: TelemetryPlace,
    messages: readonly HandledMessage[],
    batch: boolean,
    span: ProcessSpan | undefined,
    metrics: Metrics | undefined,
    exceptions: Exceptions | undefined,
  ) {
    this.#place = place;
    this.#messages = messages;
    this.#batch = batch;
    this.span = span;
    this.#metrics = metrics;
    this.#exceptions = exceptions;
    this.#began = metrics?.now() ?? 0;
  }

  run<T>(call: () => T): T {
    return within(this.#context(), call);
  }

  ended(ends: Ends): void {
    this.#exceptions?.ended(() => this.#context(), ends);
    this.span?.ended(ends);
    this.#metrics?.handled(this.#place, this.#messages, ends, this.#began);
  }

  #context() {
    return this.span?.context() ?? traceContext(this.#messages, this.#batch);
  }
}
