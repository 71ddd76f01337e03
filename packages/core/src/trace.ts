/**
 * W3C trace context: `traceparent` and `tracestate` go with every message. Where a program has registered OpenTelemetry, its
 * propagator is asked; core does not import it. Tracing never fails a send.
 */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Where every copy of `@opentelemetry/api` 1.x registers itself, by its own compatibility promise. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[ -~]*)?$/;
/** W3C Trace Context level 1, 3.3.1.5: at least 512 characters are to be propagated; more is dropped here. */
const TRACESTATE = /^[ -~]{1,512}$/;

type Carrier = Record<string, unknown>;

interface Registered {
  readonly context?: { active(): unknown };
  readonly propagation?: {
    inject(
      context: unknown,
      carrier: Carrier,
      setter: { set(carrier: Carrier, key: string, value: unknown): void },
    ): void;
  };
}

const setter = {
  set: (carrier: Carrier, key: string, value: unknown): void => {
    carrier[key.toLowerCase()] = value;
  },
};

/** What to send: the active context of a registered OpenTelemetry, else the `traceparent` among the given headers. */
export function outgoingTrace(headers: Readonly<Record<string, string>> | undefined): TraceContext | undefined {
  return activeTrace() ?? (headers === undefined ? undefined : readTrace(headers));
}

function activeTrace(): TraceContext | undefined {
  const registered = (globalThis as { [REGISTRY]?: Registered })[REGISTRY];
  if (registered?.propagation === undefined || registered.context === undefined) return undefined;
  try {
    const carrier: Carrier = {};
    registered.propagation.inject(registered.context.active(), carrier, setter);
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
