/**
 * OpenTelemetry's API, without importing it: what is registered is found under the global name that OpenTelemetry guarantees. So every
 * 1.x of the API works, whichever copy of it the program has, and nothing is needed where nothing is registered.
 */
import type { Context, MeterProvider, Span, SpanContext, TracerProvider, TraceState } from "@opentelemetry/api";
import type { MessageTrace } from "@switchyard/core";
import type { LoggerProvider } from "./logs.ts";

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

/** The global of the log API while it is a package of its own, `@opentelemetry/api-logs`: beside the SDK's 2.x. */
const LOGS = Symbol.for("io.opentelemetry.js.api.logs");
/** The version of that API's providers. */
const LOGS_VERSION = 1;

interface Registered {
  readonly logs?: LoggerProvider;
  readonly context?: { active(): Context; with<T>(context: Context, call: () => T): T };
  readonly trace?: TracerProvider;
  readonly metrics?: MeterProvider;
}

const registered = (): Registered => (globalThis as { [REGISTRY]?: Registered })[REGISTRY] ?? {};

export const globalTracerProvider = (): TracerProvider | undefined => registered().trace;
export const globalMeterProvider = (): MeterProvider | undefined => registered().metrics;
export const globalLoggerProvider = (): LoggerProvider | undefined =>
  registered().logs ??
  (globalThis as { [LOGS]?: (version: number) => LoggerProvider | undefined })[LOGS]?.(LOGS_VERSION);

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

const roots = new WeakMap<Context, Context>();

/** The caller's context without its span, baggage and suppression: its operations begin a trace. Loops call from the same few contexts. */
export function rootContext(): Context {
  const active = activeContext();
  let root = roots.get(active);
  if (root === undefined) {
    root = active.deleteValue(SPAN).deleteValue(BAGGAGE).deleteValue(SUPPRESSED);
    roots.set(active, root);
  }
  return root;
}

/** A context with a span of its own. OpenTelemetry's `setValue` copies every value, and this is made for every message. */
class SpanIn implements Context {
  readonly #base: Context;
  readonly #span: Span;

  constructor(base: Context, span: Span) {
    this.#base = base;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN ? this.#span : this.#base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return key === SPAN ? this.#base.setValue(key, value) : new SpanIn(this.#base.setValue(key, value), this.#span);
  }

  deleteValue(key: symbol): Context {
    return key === SPAN ? this.#base.deleteValue(key) : new SpanIn(this.#base.deleteValue(key), this.#span);
  }
}

export const withSpan = (context: Context, span: Span): Context => new SpanIn(context, span);
export const withParent = (context: Context, parent: SpanContext): Context =>
  new SpanIn(context, new RemoteSpan(parent));

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

/** The trace context of a span of this process. It knows the span's context, so that nobody parses the text that was just written. */
class OwnTrace implements MessageTrace {
  readonly traceparent: string;
  declare readonly tracestate?: string;
  readonly #context: SpanContext;

  constructor(context: SpanContext, traceparent: string, tracestate: string) {
    this.traceparent = traceparent;
    if (tracestate !== "") this.tracestate = tracestate;
    this.#context = context;
  }

  static contextOf(trace: MessageTrace): SpanContext | undefined {
    return #context in trace ? trace.#context : undefined;
  }
}

/** The span that a message's trace context names. Core has checked the text. */
export function spanContextOf(trace: MessageTrace): SpanContext {
  const own = OwnTrace.contextOf(trace);
  if (own !== undefined) return own;
  const { traceparent, tracestate } = trace;
  // Two digits of version, 32 of the trace, 16 of the span, and two of flags, the last of which is odd if it is sampled.
  const traceId = traceparent.slice(3, 35);
  const spanId = traceparent.slice(36, 52);
  const traceFlags = Number.parseInt(traceparent.charAt(54), 16) & 1;
  if (tracestate === undefined) return { traceId, spanId, traceFlags, isRemote: true };
  return { traceId, spanId, traceFlags, isRemote: true, traceState: State.read(tracestate) };
}

const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** What a message carries of a span. Undefined if nothing is recorded anywhere: no SDK is registered. */
export function traceOf(context: SpanContext): MessageTrace | undefined {
  const { traceId, spanId, traceFlags, traceState } = context;
  if (traceId === NO_TRACE || spanId === NO_SPAN || traceId === "" || spanId === "") return undefined;
  const tracestate = traceState?.serialize() ?? "";
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? "01" : "00"}`;
  return new OwnTrace(context, traceparent, tracestate.length > 512 ? "" : tracestate);
}
