import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { type Duration, type HandledMessage, MessagingError } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { type BacklogOptions, checkBacklog } from "./backlog.ts";
import { badOption } from "./bad-option.ts";
import type { LoggerProvider } from "./logs.ts";
import type { SpanRules } from "./spans.ts";

/** The options of `otel()`. */
export interface OtelOptions {
  /** Where spans go. Default: the registered provider. `false`: no spans. */
  readonly tracerProvider?: TracerProvider | false;
  /** Where metrics go. Default: the registered provider. `false`: no metrics. */
  readonly meterProvider?: MeterProvider | false;
  /**
   * Where a log record goes for each error that a handler throws: its class and where it was thrown, never its text. Default: the
   * registered provider. `false`: no records.
   */
  readonly loggerProvider?: LoggerProvider | false;
  /**
   * `parent` (default): the handler's span is a child of the message's creation at the first delivery of a message of our own, so that one
   * trace shows both; a retry, a redriven, replayed, foreign or late message begins a trace. `link`: every handler begins a trace. Both are
   * linked to the creation, always.
   */
  readonly trace?: "parent" | "link";
  /** A span for the creation of each message. Default true. With `false` a message carries the caller's span. */
  readonly createSpans?: boolean;
  /**
   * Whether the sampling of this message's publisher counts here. If not, the handler begins a trace, and your sampler decides. Default: it
   * counts for every message of Switchyard's.
   */
  readonly trust?: (message: Pick<HandledMessage, "source" | "type" | "foreign">) => boolean;
  /** How old a message may be for its handler to continue its trace. Default 5m. Tracing backends close a trace after some minutes. */
  readonly parentFor?: Duration;
  /** Report the backlog of channels. Give this to one process only. Default: not reported. */
  readonly backlog?: BacklogOptions;
}

const NAMES = [
  "tracerProvider",
  "meterProvider",
  "loggerProvider",
  "trace",
  "createSpans",
  "trust",
  "parentFor",
  "backlog",
];

/** @throws MessagingError `bad-option`. */
export function rulesOf(options: OtelOptions): SpanRules {
  if (typeof options !== "object" || options === null)
    throw new MessagingError("bad-option", "otel(options): pass an object", { kind: "config" });
  for (const name of Object.keys(options))
    if (!NAMES.includes(name)) throw badOption(name, `no such option; there are ${NAMES.join(", ")}`);
  const {
    trace = "parent",
    createSpans = true,
    trust = () => true,
    parentFor = "5m",
    backlog,
    meterProvider,
  } = options;
  if (trace !== "parent" && trace !== "link") throw badOption("trace", 'pass "parent" or "link"');
  if (typeof createSpans !== "boolean") throw badOption("createSpans", "pass true or false");
  if (typeof trust !== "function") throw badOption("trust", "pass a function");
  for (const [name, method] of [
    ["tracerProvider", "getTracer"],
    ["meterProvider", "getMeter"],
    ["loggerProvider", "getLogger"],
  ] as const) {
    const given: unknown = options[name];
    if (given === undefined || given === false) continue;
    if (typeof (given as Record<string, unknown> | null)?.[method] !== "function")
      throw badOption(name, `pass a provider with ${method}(), or false`);
  }
  const parentForMs = parseDuration(parentFor);
  if (parentForMs === undefined) throw badOption("parentFor", 'pass a duration, such as "5m"');
  if (backlog !== undefined) {
    checkBacklog(backlog);
    if (meterProvider === false) throw badOption("backlog", "it is a metric, and meterProvider: false says none");
  }
  return { trace, createSpans, trust, parentForMs };
}
