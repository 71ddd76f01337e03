/**
 * W3C trace context: `traceparent` and `tracestate` go with every message. Where a program has registered OpenTelemetry, its
 * propagator is asked; core does not import it. Tracing never fails a send.
 */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Keys of the API and of its SDK, by the same promise: `createContextKey` is `Symbol.for` (api 1.10, core 3.1). */
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");
const BAGGAGE = Symbol.for("OpenTelemetry Baggage Key");
const SUPPRESSED = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Where every copy of `@opentelemetry/api` 1.x registers itself, by its own compatibility promise. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[ -~]*)?$/;
/** W3C Trace Context level 1, 3.3.1.5: at least 512 characters are to be propagated; more is dropped here. */
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

/** Whether this program traces. Asked when something is opened, so that without tracing nothing is asked for a message. */
export function isTraced(): boolean {
  return registered()?.context !== undefined;
}

/** Out of whatever span, baggage and suppression this loop was born in. */
const detached = (active: Context): Context => active.deleteValue(SPAN).deleteValue(BAGGAGE).deleteValue(SUPPRESSED);

/**
 * Makes a call to a client where its instrumentation keeps still. It would give all messages of a call the context of whoever
 * happened to cause the call, over the one that each has from its own publisher.
 */
export function untraced<T>(call: () => T): T {
  return inContext((active) => detached(active).setValue(SUPPRESSED, true), call);
}

/** Runs a handler in the trace of its message; without one, in none. What it starts and publishes belongs to that trace. */
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

/** What to send: the active context of a registered OpenTelemetry, else the `traceparent` among the given headers. */
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

/** The trace context in headers, where it is well-formed; a malformed `tracestate` is left out. */
export function readTrace(headers: Readonly<Record<string, unknown>>): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string" || !TRACEPARENT.test(traceparent)) return undefined;
  return typeof tracestate === "string" && TRACESTATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}
