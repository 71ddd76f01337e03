/**
 * W3C trace context: messages carry `traceparent` and `tracestate`. If the program has registered OpenTelemetry, core uses its propagator
 * without importing it. An error of tracing never fails a send.
 */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Context keys of OpenTelemetry's API and SDK. `createContextKey` uses `Symbol.for` (api 1.10, core 3.1). */
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");
const BAGGAGE = Symbol.for("OpenTelemetry Baggage Key");
const SUPPRESSED = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** The global under which every copy of `@opentelemetry/api` 1.x registers itself. OpenTelemetry guarantees this name. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[ -~]*)?$/;
/** W3C Trace Context level 1, 3.3.1.5, requires propagating at least 512 characters. A longer `tracestate` is dropped. */
const TRACESTATE = /^[ -~]{1,512}$/;

type Carrier = Record<string, unknown>;

interface Context {
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

interface Registered {
  readonly context?: { active(): Context; with<T>(context: Context, call: () => T): T };
  readonly propagation?: {
    inject(
      context: unknown,
      carrier: Carrier,
      setter: { set(carrier: Carrier, key: string, value: unknown): void },
    ): void;
    extract(context: Context, carrier: Carrier, getter: unknown): Context;
  };
}

const setter = {
  set: (carrier: Carrier, key: string, value: unknown): void => {
    carrier[key.toLowerCase()] = value;
  },
};

const getter = {
  get: (carrier: Carrier, key: string): unknown => carrier[key],
  keys: (carrier: Carrier): string[] => Object.keys(carrier),
};

const registered = (): Registered | undefined => (globalThis as { [REGISTRY]?: Registered })[REGISTRY];

/** True if the program has registered tracing. Called once when a sender or receiver opens, so that each message costs nothing. */
export function isTraced(): boolean {
  return registered()?.context !== undefined;
}

/** What `make` makes of a context, made once for each: each of its steps copies the context, and calls come from the same few. */
function onceFor(make: (of: Context) => Context): (of: Context) => Context {
  const known = new WeakMap<Context, Context>();
  return (of) => {
    let made = known.get(of);
    if (made === undefined) known.set(of, (made = make(of)));
    return made;
  };
}

/** The context without the span, baggage and suppression that were active when a loop was started. */
const detached = onceFor((active) => active.deleteValue(SPAN).deleteValue(BAGGAGE).deleteValue(SUPPRESSED));

const suppressed = onceFor((active) => detached(active).setValue(SUPPRESSED, true));

/**
 * Makes a broker call with the client's instrumentation suppressed. The instrumentation would otherwise replace each message's trace
 * context with that of the caller who happened to trigger the batch.
 */
export function untraced<T>(call: () => T): T {
  return inContext(suppressed, call);
}

/** Runs a handler in the trace of its message, or in none. Spans and messages that the handler makes belong to that trace. */
export function inTraceOf<T>(carrier: Readonly<Record<string, unknown>>, call: () => T): T {
  return inContext((active) => {
    const trace = readTrace(carrier);
    const base = detached(active);
    return trace === undefined ? base : (registered()?.propagation?.extract(base, { ...trace }, getter) ?? base);
  }, call);
}

function inContext<T>(make: (active: Context) => Context, call: () => T): T {
  const manager = registered()?.context;
  if (manager === undefined) return call();
  let context: Context;
  try {
    context = make(manager.active());
  } catch {
    return call();
  }
  return manager.with(context, call);
}

/** The trace context to send: OpenTelemetry's active one, otherwise the `traceparent` in the given headers. */
export function outgoingTrace(headers: Readonly<Record<string, string>> | undefined): TraceContext | undefined {
  return activeTrace() ?? (headers === undefined ? undefined : readTrace(headers));
}

function activeTrace(): TraceContext | undefined {
  const tracing = registered();
  if (tracing?.propagation === undefined || tracing.context === undefined) return undefined;
  try {
    const carrier: Carrier = {};
    tracing.propagation.inject(tracing.context.active(), carrier, setter);
    return readTrace(carrier);
  } catch {
    return undefined;
  }
}

/** The trace context in headers. Undefined if `traceparent` is missing or malformed. A malformed `tracestate` is left out. */
export function readTrace(headers: {
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
}): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string" || !TRACEPARENT.test(traceparent)) return undefined;
  return typeof tracestate === "string" && TRACESTATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}
