/**
 * OpenTelemetry's API, without importing it: what is registered is found under the global name that OpenTelemetry guarantees. So every
 * 1.x of the API works, whichever copy of it the program has, and nothing is needed where nothing is registered.
 */
import type { Context, MeterProvider, Span, SpanContext, TracerProvider, TraceState } from "@opentelemetry/api";
import type { MessageTrace } from "@switchyard/core";

/** The global under which every copy of `@opentelemetry/api` 1.x registers itself. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
/** Context keys of OpenTelemetry's API. `createContextKey` uses `Symbol.for` (api 1.10). */
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");
const BAGGAGE = Symbol.for("OpenTelemetry Baggage Key");
const SUPPRESSED = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** `SpanKind` of the API. */
export const CLIENT = 2;
export const PRODUCER = 3;
export const CONSUMER = 4;
/** `SpanStatusCode.ERROR` of the API. */
export const ERROR = 2;

interface Registered {
  readonly context?: { active(): Context; with<T>(context: Context, call: () => T): T };
  readonly trace?: TracerProvider;
  readonly metrics?: MeterProvider;
}

const registered = (): Registered => (globalThis as { [REGISTRY]?: Registered })[REGISTRY] ?? {};

export const globalTracerProvider = (): TracerProvider | undefined => registered().trace;
export const globalMeterProvider = (): MeterProvider | undefined => registered().metrics;

/** A context without OpenTelemetry's API: for providers that are passed in and not registered. */
class PlainContext implements Context {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown> = new Map()) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new PlainContext(new Map(this.#values).set(key, value));
  }

  deleteValue(key: symbol): Context {
    const values = new Map(this.#values);
    values.delete(key);
    return new PlainContext(values);
  }
}

const PLAIN = new PlainContext();

/** The caller's context. */
export const activeContext = (): Context => registered().context?.active() ?? PLAIN;

/** The caller's context without its span, baggage and suppression: its operations begin a trace. */
export const rootContext = (): Context =>
  activeContext().deleteValue(SPAN).deleteValue(BAGGAGE).deleteValue(SUPPRESSED);

export const withSpan = (context: Context, span: Span): Context => context.setValue(SPAN, span);
export const withParent = (context: Context, parent: SpanContext): Context =>
  context.setValue(SPAN, new RemoteSpan(parent));

/** Calls a function in a context, if a context manager is registered. */
export function within<T>(context: Context, call: () => T): T {
  const manager = registered().context;
  return manager === undefined ? call() : manager.with(context, call);
}

/** A span of another process: it has a context, and records nothing. */
class RemoteSpan implements Span {
  readonly #context: SpanContext;

  constructor(context: SpanContext) {
    this.#context = context;
  }

  spanContext(): SpanContext {
    return this.#context;
  }
  setAttribute(): this {
    return this;
  }
  setAttributes(): this {
    return this;
  }
  addEvent(): this {
    return this;
  }
  addLink(): this {
    return this;
  }
  addLinks(): this {
    return this;
  }
  setStatus(): this {
    return this;
  }
  updateName(): this {
    return this;
  }
  end(): void {}
  isRecording(): boolean {
    return false;
  }
  recordException(): void {}
}

/** `tracestate` as text. It is passed on as it came. */
class State implements TraceState {
  readonly #entries: ReadonlyMap<string, string>;

  constructor(entries: ReadonlyMap<string, string>) {
    this.#entries = entries;
  }

  static read(text: string): State {
    const pairs = text.split(",").map((pair) => pair.trim().split(/=(.*)/s, 2) as [string, string]);
    return new State(new Map(pairs.filter(([key, value]) => key !== "" && value !== undefined)));
  }

  set(key: string, value: string): TraceState {
    // W3C Trace Context level 1, 3.5: what is changed stands first.
    return new State(new Map([[key, value], ...[...this.#entries].filter(([name]) => name !== key)]));
  }
  unset(key: string): TraceState {
    return new State(new Map([...this.#entries].filter(([name]) => name !== key)));
  }
  get(key: string): string | undefined {
    return this.#entries.get(key);
  }
  serialize(): string {
    return [...this.#entries].map(([key, value]) => `${key}=${value}`).join(",");
  }
}

/** The span that a message's trace context names. Core has checked the text. */
export function spanContextOf({ traceparent, tracestate }: MessageTrace): SpanContext {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(tracestate !== undefined && { traceState: State.read(tracestate) }),
  };
}

const NOWHERE = /^0*$/;

/** What a message carries of a span. Undefined if nothing is recorded anywhere: no SDK is registered. */
export function traceOf({ traceId, spanId, traceFlags, traceState }: SpanContext): MessageTrace | undefined {
  if (NOWHERE.test(traceId) || NOWHERE.test(spanId)) return undefined;
  const tracestate = traceState?.serialize() ?? "";
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, "0")}`;
  return tracestate === "" || tracestate.length > 512 ? { traceparent } : { traceparent, tracestate };
}
